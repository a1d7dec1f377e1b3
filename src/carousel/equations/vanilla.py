r"""The Vanilla LSTM, forward and training equations: 11 matrices and 4 biases.

Symbols, rows of a batch as vectors:

| symbol | shape | meaning |
|---|---|---|
| x | [K, B, d_x] | input |
| s, r, v | [K, B, d_s] | state; readout, the warped state; value, the cell's output |
| u | [K, B, d_s] | data update candidate |
| g_cu, g_cs, g_cr | [K, B, d_s] | gates: control update, control state, control readout |
| a_cu, a_cs, a_cr, a_du | [K, B, d_s] | accumulation nodes |
| W_xcu, W_xcs, W_xcr, W_xdu | [d_s, d_x] | input to node |
| W_scu, W_scs, W_scr | [d_s, d_s] | state to node (peepholes, full matrices) |
| W_vcu, W_vcs, W_vcr, W_vdu | [d_s, d_s] | value to node |
| b_cu, b_cs, b_cr, b_du | [d_s] | biases |
| chi, rho, psi | [K, B, d_s] | dE/dv, dE/dr, dE/ds |
| alpha_cu, alpha_cs, alpha_cr, alpha_du | [K, B, d_s] | dE/da |
| f_chi, f_psi | [K, B, d_s] | what step n passes to chi[n-1] and psi[n-1] |
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from carousel.equations.arrays import (
    Symbols,
    check_shape,
    checked_params,
    checked_sequence,
    delayed,
    sum_outer,
    with_boundary,
)
from carousel.equations.warping import G_c, G_d, slope_G_c, slope_G_d

INPUT = ("W_xcu", "W_xcs", "W_xcr", "W_xdu")
STATE = ("W_scu", "W_scs", "W_scr")
VALUE = ("W_vcu", "W_vcs", "W_vcr", "W_vdu")
BIAS = ("b_cu", "b_cs", "b_cr", "b_du")


def forward(
    params: Mapping[str, npt.ArrayLike],
    x: npt.ArrayLike,
    s_init: npt.ArrayLike | None = None,
    v_init: npt.ArrayLike | None = None,
) -> Symbols:
    r"""Every signal of the Vanilla LSTM, $n = 0 \dots K-1$.

    $$\begin{aligned}
    a_{cu}[n] &= W_{x_{cu}} x[n] + W_{s_{cu}} s[n-1] + W_{v_{cu}} v[n-1] + b_{cu}, & g_{cu} &= G_c(a_{cu}) \\
    a_{cs}[n] &= W_{x_{cs}} x[n] + W_{s_{cs}} s[n-1] + W_{v_{cs}} v[n-1] + b_{cs}, & g_{cs} &= G_c(a_{cs}) \\
    a_{du}[n] &= W_{x_{du}} x[n] + W_{v_{du}} v[n-1] + b_{du}, & u &= G_d(a_{du}) \\
    s[n] &= g_{cs}[n] \odot s[n-1] + g_{cu}[n] \odot u[n] \\
    a_{cr}[n] &= W_{x_{cr}} x[n] + W_{s_{cr}} s[n] + W_{v_{cr}} v[n-1] + b_{cr}, & g_{cr} &= G_c(a_{cr}) \\
    r[n] &= G_d(s[n]), \qquad v[n] = g_{cr}[n] \odot r[n]
    \end{aligned}$$

    The readout gate sees s[n], the others s[n-1].

    Args:
        params: the 15 arrays of the module's table. W_x* may also be [1, d_s, d_x], as a layer's `symbols()`
            gives them.
        x: [K, B, d_x], K >= 1.
        s_init: s[-1], [B, d_s], zeros if None.
        v_init: v[-1], [B, d_s], zeros if None.

    Returns:
        x, `a_*`, `g_*`, u, s, r, v, and the initial s_init, v_init.

    Raises:
        ValueError: a symbol is missing or unknown, or a shape does not fit.

    Source: Sherstinsky, arXiv 1808.03314. A public program in the paper's notation confirms these equations; the
    biases and $G_d = \tanh$ are this library's reading of the paper.
    """
    p = _checked(params)
    d_s, d_x = p["W_xdu"].shape
    x = checked_sequence("x", x, d_x)
    K, B, _ = x.shape
    s = with_boundary("s_init", s_init, K, B, d_s)
    v = with_boundary("v_init", v_init, K, B, d_s)
    a_cu, a_cs, a_cr, a_du, g_cu, g_cs, g_cr, u, r = np.empty((9, K, B, d_s))
    for n in range(K):
        a_cu[n] = x[n] @ p["W_xcu"].T + s[n - 1] @ p["W_scu"].T + v[n - 1] @ p["W_vcu"].T + p["b_cu"]
        a_cs[n] = x[n] @ p["W_xcs"].T + s[n - 1] @ p["W_scs"].T + v[n - 1] @ p["W_vcs"].T + p["b_cs"]
        a_du[n] = x[n] @ p["W_xdu"].T + v[n - 1] @ p["W_vdu"].T + p["b_du"]
        g_cu[n] = G_c(a_cu[n])
        g_cs[n] = G_c(a_cs[n])
        u[n] = G_d(a_du[n])
        s[n] = g_cs[n] * s[n - 1] + g_cu[n] * u[n]
        a_cr[n] = x[n] @ p["W_xcr"].T + s[n] @ p["W_scr"].T + v[n - 1] @ p["W_vcr"].T + p["b_cr"]
        g_cr[n] = G_c(a_cr[n])
        r[n] = G_d(s[n])
        v[n] = g_cr[n] * r[n]
    accumulations = dict(a_cu=a_cu, a_cs=a_cs, a_cr=a_cr, a_du=a_du)
    gates = dict(g_cu=g_cu, g_cs=g_cs, g_cr=g_cr)
    states = dict(u=u, s=s[:K], r=r, v=v[:K], s_init=s[K], v_init=v[K])
    return {"x": x} | accumulations | gates | states


def backward(
    params: Mapping[str, npt.ArrayLike],
    signals: Symbols,
    dE_dv: npt.ArrayLike,
    f_chi_end: npt.ArrayLike | None = None,
    f_psi_end: npt.ArrayLike | None = None,
) -> tuple[Symbols, Symbols]:
    r"""Every error signal and every gradient, $n = K-1 \dots 0$.

    With $e[n]$ the explicit $\partial E/\partial v[n]$:

    $$\begin{aligned}
    \chi[n] &= e[n] + f_\chi[n+1], \qquad \rho = \chi \odot g_{cr} \\
    \alpha_{cr} &= \chi \odot r \odot G_c'(a_{cr}) \\
    \psi &= \rho \odot G_d'(s) + W_{s_{cr}}^T \alpha_{cr} + f_\psi[n+1] \\
    \alpha_{cs} &= \psi \odot s[n-1] \odot G_c'(a_{cs}) \\
    \alpha_{cu} &= \psi \odot u \odot G_c'(a_{cu}) \\
    \alpha_{du} &= \psi \odot g_{cu} \odot G_d'(a_{du}) \\
    f_\chi[n] &= W_{v_{cu}}^T \alpha_{cu} + W_{v_{cs}}^T \alpha_{cs} + W_{v_{cr}}^T \alpha_{cr}
               + W_{v_{du}}^T \alpha_{du} \\
    f_\psi[n] &= W_{s_{cu}}^T \alpha_{cu} + W_{s_{cs}}^T \alpha_{cs} + g_{cs} \odot \psi
    \end{aligned}$$

    The gradients of the parameters are sums over n (and the batch) of outer products:
    $\partial E/\partial W_{x_p} = \sum \alpha_p[n] x[n]^T$,
    $\partial E/\partial W_{v_p} = \sum \alpha_p[n] v[n-1]^T$,
    $\partial E/\partial W_{s_p} = \sum \alpha_p[n] s[n-1]^T$ for cu and cs, with $s[n]$ for cr, and
    $\partial E/\partial b_p = \sum \alpha_p[n]$.

    Args:
        params: as given to `forward`.
        signals: as `forward` returned them.
        dE_dv: e[n], [K, B, d_s].
        f_chi_end: f_chi[K] carried in from the segment that follows, [B, d_s], zeros if None.
        f_psi_end: f_psi[K] carried in, which is also where dE/ds[K-1] enters, [B, d_s], zeros if None.

    Returns:
        The error signals (chi, rho, psi, alpha_*, f_chi, f_psi), and the gradients by the name of what they
        belong to: every symbol of `params` in the shape it was given, x, s_init and v_init.

    Raises:
        ValueError: a symbol is missing or unknown, or a shape does not fit.

    Source: Sherstinsky, arXiv 1808.03314. A public program in the paper's notation confirms structure and names;
    the transposes and $G_d'(s)$, which that program lacks, are this library's derivation, checked against
    automatic differentiation.
    """
    p = _checked(params)
    x, s, r, v, u = (signals[name] for name in ("x", "s", "r", "v", "u"))
    g_cu, g_cs, g_cr = signals["g_cu"], signals["g_cs"], signals["g_cr"]
    K, B, d_s = s.shape
    s_prev, v_prev = delayed(s, signals["s_init"]), delayed(v, signals["v_init"])
    e = checked_sequence("dE_dv", dE_dv, d_s)
    check_shape("dE_dv", e, v.shape)
    f_chi = with_boundary("f_chi_end", f_chi_end, K, B, d_s)
    f_psi = with_boundary("f_psi_end", f_psi_end, K, B, d_s)
    chi, rho, psi, alpha_cu, alpha_cs, alpha_cr, alpha_du = np.empty((7, K, B, d_s))
    for n in reversed(range(K)):
        chi[n] = e[n] + f_chi[n + 1]
        rho[n] = chi[n] * g_cr[n]
        alpha_cr[n] = chi[n] * r[n] * slope_G_c(g_cr[n])
        psi[n] = rho[n] * slope_G_d(r[n]) + alpha_cr[n] @ p["W_scr"] + f_psi[n + 1]
        alpha_cs[n] = psi[n] * s_prev[n] * slope_G_c(g_cs[n])
        alpha_cu[n] = psi[n] * u[n] * slope_G_c(g_cu[n])
        alpha_du[n] = psi[n] * g_cu[n] * slope_G_d(u[n])
        f_chi[n] = (
            alpha_cu[n] @ p["W_vcu"]
            + alpha_cs[n] @ p["W_vcs"]
            + alpha_cr[n] @ p["W_vcr"]
            + alpha_du[n] @ p["W_vdu"]
        )
        f_psi[n] = g_cs[n] * psi[n] + alpha_cu[n] @ p["W_scu"] + alpha_cs[n] @ p["W_scs"]

    alpha = {"cu": alpha_cu, "cs": alpha_cs, "cr": alpha_cr, "du": alpha_du}
    gradients = {
        **{f"W_x{node}": sum_outer(alpha[node], x) for node in alpha},
        **{f"W_v{node}": sum_outer(alpha[node], v_prev) for node in alpha},
        **{f"b_{node}": alpha[node].sum((0, 1)) for node in alpha},
        "W_scu": sum_outer(alpha_cu, s_prev),
        "W_scs": sum_outer(alpha_cs, s_prev),
        "W_scr": sum_outer(alpha_cr, s),
    }
    gradients = {name: gradients[name].reshape(np.shape(params[name])) for name in params}
    dE_dx = alpha_cu @ p["W_xcu"] + alpha_cs @ p["W_xcs"] + alpha_cr @ p["W_xcr"] + alpha_du @ p["W_xdu"]
    errors = dict(chi=chi, rho=rho, psi=psi, f_chi=f_chi[:K], f_psi=f_psi[:K])
    errors |= {f"alpha_{node}": alpha[node] for node in alpha}
    return errors, gradients | {"x": dE_dx, "s_init": f_psi[0], "v_init": f_chi[0]}


def _checked(params: Mapping[str, npt.ArrayLike]) -> Symbols:
    p = checked_params(params, required=INPUT + STATE + VALUE + BIAS)
    for name in INPUT:
        if p[name].ndim == 3 and p[name].shape[0] == 1:
            p[name] = p[name][0]
    if p["W_xdu"].ndim != 2:
        raise ValueError(
            f"W_xdu must have shape [d_s, d_x], got {list(p['W_xdu'].shape)}; "
            "an input context window needs carousel.equations.augmented"
        )
    d_s, d_x = p["W_xdu"].shape
    wanted = {**dict.fromkeys(INPUT, (d_s, d_x)), **dict.fromkeys(STATE + VALUE, (d_s, d_s))}
    for name, shape in (wanted | dict.fromkeys(BIAS, (d_s,))).items():
        check_shape(name, p[name], shape)
    return p
