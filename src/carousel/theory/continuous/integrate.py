"""The Additive Model solved to many digits: what every step of the RNN is held against."""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from carousel.theory.continuous.additive_model import AdditiveModel
from carousel.theory.continuous.checks import finite, positive, signal
from carousel.theory.continuous.steps import Method, Trajectory, solve

Given = Callable[[float], npt.ArrayLike] | npt.ArrayLike | None
"""A signal as a user gives it: a function of time, a constant vector, or None for zero."""


def integrate(
    model: AdditiveModel,
    t_end: float,
    x: Given = None,
    history: Given = None,
    *,
    kinks: Iterable[float] = (),
    method: Method = "DOP853",
    rtol: float = 1e-10,
    atol: float = 1e-12,
) -> Trajectory:
    """Solve an Additive Model from t = 0 to `t_end` by the method of steps.

    Args:
        model: the equation.
        t_end: > 0, in the unit of time of the delays.
        x: the input [d_x] as a function of time, also of times before 0 if the input is delayed; a constant [d_x];
            or None for zero.
        history: the state [d] as a function of the times <= 0, a constant [d], or None for zero.
        kinks: times at which `x` or `history` jumps or has a corner.
        method: explicit "DOP853", or "Radau" for a stiff system (rates far larger than 1 / t_end).
        rtol: relative tolerance of a step.
        atol: absolute tolerance of a step.

    Returns:
        The state as a function of time: for times [...] up to `t_end`, states [..., d].

    Raises:
        ValueError: an argument is out of range, or `x` or `history` gives something of another shape, or not finite.
        RuntimeError: the integrator gave up, as it does when the state grows without bound.
    """
    if method not in ("DOP853", "Radau"):
        raise ValueError(f"method must be 'DOP853' or 'Radau', got {method!r}")
    t_end = positive("t_end", t_end)
    given = signal("x", x, model.d_x)
    delays = [*model.tau_s.tolist(), *model.tau_r.tolist()]
    corners = np.atleast_1d(finite("kinks", list(kinks)))
    felt = np.add.outer(corners, [0.0, *delays, *model.tau_x.tolist()]).ravel()
    return solve(
        lambda t, s, past: model.rate(t, s, past, given),
        t_end,
        signal("history", history, model.d),
        delays,
        felt.tolist(),
        method,
        positive("rtol", rtol),
        positive("atol", atol),
    )
