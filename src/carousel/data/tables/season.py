"""The season of a series, and the cycles of the calendar that its steps can show."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from carousel.data.steps import Step, is_calendar, nanoseconds, span

DAY, WEEK, YEAR = 86_400 * 10**9, 7 * 86_400 * 10**9, 31_556_952 * 10**9
CYCLES = {"hour": DAY, "weekday": WEEK, "day of year": YEAR}
"""Calendar features, and how long until each begins anew."""

LONGEST = 200_000
"""The autocorrelation of this many rows at most, the last of them, is looked at."""

SCALES = {1: (2, 0.2), 4: (6, 0.3), 16: (6, 0.3), 64: (6, 0.3)}
"""Means over so many rows are looked at, from the shortest lag on, for an autocorrelation above the least that counts.

Coarser means have fewer lags to tell apart and more ways to be wrong, so more is asked of them.
"""

MARGIN = 0.05


class Season(NamedTuple):
    """A lag, None if there is none; the autocorrelation there, or the highest of all; of means over how many rows."""

    lag: int | None
    strength: float
    scale: int


def season_of(values: npt.NDArray[np.float64], step: Step) -> Season:
    """The strongest season of a series without gaps, and the autocorrelation of its changes there.

    Changes from one row to the next have no trend, and those of a random walk no autocorrelation. A season is a lag
    where theirs peaks, above 0.2 and above four times what chance gives; the series must hold it three times. The
    shortest lag within 0.05 of the best wins, for multiples of a season peak as well; a day, week or year within
    0.05 of that wins over it. Where rows show none, for noise hides it, means over 4, 16 and 64 rows are looked at.

    Args:
        values: float64 [T].
        step: time from one row to the next.
    """
    highest = 0.0
    for scale, (shortest, weakest) in SCALES.items():
        rows = values[len(values) % scale :].reshape(-1, scale).mean(axis=1)
        natural = [round(lag / scale) for lag in natural_lags(step)]
        lag, strength = _strongest_lag(np.diff(rows), natural, shortest, weakest)
        if lag is not None:
            near = [exact for exact in natural_lags(step) if round(exact / scale) == lag]
            return Season((near or [lag * scale])[0], strength, scale)
        highest = max(highest, strength)
    return Season(None, highest, 1)


def _strongest_lag(
    changes: npt.NDArray[np.float64], natural: list[int], shortest: int, weakest: float
) -> tuple[int | None, float]:
    largest = len(changes) // 3
    if largest <= shortest or np.ptp(changes) == 0:
        return None, 0.0
    found = _autocorrelation((changes - changes.mean()) / np.abs(changes).max(), largest + 1)
    peaks = np.zeros(largest + 2, bool)
    peaks[2:-1] = (found[2:-1] >= found[1:-2]) & (found[2:-1] >= found[3:])
    peaks[:shortest] = False
    lags = np.flatnonzero(peaks & (found > max(weakest, 4 / np.sqrt(len(changes)))))
    if len(lags) == 0:
        return None, float(found[shortest:].max())
    best = lags[found[lags] >= found[lags].max() - MARGIN][0]
    for lag in natural:
        if lag <= largest and peaks[lag] and found[lag] >= found[best] - MARGIN:
            return lag, float(found[lag])
    return int(best), float(found[best])


def natural_lags(step: Step) -> list[int]:
    """How many steps a day, a week and a year are, where that is a whole number above 1."""
    if isinstance(step, int):
        return []
    if is_calendar(step):
        months = nanoseconds(step) // nanoseconds(span(1, "M"))
        return [12 // months] if months < 12 and 12 % months == 0 else []
    length = nanoseconds(step)
    whole = [cycle // length for cycle in (DAY, WEEK) if cycle % length == 0]
    return [lag for lag in [*whole, round(YEAR / length)] if lag > 1]


def calendar_for(step: Step, time_span: int) -> tuple[str, ...]:
    """The cycles that are longer than a step and that a span of time, in nanoseconds, holds at least twice."""
    return tuple(
        name for name, cycle in CYCLES.items() if nanoseconds(step) * 2 <= cycle and time_span >= 2 * cycle
    )


def _autocorrelation(centred: npt.NDArray[np.float64], largest: int) -> npt.NDArray[np.float64]:
    """At lags 0 to `largest`, with the variance of the whole as the unit."""
    size = 1 << (2 * len(centred) - 1).bit_length()
    power = np.abs(np.fft.rfft(centred, size)) ** 2
    found = np.fft.irfft(power, size)[: largest + 1]
    scaled: npt.NDArray[np.float64] = found / found[0]
    return scaled
