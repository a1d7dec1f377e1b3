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

NEARLY = 0.9
"""Multiples of a season peak as well, by chance even higher: the shortest lag that comes so near to the best wins."""

NATURAL = 0.8
TOLERANCE = 0.05
"""A season so near to a day, a week or a year, and so strong beside the best, is taken for that."""


class Season(NamedTuple):
    """A lag, None if there is none; the autocorrelation of changes there; of means over how many rows."""

    lag: int | None
    strength: float
    scale: int


def season_of(values: npt.NDArray[np.float64], step: Step) -> Season:
    """The strongest season of a series without gaps, and the autocorrelation of its changes there.

    Changes from one row to the next have no trend, and those of a random walk no autocorrelation. A season is a lag
    where theirs peaks, with a valley behind it, above 0.2 and above four times what chance gives; the series must hold
    it three times. The shortest lag that comes near to the best wins, first of all among a day, a week and a year.
    Where rows show none, for noise hides it, means over 4, 16 and 64 rows are looked at.

    Args:
        values: float64 [T].
        step: time from one row to the next.
    """
    for scale, (shortest, weakest) in SCALES.items():
        rows = values[len(values) % scale :].reshape(-1, scale).mean(axis=1)
        likely = _likely_lags(np.diff(rows), shortest, weakest)
        if likely:
            best = max(likely.values())
            natural = {
                exact: likely[lag]
                for exact in natural_lags(step)
                for lag in likely
                if abs(lag * scale - exact) <= TOLERANCE * exact and likely[lag] >= NATURAL * best
            }
            among = natural or {lag * scale: strength for lag, strength in likely.items()}
            strongest = max(among.values())
            return Season(*next(item for item in among.items() if item[1] >= NEARLY * strongest), scale)
    return Season(None, 0.0, 1)


def _likely_lags(changes: npt.NDArray[np.float64], shortest: int, weakest: float) -> dict[int, float]:
    """The lags that may be a season, the shortest first, and the autocorrelation at each."""
    largest = len(changes) // 3
    if largest <= shortest or np.ptp(changes) == 0:
        return {}
    found = _autocorrelation((changes - changes.mean()) / np.abs(changes).max(), 2 * largest)
    lags = np.arange(shortest, largest + 1)
    peaks = (found[lags] >= found[lags - 1]) & (found[lags] >= found[lags + 1])
    strong = found[lags] > np.maximum(weakest, 4 / np.sqrt(len(changes) - lags))
    # Noise makes changes turn from row to row, so that lag 2 peaks above lag 1: behind a season there is a valley.
    return {
        int(lag): float(found[lag])
        for lag in lags[peaks & strong]
        if found[lag + 1 : 2 * lag].min() < found[lag] / 2
    }


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
    """At lags 0 to `largest`: the mean product of two so far apart, with the variance as the unit."""
    count = len(centred)
    size = 1 << (2 * count - 1).bit_length()
    sums = np.fft.irfft(np.abs(np.fft.rfft(centred, size)) ** 2, size)[: largest + 1]
    means = sums / (count - np.arange(largest + 1))
    scaled: npt.NDArray[np.float64] = means / means[0]
    return scaled
