r"""The augmented LSTM, forward and training equations.

To the Vanilla LSTM it adds the input context window, the external input gate and the recurrent projection. What a
`params` lacks is off: no W_xcx, W_vcx: $g_{cx} = 1$; no W_qdr: $v = q$; no W_sp: no peephole at node p; no b_p: zero.
With all of them off but the peepholes it equals `carousel.equations.vanilla` to the last bit.

Symbols beyond those of the Vanilla LSTM, rows of a batch as vectors, nodes p in {cu, cs, cr, cx, du}:

| symbol | shape | meaning |
|---|---|---|
| q | [K, B, d_s] | gated readout before the projection |
| v | [K, B, d_v] | value, the cell's output; d_v = d_s without projection |
| g_cx, a_cx | [K, B, d_s] | control input gate (external input gate) and its accumulation node |
| xi_p | [K, B, d_s] | windowed input at node p |
| W_xp | [taps, d_s, d_x] | window filter, taps l = -La ... Lb; [d_s, d_x] for a single tap |
| W_sp | [d_s, d_s] or [d_s] | full peephole, or the diagonal one of other texts |
| W_vp | [d_s, d_v] | value to node |
| W_qdr | [d_v, d_s] | recurrent projection |
| beta | [K, B, d_s] | dE/dq (the letter is this library's) |
| delta_du | [K, B, d_s] | dE/dxi_du; at the other nodes dE/dxi_p = alpha_p |
"""

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from carousel.equations.arrays import (
    Symbols,
    check_shape,
    checked_sequence,
    delayed,
    sum_outer,
    with_boundary,
)
from carousel.equations.augmented_input import (
    LookAhead,
    check_halo,
    checked_augmented,
    checked_look_ahead,
    nodes_of,
)
from carousel.equations.peepholes import peephole, peephole_gradient, peephole_transposed
from carousel.equations.warping import G_c, G_d, slope_G_c, slope_G_d
from carousel.equations.windows import filter_gradient, input_gradient, windowed_input


def forward(
    params: Mapping[str, npt.ArrayLike],
    x: npt.ArrayLike,
    s_init: npt.ArrayLike | None = None,
    v_init: npt.ArrayLike | None = None,
    *,
    look_ahead: LookAhead = 0,
    halo: tuple[int, int] = (0, 0),
) -> Symbols:
    r"""Every signal of the augmented LSTM, $n = 0 \dots K-1$.

    $$\begin{aligned}
    \xi_p[n] &= \sum_{l=-L_a}^{L_b} W_{x_p}[l]\, x[n-l] \\
    a_{cu}[n] &= \xi_{cu}[n] + W_{s_{cu}} s[n-1] + W_{v_{cu}} v[n-1] + b_{cu}, & g_{cu} &= G_c(a_{cu}) \\
    a_{cs}[n] &= \xi_{cs}[n] + W_{s_{cs}} s[n-1] + W_{v_{cs}} v[n-1] + b_{cs}, & g_{cs} &= G_c(a_{cs}) \\
    a_{cx}[n] &= \xi_{cx}[n] + W_{s_{cx}} s[n-1] + W_{v_{cx}} v[n-1] + b_{cx}, & g_{cx} &= G_c(a_{cx}) \\
    a_{du}[n] &= g_{cx}[n] \odot \xi_{du}[n] + W_{v_{du}} v[n-1] + b_{du}, & u &= G_d(a_{du}) \\
    s[n] &= g_{cs}[n] \odot s[n-1] + g_{cu}[n] \odot u[n] \\
    a_{cr}[n] &= \xi_{cr}[n] + W_{s_{cr}} s[n] + W_{v_{cr}} v[n-1] + b_{cr}, & g_{cr} &= G_c(a_{cr}) \\
    r[n] &= G_d(s[n]), \qquad q[n] = g_{cr}[n] \odot r[n], \qquad v[n] = W_{q_{dr}} q[n]
    \end{aligned}$$

    Args:
        params: the arrays of the module's table. Required: W_xp and W_vp for cu, cs, cr, du.
        x: [before + K + after, B, d_x], K >= 1.
        s_init: s[-1], [B, d_s], zeros if None.
        v_init: v[-1], [B, d_v], zeros if None.
        look_ahead: La, how many of the taps look ahead: one number, or one a node. The rest, but the centre, look
            back.
        halo: (before, after), how many samples of x at either end are halo: seen by windows, not steps
            themselves.

    Returns:
        x, `xi_*`, `a_*`, `g_*`, u, s, r, q, v, and the initial s_init, v_init; a_cx and g_cx with an input gate only.

    Raises:
        ValueError: a symbol is missing or unknown, or a shape, window or halo does not fit.

    Source: Sherstinsky, arXiv 1808.03314. Its abstract confirms that an extended model exists; the equations are
    this library's reading of the paper.
    """
    p = checked_augmented(params)
    La = checked_look_ahead(p, look_ahead)
    nodes, d_s, d_v, d_x = nodes_of(p), p["W_vdu"].shape[0], p["W_vdu"].shape[1], p["W_xdu"].shape[2]
    x = checked_sequence("x", x, d_x)
    check_halo(halo, len(x))
    K, B = len(x) - sum(halo), x.shape[1]
    s = with_boundary("s_init", s_init, K, B, d_s)
    v = with_boundary("v_init", v_init, K, B, d_v)
    xi = {node: windowed_input(p[f"W_x{node}"], x, La[node], halo) for node in nodes}
    b = {node: p.get(f"b_{node}", np.zeros(d_s)) for node in nodes}
    W_scu, W_scs, W_scx, W_scr = (p.get(name) for name in ("W_scu", "W_scs", "W_scx", "W_scr"))
    a_cu, a_cs, a_cr, a_du, a_cx, g_cu, g_cs, g_cr, g_cx, u, r, q = np.ones((12, K, B, d_s))
    for n in range(K):
        a_cu[n] = xi["cu"][n] + peephole(W_scu, s[n - 1]) + v[n - 1] @ p["W_vcu"].T + b["cu"]
        a_cs[n] = xi["cs"][n] + peephole(W_scs, s[n - 1]) + v[n - 1] @ p["W_vcs"].T + b["cs"]
        if "cx" in nodes:
            a_cx[n] = xi["cx"][n] + peephole(W_scx, s[n - 1]) + v[n - 1] @ p["W_vcx"].T + b["cx"]
            g_cx[n] = G_c(a_cx[n])
        a_du[n] = g_cx[n] * xi["du"][n] + v[n - 1] @ p["W_vdu"].T + b["du"]
        g_cu[n] = G_c(a_cu[n])
        g_cs[n] = G_c(a_cs[n])
        u[n] = G_d(a_du[n])
        s[n] = g_cs[n] * s[n - 1] + g_cu[n] * u[n]
        a_cr[n] = xi["cr"][n] + peephole(W_scr, s[n]) + v[n - 1] @ p["W_vcr"].T + b["cr"]
        g_cr[n] = G_c(a_cr[n])
        r[n] = G_d(s[n])
        q[n] = g_cr[n] * r[n]
        v[n] = q[n] @ p["W_qdr"].T if "W_qdr" in p else q[n]
    signals = {"x": x} | {f"xi_{node}": xi[node] for node in nodes}
    signals |= dict(a_cu=a_cu, a_cs=a_cs, a_cr=a_cr, a_du=a_du, g_cu=g_cu, g_cs=g_cs, g_cr=g_cr)
    if "cx" in nodes:
        signals |= dict(a_cx=a_cx, g_cx=g_cx)
    return signals | dict(u=u, s=s[:K], r=r, q=q, v=v[:K], s_init=s[K], v_init=v[K])


def backward(
    params: Mapping[str, npt.ArrayLike],
    signals: Symbols,
    dE_dv: npt.ArrayLike,
    f_chi_end: npt.ArrayLike | None = None,
    f_psi_end: npt.ArrayLike | None = None,
    *,
    look_ahead: LookAhead = 0,
    halo: tuple[int, int] = (0, 0),
) -> tuple[Symbols, Symbols]:
    r"""Every error signal and every gradient, $n = K-1 \dots 0$.

    With $e[n]$ the explicit $\partial E/\partial v[n]$:

    $$\begin{aligned}
    \chi[n] &= e[n] + f_\chi[n+1], \qquad \beta = W_{q_{dr}}^T \chi, \qquad \rho = \beta \odot g_{cr} \\
    \alpha_{cr} &= \beta \odot r \odot G_c'(a_{cr}) \\
    \psi &= \rho \odot G_d'(s) + W_{s_{cr}}^T \alpha_{cr} + f_\psi[n+1] \\
    \alpha_{cs} &= \psi \odot s[n-1] \odot G_c'(a_{cs}) \\
    \alpha_{cu} &= \psi \odot u \odot G_c'(a_{cu}) \\
    \alpha_{du} &= \psi \odot g_{cu} \odot G_d'(a_{du}) \\
    \alpha_{cx} &= \alpha_{du} \odot \xi_{du} \odot G_c'(a_{cx}) \\
    f_\chi[n] &= W_{v_{cu}}^T \alpha_{cu} + W_{v_{cs}}^T \alpha_{cs} + W_{v_{cr}}^T \alpha_{cr}
               + W_{v_{cx}}^T \alpha_{cx} + W_{v_{du}}^T \alpha_{du} \\
    f_\psi[n] &= g_{cs} \odot \psi + W_{s_{cu}}^T \alpha_{cu} + W_{s_{cs}}^T \alpha_{cs}
               + W_{s_{cx}}^T \alpha_{cx}
    \end{aligned}$$

    With $\delta_p = \alpha_p$ but $\delta_{du} = g_{cx} \odot \alpha_{du}$, summed over n (and the batch):
    $\partial E/\partial W_{x_p}[l] = \sum \delta_p[n] x[n-l]^T$,
    $\partial E/\partial W_{v_p} = \sum \alpha_p[n] v[n-1]^T$,
    $\partial E/\partial W_{s_p} = \sum \alpha_p[n] s[n-1]^T$ for cu, cs, cx, with $s[n]$ for cr,
    $\partial E/\partial b_p = \sum \alpha_p[n]$, $\partial E/\partial W_{q_{dr}} = \sum \chi[n] q[n]^T$,
    $\partial E/\partial x[m] = \sum_p \sum_l W_{x_p}[l]^T \delta_p[m+l]$,
    each sum over the steps and samples that exist.

    Args:
        params: as given to `forward`.
        signals: as `forward` returned them.
        dE_dv: e[n], [K, B, d_v].
        f_chi_end: f_chi[K] carried in from the segment that follows, [B, d_v], zeros if None.
        f_psi_end: f_psi[K] carried in, which is also where dE/ds[K-1] enters, [B, d_s], zeros if None.
        look_ahead: as given to `forward`.
        halo: as given to `forward`.

    Returns:
        The error signals (chi, beta, rho, psi, alpha_*, delta_du, f_chi, f_psi), and the gradients by the name of
        what they belong to: every symbol of `params` in the shape it was given, x (halo included), s_init and
        v_init.

    Raises:
        ValueError: a symbol is missing or unknown, or a shape, window or halo does not fit.

    Source: this library's derivation, checked against automatic differentiation.
    """
    p = checked_augmented(params)
    La, nodes = checked_look_ahead(p, look_ahead), nodes_of(p)
    x, s, r, q, v, u = (signals[name] for name in ("x", "s", "r", "q", "v", "u"))
    g_cu, g_cs, g_cr = signals["g_cu"], signals["g_cs"], signals["g_cr"]
    g_cx = signals["g_cx"] if "cx" in nodes else np.ones_like(g_cr)
    (K, B, d_s), d_v = s.shape, v.shape[2]
    check_halo(halo, len(x))
    for node in nodes:
        xi = windowed_input(p[f"W_x{node}"], x, La[node], halo)
        if not np.array_equal(xi, signals[f"xi_{node}"], equal_nan=True):
            raise ValueError(
                f"xi_{node} is not that of params, look_ahead and halo; give those that `forward` was given"
            )
    s_prev, v_prev = delayed(s, signals["s_init"]), delayed(v, signals["v_init"])
    e = checked_sequence("dE_dv", dE_dv, d_v)
    check_shape("dE_dv", e, v.shape)
    f_chi = with_boundary("f_chi_end", f_chi_end, K, B, d_v)
    f_psi = with_boundary("f_psi_end", f_psi_end, K, B, d_s)
    W_scu, W_scs, W_scx, W_scr = (p.get(name) for name in ("W_scu", "W_scs", "W_scx", "W_scr"))
    chi = np.empty((K, B, d_v))
    beta, rho, psi, alpha_cu, alpha_cs, alpha_cr, alpha_du, alpha_cx = np.empty((8, K, B, d_s))
    alpha = dict(cu=alpha_cu, cs=alpha_cs, cr=alpha_cr, du=alpha_du)
    if "cx" in nodes:
        alpha["cx"] = alpha_cx
    for n in reversed(range(K)):
        chi[n] = e[n] + f_chi[n + 1]
        beta[n] = chi[n] @ p["W_qdr"] if "W_qdr" in p else chi[n]
        rho[n] = beta[n] * g_cr[n]
        alpha_cr[n] = beta[n] * r[n] * slope_G_c(g_cr[n])
        psi[n] = rho[n] * slope_G_d(r[n]) + peephole_transposed(W_scr, alpha_cr[n]) + f_psi[n + 1]
        alpha_cs[n] = psi[n] * s_prev[n] * slope_G_c(g_cs[n])
        alpha_cu[n] = psi[n] * u[n] * slope_G_c(g_cu[n])
        alpha_du[n] = psi[n] * g_cu[n] * slope_G_d(u[n])
        f_chi[n] = (
            alpha_cu[n] @ p["W_vcu"]
            + alpha_cs[n] @ p["W_vcs"]
            + alpha_cr[n] @ p["W_vcr"]
            + alpha_du[n] @ p["W_vdu"]
        )
        f_psi[n] = (
            g_cs[n] * psi[n]
            + peephole_transposed(W_scu, alpha_cu[n])
            + peephole_transposed(W_scs, alpha_cs[n])
        )
        if "cx" in nodes:
            alpha_cx[n] = alpha_du[n] * signals["xi_du"][n] * slope_G_c(g_cx[n])
            f_chi[n] += alpha_cx[n] @ p["W_vcx"]
            f_psi[n] += peephole_transposed(W_scx, alpha_cx[n])

    delta = alpha | {"du": g_cx * alpha_du}
    seen = dict(cu=s_prev, cs=s_prev, cx=s_prev, cr=s)
    gradients = {"W_qdr": sum_outer(chi, q)}
    dE_dx = np.zeros_like(x)
    for node in nodes:
        W_x = p[f"W_x{node}"]
        gradients[f"W_x{node}"] = filter_gradient(W_x, delta[node], x, La[node], halo)
        gradients[f"W_v{node}"] = sum_outer(alpha[node], v_prev)
        gradients[f"b_{node}"] = alpha[node].sum((0, 1))
        if node in seen:
            gradients[f"W_s{node}"] = peephole_gradient(p.get(f"W_s{node}"), alpha[node], seen[node])
        dE_dx += input_gradient(W_x, delta[node], x, La[node], halo)
    gradients = {name: gradients[name].reshape(np.shape(params[name])) for name in params}
    errors = dict(chi=chi, beta=beta, rho=rho, psi=psi, delta_du=delta["du"])
    errors |= {f"alpha_{node}": alpha[node] for node in nodes} | dict(f_chi=f_chi[:K], f_psi=f_psi[:K])
    return errors, gradients | {"x": dE_dx, "s_init": f_psi[0], "v_init": f_chi[0]}
