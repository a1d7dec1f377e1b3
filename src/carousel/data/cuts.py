"""Where the past ends: times that divide series into training, validation and test part."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from carousel.data.series import Series
from carousel.data.steps import (
    Step,
    Time,
    as_integer,
    as_time,
    is_calendar,
    nanoseconds,
    rows_before,
    time_at,
)
from carousel.errors import CarouselError


def require_fractions(validation_fraction: float, test_fraction: float) -> None:
    """Refuse shares that leave nothing to learn from.

    Raises:
        CarouselError: if one is not above 0, or both together are not below 1.
    """
    if not (validation_fraction > 0 and test_fraction > 0 and validation_fraction + test_fraction < 1):
        raise CarouselError(
            f"the fractions to hold out are {validation_fraction} for validation and {test_fraction} for test, "
            "wanted both above 0 and together below 1, such as 0.2 and 0.2"
        )


@dataclass(frozen=True, eq=False)
class Spans:
    """When the rows of segments are, whatever they hold; the fields are those of `Series`."""

    starts: npt.NDArray[Any]
    lengths: npt.NDArray[np.int64]
    step: Step
    times: Sequence[npt.NDArray[Any]] | None = None

    def rows_before(self, time: int) -> npt.NDArray[np.int64]:
        """How many rows of each segment lie before a time, given as an integer."""
        at = as_time(time, self.step)
        if self.times is not None:
            return np.array([np.searchsorted(times, at) for times in self.times], np.int64)
        if not is_calendar(self.step):
            past = time - self.starts.astype(np.int64)
            return np.clip(-(-past // nanoseconds(self.step)), 0, self.lengths)
        pairs = zip(self.starts, self.lengths, strict=True)
        return np.array([rows_before(start, self.step, int(n), at) for start, n in pairs], np.int64)

    def time_of(self, row: int) -> int:
        """The latest time with at most `row` rows before it, as an integer."""
        if self.times is not None:
            lasts = [as_integer(times[-1]) for times in self.times]
        else:
            pairs = zip(self.starts, self.lengths, strict=True)
            lasts = [as_integer(time_at(start, self.step, int(n) - 1)) for start, n in pairs]
        low, high = min(map(as_integer, self.starts)), max(lasts) + 1
        while high - low > 1:
            middle = (low + high) // 2
            if self.rows_before(middle).sum() <= row:
                low = middle
            else:
                high = middle
        return low


def time_cuts(series: Series | Spans, validation_fraction: float, test_fraction: float) -> tuple[Time, Time]:
    """The times at which validation and test begin, the same for all groups, so that none leaks into another's past.

    Of the rows of all groups together about `test_fraction` lie at or after the second time, and about
    `validation_fraction` between the two. Only times count, never values.

    Returns:
        datetime64[ns] or int, both times of rows.

    Raises:
        CarouselError: if a fraction is out of range, or a part would have no row.
    """
    require_fractions(validation_fraction, test_fraction)
    spans = Spans(series.starts, series.lengths, series.step, series.times)
    total = int(spans.lengths.sum())
    validation = spans.time_of(round(total * (1 - validation_fraction - test_fraction)))
    test = spans.time_of(round(total * (1 - test_fraction)))
    if not 0 < spans.rows_before(validation).sum() < spans.rows_before(test).sum() < total:
        raise CarouselError(
            f"there are {total} rows, too few different times to divide into training, validation and test; "
            "add more rows"
        )
    return as_time(validation, spans.step), as_time(test, spans.step)
