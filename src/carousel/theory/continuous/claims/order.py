"""Backward Euler, and with it the canonical RNN, follows the differential equation with order 1."""

from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carousel.equations.arrays import Array
from carousel.style import BLUE, INK, MUTED, ORANGE, PALE, heading, house_style
from carousel.theory.claim import Claim, Verdict
from carousel.theory.continuous.claims.canvas import canvas
from carousel.theory.continuous.claims.systems import SYSTEMS, System, drive, drive_rate
from carousel.theory.continuous.leading_error import leading_error

CLAIM = Claim(
    name="continuous.order",
    title="The canonical RNN is a differential equation, sampled",
    paragraph=(
        "Sampling the Additive Model every dT and taking all signals at the end of the step (backward Euler) turns "
        "it into the canonical RNN; public notes on the paper confirm both equations. The smaller dT, the closer the "
        "RNN keeps to the differential equation: the error falls in proportion to dT. Its size is known before any "
        "RNN is run, from a linear delay equation for the leading error e(t), derived here. Both hold while dT is "
        "short against the fastest rate L of the system, here while L dT is at most 1/2."
    ),
    equation=(
        r"s[n] = s(n\,\Delta T) + \Delta T\, e(n\,\Delta T) + O(\Delta T^2), \qquad "
        r"e' = A\, e(t) + B\,\mathrm{diag}(G'(s(t-\tau_0)))\, e(t-\tau_0) + \tfrac{1}{2} s''(t)"
    ),
    status="derived",
)

PARTS_OF_DELAY = 2 ** np.arange(7)
"""dT = tau_0 / 1 ... tau_0 / 64."""

REACH = 0.5
"""The largest L dT at which the leading error is expected to rule."""


@dataclass(frozen=True)
class Predicted:
    """For S systems: the steps dT [S, 7] in units of time, L [S] per unit of time, and the error by dT [S]."""

    step: Array
    speed: Array
    slope: float
    error_by_step: Array


@dataclass(frozen=True)
class Measured:
    """The error [S, 7], root mean square over units and the times tau_0, 2 tau_0, ...; and one example of it."""

    error: Array
    example: "Example"


@dataclass(frozen=True)
class Example:
    """A system's first unit: the differential equation, and the RNN of a coarse and a fine dT, as (t, s)."""

    tau_0: float
    equation: tuple[Array, Array]
    coarse: tuple[Array, Array]
    fine: tuple[Array, Array]


def predict(quick: bool = False) -> Predicted:
    """Slope 1, and the leading error by its own equation."""
    periods = _periods(quick)
    leading = []
    for system in SYSTEMS:
        error = leading_error(system.model, periods * system.tau_0, drive, drive_rate, system.start)
        leading.append(_rms(error(_shared_times(system, periods))))
    tau_0 = np.array([system.tau_0 for system in SYSTEMS])
    speed = np.array([system.speed for system in SYSTEMS])
    return Predicted(tau_0[:, None] / PARTS_OF_DELAY, speed, 1.0, np.array(leading))


def measure(quick: bool = False) -> Measured:
    """The RNN of every dT against the solution of the differential equation."""
    periods = _periods(quick)
    error = np.array([_errors(system, periods) for system in SYSTEMS])
    return Measured(error, _example(SYSTEMS[-1]))


def compare(predicted: Predicted, measured: Measured) -> Verdict:
    """Slope 1.00 +- 0.05 on every system, and at the finest dT the predicted error within 5 %."""
    slopes = fitted_slopes(predicted, measured)
    share = measured.error[:, -1] / (predicted.error_by_step * predicted.step[:, -1])
    off = np.abs(slopes - predicted.slope)
    holds = bool((off <= 0.05).all() and (np.abs(share - 1) <= 0.05).all())
    whole = np.polyfit(np.log(predicted.step[-1]), np.log(measured.error[-1]), 1)[0]
    return Verdict(
        holds,
        f"Error against dT, slope over the steps with L dT <= {REACH:g}: predicted {predicted.slope:.2f}, measured "
        f"{slopes.min():.2f} to {slopes.max():.2f} on {len(slopes)} systems; at the finest dT the error is "
        f"{share.min():.3f} to {share.max():.3f} of the predicted one. Outside that reach order 1 is not yet seen: "
        f"the system with the long delay has slope {whole:.2f} over all of tau_0 / 1 to tau_0 / 64.",
    )


def fitted_slopes(predicted: Predicted, measured: Measured) -> Array:
    """The slope of log error against log dT for every system, over the steps in reach, [S]."""
    slopes = []
    for dT, speed, error in zip(predicted.step, predicted.speed, measured.error, strict=True):
        near = speed * dT <= REACH
        slopes.append(np.polyfit(np.log(dT[near]), np.log(error[near]), 1)[0])
    return np.array(slopes)


@house_style
def plot(predicted: Predicted, measured: Measured) -> Figure:
    """An example in time, and the error against dT."""
    figure, (time, error) = canvas("The RNN follows its differential equation with order 1", [1, 1.15])
    _draw_example(time, measured.example)
    _draw_errors(error, predicted, measured)
    return figure


def _draw_example(axes: Axes, example: Example) -> None:
    axes.plot(*example.equation, color=INK, label="differential equation")
    axes.plot(*example.coarse, "s", color=ORANGE, markersize=5, label=r"RNN, $\Delta T = \tau_0/4$")
    axes.plot(*example.fine, "o", color=BLUE, markersize=2, label=r"RNN, $\Delta T = \tau_0/32$")
    heading(axes, "one unit, long delay", rf"$\tau_0$ = {example.tau_0:g}")
    axes.set_xlabel(r"$t$ (unit of time)")
    axes.set_ylabel(r"state $s$")
    axes.margins(y=0.15)
    axes.legend(loc="upper left", frameon=False, fontsize=8, labelcolor=INK)


def _draw_errors(axes: Axes, predicted: Predicted, measured: Measured) -> None:
    markers = "osD^v"
    for index, (system, marker) in enumerate(zip(SYSTEMS, markers, strict=True)):
        reach = predicted.speed[index] * predicted.step[index]
        axes.plot(
            reach, predicted.error_by_step[index] * predicted.step[index], color=PALE, linewidth=1.6, zorder=1
        )
        near = reach <= REACH
        for chosen, face in ((near, BLUE), (~near, "white")):
            axes.plot(
                reach[chosen], measured.error[index][chosen], marker, color=BLUE, markerfacecolor=face,
                markersize=4, label=system.name if face == BLUE else None,
            )  # fmt: skip
    axes.axvline(REACH, color=MUTED, linewidth=0.8, linestyle=(0, (4, 2)))
    axes.set(xscale="log", yscale="log", xlabel=r"$L\,\Delta T$ (step in units of the fastest rate)")
    axes.set_ylabel("root mean square error")
    slopes = fitted_slopes(predicted, measured)
    heading(axes, "lines predicted, points measured", f"slopes {slopes.min():.2f} to {slopes.max():.2f}")
    axes.legend(loc="upper left", frameon=False, fontsize=7.5, labelcolor=INK, handletextpad=0.2)
    axes.text(
        REACH * 1.1, 0.03, "open: step too\nlong for order 1", transform=axes.get_xaxis_transform(),
        color=MUTED, fontsize=7.5,
    )  # fmt: skip


def _errors(system: System, periods: int) -> list[float]:
    exact = system.solution(periods)(_shared_times(system, periods))
    return [
        _rms(system.steps(system.tau_0 / parts, periods * parts)[parts - 1 :: parts] - exact)
        for parts in PARTS_OF_DELAY.tolist()
    ]


def _example(system: System) -> Example:
    periods = 6
    exact = system.solution(periods)
    times = np.linspace(0, exact.end, 400, dtype=np.float64)
    sampled: list[tuple[Array, Array]] = []
    for parts in (4, 32):
        dT = system.tau_0 / parts
        states = system.steps(dT, periods * parts)[:, 0]
        sampled.append((dT * np.arange(1, len(states) + 1, dtype=np.float64), states))
    coarse, fine = sampled
    return Example(system.tau_0, (times, exact(times)[:, 0]), coarse, fine)


def _periods(quick: bool) -> int:
    return 10 if quick else 20


def _shared_times(system: System, periods: int) -> Array:
    """The times that every dT has a step at."""
    return system.tau_0 * np.arange(1, periods + 1, dtype=np.float64)


def _rms(values: Array) -> float:
    return float(np.sqrt(np.mean(values**2)))
