r"""How far the RNN is from its differential equation, to first order in dT.

Backward Euler gives $s[n] = s(n\,\Delta T) + \Delta T\, e(n\,\Delta T) + O(\Delta T^2)$. Put into the step, and with
$s(t) - s(t - \Delta T) = \Delta T\, s'(t) - \frac{1}{2} \Delta T^2 s''(t) + \dots$, that leaves a linear equation:

$$e' = \sum_k A_k\, e(t - \tau_s(k)) + \sum_k B_k \left(G'(s) \odot e\right)(t - \tau_r(k)) + \tfrac{1}{2} s'',
  \qquad e = 0 \text{ for } t \le 0$$
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from carousel.equations.arrays import Array
from carousel.equations.warping import G_d, slope_G_d
from carousel.theory.continuous.additive_model import AdditiveModel, Warping
from carousel.theory.continuous.checks import Signal, positive, shaped, signal
from carousel.theory.continuous.steps import Trajectory, solve


class _Moment(NamedTuple):
    s: Array
    rate: Array
    e: Array


def leading_error(
    model: AdditiveModel,
    t_end: float,
    x: Callable[[float], npt.ArrayLike],
    x_rate: Callable[[float], npt.ArrayLike],
    start: npt.ArrayLike,
    *,
    slope_G: Warping = lambda s: slope_G_d(G_d(s)),
) -> Trajectory:
    """The error of backward Euler divided by dT, in the limit of small dT, as a function of time.

    Args:
        model: the equation.
        t_end: > 0.
        x: the input [d_x] as a smooth function of time.
        x_rate: its derivative.
        start: [d], the state at all times <= 0.
        slope_G: derivative of the model's warping function; that of tanh unless given.

    Returns:
        e(t) as a function of time: for times [...] in 0 ... t_end, [..., d].

    Raises:
        ValueError, RuntimeError: as `integrate` does.

    Source: derived here.
    """
    d = model.d
    start = shaped("start", start, d)
    x, x_rate = signal("x", x, model.d_x), signal("x_rate", x_rate, model.d_x)

    def rate(t: float, both: Array, past: Signal) -> Array:
        s_past: Signal = lambda u: past(u)[:d]  # noqa: E731

        def moment(delay: float) -> _Moment:
            u = t - delay
            state = past(u) if delay else both
            moves = u > 0 or not delay
            s_rate = model.rate(u, state[:d], s_past, x) if moves else np.zeros(d)
            return _Moment(state[:d], s_rate, state[d:])

        e_rate = np.zeros(d)
        for A, delay in zip(model.A, model.tau_s, strict=True):
            then = moment(delay)
            e_rate += A @ (then.e + then.rate / 2)
        for B, delay in zip(model.B, model.tau_r, strict=True):
            then = moment(delay)
            e_rate += B @ (slope_G(then.s) * (then.e + then.rate / 2))
        for C, delay in zip(model.C, model.tau_x, strict=True):
            e_rate += C @ x_rate(t - delay) / 2
        return np.concatenate([model.rate(t, both[:d], s_past, x), e_rate])

    resting = np.concatenate([start, np.zeros(d)])
    delays = [*model.tau_s.tolist(), *model.tau_r.tolist()]
    solved = solve(rate, positive("t_end", t_end), lambda t: resting, delays)
    error = Trajectory(lambda t: np.zeros(d))
    error.append(lambda t: solved.at(t)[d:], solved.end)
    return error
