r"""The canonical and the standard RNN, and their training equations.

Symbols, rows of a batch as vectors:

| symbol | shape | meaning |
|---|---|---|
| x | [K, B, d_x] | input |
| s | [K, B, d] | state |
| r | [K, B, d] | readout, the warped state |
| W_s | [d, d] | state to state; canonical RNN only |
| W_r | [d, d] | readout to state |
| W_x | [d, d_x] | input to state |
| theta_s | [d] | bias |
| chi, psi | [K, B, d] | dE/dr, dE/ds |
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from carousel.equations.arrays import (
    Array,
    Symbols,
    check_shape,
    checked_params,
    checked_sequence,
    delayed,
    sum_outer,
    with_boundary,
)
from carousel.equations.warping import G_d, slope_G_d


def forward(
    params: Mapping[str, npt.ArrayLike],
    x: npt.ArrayLike,
    s_init: npt.ArrayLike | None = None,
    r_init: npt.ArrayLike | None = None,
) -> Symbols:
    r"""Every signal of the RNN.

    $$s[n] = W_s s[n-1] + W_r r[n-1] + W_x x[n] + \theta_s, \qquad r[n] = G(s[n])$$

    With `W_s` in `params` this is the canonical RNN; without it the first term is dropped and it is the
    standard RNN. $G = \tanh$.

    Args:
        params: W_r [d, d], W_x [d, d_x], theta_s [d], and for the canonical RNN W_s [d, d].
        x: [K, B, d_x], K >= 1.
        s_init: s[-1], [B, d], zeros if None; used by the canonical RNN.
        r_init: r[-1], [B, d], zeros if None.

    Returns:
        x, s, r and the initial s_init, r_init.

    Raises:
        ValueError: a symbol is missing or unknown, or a shape does not fit.

    Source: Sherstinsky, arXiv 1808.03314. Public notes on the paper confirm both forms, and tanh as the usual $G$.
    """
    p = _checked(params)
    W_r, W_x, theta_s = p["W_r"], p["W_x"], p["theta_s"]
    d, d_x = W_x.shape
    x = checked_sequence("x", x, d_x)
    K, B, _ = x.shape
    s = with_boundary("s_init", s_init, K, B, d)
    r = with_boundary("r_init", r_init, K, B, d)
    for n in range(K):
        s[n] = r[n - 1] @ W_r.T + x[n] @ W_x.T + theta_s
        if "W_s" in p:
            s[n] += s[n - 1] @ p["W_s"].T
        r[n] = G_d(s[n])
    return {"x": x, "s": s[:K], "r": r[:K], "s_init": s[K], "r_init": r[K]}


def backward(
    params: Mapping[str, npt.ArrayLike],
    signals: Symbols,
    dE_dr: npt.ArrayLike,
    psi_end: npt.ArrayLike | None = None,
) -> tuple[Symbols, Symbols]:
    r"""Every error signal and every gradient, by back-propagation through time, $n = K-1 \dots 0$.

    $$\chi[n] = e[n] + W_r^T \psi[n+1], \qquad
      \psi[n] = \chi[n] \odot G'(s[n]) + W_s^T \psi[n+1]$$

    The last term belongs to the canonical RNN only. Then
    $\partial E/\partial W_r = \sum_n \psi[n]\, r[n-1]^T$,
    $\partial E/\partial W_x = \sum_n \psi[n]\, x[n]^T$,
    $\partial E/\partial \theta_s = \sum_n \psi[n]$, $\partial E/\partial W_s = \sum_n \psi[n]\, s[n-1]^T$.

    Args:
        params: as given to `forward`.
        signals: as `forward` returned them.
        dE_dr: e[n], the explicit derivative of E by r[n], [K, B, d].
        psi_end: psi[K] carried in from the segment that follows, [B, d], zeros if None.

    Returns:
        The error signals (chi, psi), and the gradients by the name of what they belong to: every symbol of
        `params`, x, s_init and r_init.

    Raises:
        ValueError: a symbol is missing or unknown, or a shape does not fit.

    Source: this library's reading of the paper, checked against automatic differentiation.
    """
    p = _checked(params)
    W_r, W_x = p["W_r"], p["W_x"]
    x, s, r = signals["x"], signals["s"], signals["r"]
    K, B, d = s.shape
    e = checked_sequence("dE_dr", dE_dr, d)
    check_shape("dE_dr", e, s.shape)
    psi = with_boundary("psi_end", psi_end, K, B, d)
    chi = np.empty((K, B, d))
    for n in reversed(range(K)):
        chi[n] = e[n] + psi[n + 1] @ W_r
        psi[n] = chi[n] * slope_G_d(r[n])
        if "W_s" in p:
            psi[n] += psi[n + 1] @ p["W_s"]

    errors = {"chi": chi, "psi": psi[:K]}
    s_prev, r_prev = delayed(s, signals["s_init"]), delayed(r, signals["r_init"])
    gradients = {
        "W_r": sum_outer(psi[:K], r_prev),
        "W_x": sum_outer(psi[:K], x),
        "theta_s": psi[:K].sum((0, 1)),
        "x": psi[:K] @ W_x,
        "r_init": psi[0] @ W_r,
        "s_init": np.zeros_like(psi[0]),
    }
    if "W_s" in p:
        gradients["W_s"] = sum_outer(psi[:K], s_prev)
        gradients["s_init"] = psi[0] @ p["W_s"]
    return errors, gradients


def _checked(params: Mapping[str, npt.ArrayLike]) -> dict[str, Array]:
    p = checked_params(params, required=("W_r", "W_x", "theta_s"), optional=("W_s",))
    if p["W_x"].ndim != 2:
        raise ValueError(f"W_x must have shape [d, d_x], got {list(p['W_x'].shape)}")
    d = p["W_x"].shape[0]
    check_shape("W_r", p["W_r"], (d, d))
    check_shape("theta_s", p["theta_s"], (d,))
    if "W_s" in p:
        check_shape("W_s", p["W_s"], (d, d))
    return p
