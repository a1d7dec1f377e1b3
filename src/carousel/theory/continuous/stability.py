r"""Does a small perturbation die out? What eigenvalues say, and what happens.

Near s = 0, without input and bias, G is the identity (small signal, G'(0) = 1) and the RNN is linear:
$s[n] = (W_s + W_r)\, s[n-1]$. It is stable if all eigenvalues of $W_s + W_r$ lie inside the unit circle.
"""

import numpy as np
import numpy.typing as npt

from carousel.equations.arrays import Array
from carousel.equations.warping import G_d
from carousel.theory.continuous.checks import finite
from carousel.theory.continuous.lagged import AnyRNN, as_lagged


def eigenvalues(rnn: AnyRNN, layer: int = 0) -> npt.NDArray[np.complex128]:
    r"""The small-signal eigenvalues of an RNN, largest modulus first.

    Those of $W_s + W_r$; with L lags, those of the companion matrix of $\sum_l (W_s[l] + W_r[l])\, s[n-l]$.

    Args:
        rnn: a `carousel.RNN`, a CanonicalRNN or a LaggedRNN. Input and bias are left out.
        layer: which layer of a stacked `carousel.RNN`.

    Returns:
        [L d] complex numbers.

    Raises:
        ValueError: the slope of G at 0 is not 1, or a weight is not finite.
        TypeError: it is not an RNN.

    Source: Sherstinsky, arXiv 1808.03314. Public notes on the paper confirm the criterion; lags are derived here.
    """
    lagged = as_lagged(rnn, layer)
    h = np.full(1, 1e-4)
    slope = float((lagged.G(h) - lagged.G(-h)).item() / 2e-4)
    if abs(slope - 1) > 1e-6:
        raise ValueError(
            f"G must have slope 1 at 0 for the small-signal criterion, got {slope:g}; tanh has it"
        )
    d, lags = len(lagged.theta_s), max(1, lagged.lags[0])
    companion = np.eye(lags * d, k=-d)
    companion[:d] = 0
    for matrices in (lagged.W_s, lagged.W_r):
        for lag, W in matrices.items():
            companion[:d, (lag - 1) * d : lag * d] += W
    values = np.linalg.eigvals(companion).astype(np.complex128)
    return values[np.argsort(-np.abs(values), kind="stable")]


def perturb(W_s: npt.ArrayLike, W_r: npt.ArrayLike, s: npt.ArrayLike, steps: int) -> Array:
    r"""How large a perturbation of the state 0 is as the RNN runs without input and bias, $G = \tanh$.

    Args:
        W_s: [..., d, d]; for a standard RNN zeros.
        W_r: [..., d, d].
        s: [..., d], the perturbation.
        steps: >= 0.

    Returns:
        [steps + 1, ...], the Euclidean norm of s[n]; it stays at its last value once beyond 1e100.

    Raises:
        ValueError: a shape does not fit, or a number is not finite.
    """
    W_s, W_r, s = finite("W_s", W_s), finite("W_r", W_r), finite("s", s)
    d = s.shape[-1] if s.ndim else 0
    if not d or W_s.shape[-2:] != (d, d) or W_r.shape[-2:] != (d, d):
        raise ValueError(
            f"W_s and W_r must have shape [..., d, d] and s [..., d], "
            f"got {list(W_s.shape)}, {list(W_r.shape)} and {list(s.shape)}"
        )
    if steps < 0:
        raise ValueError(f"steps must be >= 0, got {steps}")
    column = s[..., None]
    norms = [np.linalg.norm(column, axis=(-2, -1))]
    for _ in range(steps):
        following = W_s @ column + W_r @ G_d(column)
        column = np.where(norms[-1][..., None, None] < 1e100, following, column)
        norms.append(np.linalg.norm(column, axis=(-2, -1)))
    return np.stack(norms)
