"""The method of steps: a delay differential equation as a chain of ordinary ones.

On a piece no longer than the shortest delay every delayed value is already known, so the piece is an ordinary
differential equation, left to SciPy. Where a derivative of the solution may jump a new piece begins: no step of the
integrator crosses a kink, and its order and its error control hold.
"""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Literal

import numpy as np
import numpy.typing as npt
from scipy.integrate import solve_ivp  # type: ignore[import-untyped]

from carousel.equations.arrays import Array
from carousel.theory.continuous.checks import Signal

Method = Literal["DOP853", "Radau"]
Rate = Callable[[float, Array, Signal], Array]
"""ds/dt from the time, the state, and the signal of its past."""

SMOOTH = 8
"""A kink passes through a delay one derivative weaker: after as many delays as DOP853 has orders it is harmless."""

MOST_PIECES = 100_000


class Trajectory:
    """A solution as a function of time, from its whole past to `end`.

    Calling it with times [...] gives states [..., d]. Raises ValueError for a time after `end`.
    """

    def __init__(self, history: Signal) -> None:
        self._history = history
        self._ends: list[float] = [0.0]
        self._pieces: list[Signal] = [history]

    @property
    def end(self) -> float:
        """The last known time."""
        return self._ends[-1]

    def append(self, piece: Signal, end: float) -> None:
        """Go on with `piece` from the last known time to `end`."""
        self._pieces.append(piece)
        self._ends.append(end)

    def at(self, t: float) -> Array:
        """The state [d] at one time."""
        index = min(bisect_left(self._ends, t), len(self._ends) - 1)
        return self._pieces[index](t)

    def __call__(self, t: npt.ArrayLike) -> Array:
        times = np.asarray(t, dtype=np.float64)
        if not (times <= self.end * (1 + 1e-12)).all():
            raise ValueError(
                f"the trajectory is known up to t = {self.end:g}, got {times.max():g}; integrate further"
            )
        states = np.array([self.at(float(time)) for time in times.ravel()])
        return states.reshape(*times.shape, -1)


def solve(
    rate: Rate,
    t_end: float,
    history: Signal,
    delays: Iterable[float],
    kinks: Iterable[float] = (),
    method: Method = "DOP853",
    rtol: float = 1e-10,
    atol: float = 1e-12,
) -> Trajectory:
    """The solution of ds/dt = rate(t, s, past) from t = 0 to `t_end`.

    Args:
        rate: asks its past only for times t - delay, or for earlier ones.
        t_end: > 0.
        history: the state at every time <= 0.
        delays: of the state; those that are zero do not matter.
        kinks: further times at which ds/dt jumps.
        method: explicit "DOP853", or "Radau" for stiff equations.
        rtol: relative tolerance of a step.
        atol: absolute tolerance of a step.

    Raises:
        RuntimeError: the integrator gave up before `t_end`.
        ValueError: the shortest delay is too short against `t_end`.
    """
    delays = sorted({delay for delay in delays if delay > 0})
    trajectory = Trajectory(history)
    state = history(0.0)
    for start, stop in pairwise(pieces(t_end, delays, kinks)):
        margin = _same(stop - start, t_end)

        def known(t: float, s: Array, low: float = start + margin, high: float = stop - margin) -> Array:
            # A signal that jumps at an end of the piece is read on the inner side of the jump.
            return rate(min(max(t, low), high), s, trajectory.at)

        with np.errstate(over="ignore", invalid="ignore"):
            solution = solve_ivp(
                known, (start, stop), state, method=method, dense_output=True, rtol=rtol, atol=atol
            )
        state = solution.y[:, -1]
        if not solution.success or not np.isfinite(state).all():
            raise RuntimeError(
                f"the integrator {method} stopped at t = {solution.t[-1]:g} of {t_end:g}, where the largest state "
                f"is {np.abs(state).max():.3g}: end before the state grows without bound, or for a stiff system "
                f"(rates far larger than 1 / t_end) use method='Radau'"
            )
        trajectory.append(solution.sol, stop)
    return trajectory


def pieces(t_end: float, delays: Iterable[float], kinks: Iterable[float] = ()) -> list[float]:
    """Times from 0 to `t_end` between which the solution is smooth, no further apart than the shortest delay."""
    delays = list(delays)
    shortest = min(delays, default=t_end)
    if t_end / shortest > MOST_PIECES:
        raise ValueError(
            f"the shortest delay {shortest:g} must be at least t_end / {MOST_PIECES} = {t_end / MOST_PIECES:g}; "
            f"end earlier, or put a zero in its place"
        )
    same = _same(shortest, t_end)
    found = newest = _apart([0.0, *kinks], same)
    for _ in range(SMOOTH):
        newest = _apart((time + delay for time in newest for delay in delays if time + delay < t_end), same)
        found = _apart([*found, *newest], same)
    times = [*(time for time in found if same < time < t_end - same), t_end]
    filled = [0.0]
    for time in times:
        start = filled[-1]
        count = int(np.ceil((time - start) / shortest - 1e-9))
        filled += [start + (time - start) * part / count for part in range(1, count)]
        filled.append(time)
    return filled


def _same(length: float, t_end: float) -> float:
    """Two times this close are one: far below `length`, yet above rounding."""
    return max(1e-11 * length, 4 * float(np.spacing(t_end)))


def _apart(times: Iterable[float], same: float) -> list[float]:
    """The times in order, without those that repeat another."""
    kept: list[float] = []
    for time in sorted(times):
        if not kept or time - kept[-1] > same:
            kept.append(time)
    return kept
