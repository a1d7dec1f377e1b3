r"""How fast a contracting RNN forgets: rho, and what follows from it for truncated gradients and start states.

With $|G'| \le 1$ a step of the standard RNN shrinks every difference and every error signal at least by the factor
$\rho = |W_r|_2$. A sum of N outer products $\psi[n] z[n]^T$, $z = (r[n-1]; x[n]; 1)$, then loses at most a geometric
series when the recursion of $\psi$ is cut.
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from carousel.equations.arrays import Array, Symbols, delayed
from carousel.theory.unrolling.borders import checked_finite


def contraction(params: Mapping[str, npt.ArrayLike]) -> float:
    r"""$\rho$, the most by which a step of the RNN can stretch a difference of states or an error signal.

    $|W_r|_2$ of the standard RNN, $|W_r|_2 + |W_s|_2$ of the canonical RNN; $\sup G' = 1$ for tanh.

    Args:
        params: of `carousel.equations.rnn`: W_r [d, d], for the canonical RNN also W_s [d, d].

    Raises:
        ValueError: there is no W_r, as in an LSTM, or a matrix is not finite or not square.
    """
    if "W_r" not in params:
        raise ValueError(
            f"params must be those of an RNN, with W_r, got {', '.join(sorted(params)) or 'nothing'}; "
            "an LSTM has no contraction factor of this kind"
        )
    matrices = [checked_finite(name, params[name]) for name in ("W_r", "W_s") if name in params]
    for matrix in matrices:
        if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
            raise ValueError(f"W_r and W_s must have shape [d, d], got {list(matrix.shape)}")
    return float(sum(np.linalg.norm(matrix, ord=2) for matrix in matrices))


def error_scale(signals: Symbols, e: npt.ArrayLike, *, canonical: bool = False) -> float:
    r"""$c = \max_n |e[n]| \cdot \max_n |z[n]|$, the scale of all truncation errors of a run.

    Args:
        signals: of the run, as `carousel.equations.rnn.forward` returns them.
        e: the explicit derivative of E by r, [N, B, d].
        canonical: the run is of a canonical RNN, so that z also holds s[n-1].

    Raises:
        ValueError: NaN, or e does not fit the signals.
    """
    e = checked_finite("e", e)
    if e.shape != signals["r"].shape:
        raise ValueError(f"e must have the shape of r, {list(signals['r'].shape)}, got {list(e.shape)}")
    parts = [delayed(signals["r"], signals["r_init"]), signals["x"], np.ones((*e.shape[:2], 1))]
    if canonical:
        parts.append(delayed(signals["s"], signals["s_init"]))
    z = checked_finite("signals", np.concatenate(parts, axis=-1))
    return float(np.linalg.norm(e, axis=-1).max() * np.linalg.norm(z, axis=-1).max())


def sliding_bound(c: float, rho: float, K: npt.ArrayLike) -> Array:
    r"""$c \rho^K / (1 - \rho)$: largest error of the gradient per sample with sliding windows of K steps.

    Raises:
        ValueError: rho is not below 1, or K not positive.

    Source: this library's derivation.
    """
    K = _checked("sliding_bound", c, rho, K)
    return c * rho**K / (1.0 - rho)


def disjoint_bound(c: float, rho: float, K: npt.ArrayLike) -> Array:
    r"""$c / (K (1 - \rho)^2)$: largest error of the gradient per sample with disjoint segments of K steps.

    Raises:
        ValueError: rho is not below 1, or K not positive.

    Source: this library's derivation.
    """
    K = _checked("disjoint_bound", c, rho, K)
    return c / (K * (1.0 - rho) ** 2)


def forgetting_bound(distance: float, rho: float, steps: npt.ArrayLike) -> Array:
    r"""$\rho^k\, |\Delta|$: largest distance after k steps of two runs whose start states differ by $\Delta$.

    Raises:
        ValueError: a distance, rho or number of steps below 0, or NaN.

    Source: the standard contraction argument.
    """
    k = checked_finite("steps", steps)
    if not (distance >= 0 and rho >= 0 and (k >= 0).all()):
        raise ValueError(f"distance, rho and steps must not be negative, got {distance}, {rho} and {k}")
    return distance * rho**k


def _checked(what: str, c: float, rho: float, K: npt.ArrayLike) -> Array:
    if not 0 <= rho < 1:
        raise ValueError(
            f"{what} holds for a contracting RNN only: rho must lie in [0, 1), got {rho:.4g}; "
            "scale W_r down, or measure the error instead"
        )
    K = checked_finite("K", K)
    if not (K >= 1).all() or not c >= 0:
        raise ValueError(f"{what} needs K >= 1 and c >= 0, got K = {K.tolist()} and c = {c}")
    return K
