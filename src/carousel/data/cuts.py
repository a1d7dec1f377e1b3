"""Where the past ends: times that divide series into training, validation and test part."""

import numpy as np

from carousel.data.series import Series
from carousel.data.steps import Time, as_integer
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


def time_cuts(series: Series, validation_fraction: float, test_fraction: float) -> tuple[Time, Time]:
    """The times at which validation and test begin, the same for all groups, so that none leaks into another's past.

    Of the rows of all groups together about `test_fraction` lie at or after the second time, and about
    `validation_fraction` between the two. Only times count, never values.

    Returns:
        datetime64[ns] or int, both times of rows.

    Raises:
        CarouselError: if a fraction is out of range, or a part would have no row.
    """
    require_fractions(validation_fraction, test_fraction)
    total = int(series.lengths.sum())
    validation = _time_of_row(series, round(total * (1 - validation_fraction - test_fraction)))
    test = _time_of_row(series, round(total * (1 - test_fraction)))
    if not 0 < rows_before(series, validation) < rows_before(series, test) < total:
        raise CarouselError(
            f"the series have {total} rows, too few different times to divide into training, validation and test; "
            "add more rows"
        )
    return _as_time(series, validation), _as_time(series, test)


def rows_before(series: Series, time: Time) -> int:
    """How many rows of all segments together lie before `time`."""
    time = _as_time(series, as_integer(time))
    return sum(series.rows_before(i, time) for i in range(len(series)))


def _time_of_row(series: Series, row: int) -> int:
    """The latest time with at most `row` rows before it, as an integer."""
    low = min(as_integer(start) for start in series.starts)
    high = max(as_integer(series.times_of(i)[-1]) for i in range(len(series))) + 1
    while high - low > 1:
        middle = (low + high) // 2
        if rows_before(series, middle) <= row:
            low = middle
        else:
            high = middle
    return low


def _as_time(series: Series, time: int) -> Time:
    return time if isinstance(series.step, int) else np.datetime64(time, "ns")
