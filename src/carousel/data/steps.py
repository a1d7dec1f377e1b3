"""Sampling steps: seconds to days as fixed spans, months and years by the calendar, or plain integers.

Times are datetime64[ns] or int64; a step is a `numpy.timedelta64` or an int. In words a step is "15 minutes" or
"1 month", which is how configurations write it.
"""

from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from carousel.errors import CarouselError

Step: TypeAlias = np.timedelta64 | int
Time: TypeAlias = np.datetime64 | int

UNITS = {"week": "W", "day": "D", "hour": "h", "minute": "m", "second": "s", "millisecond": "ms"}
FINE_UNITS = {"microsecond": "us", "nanosecond": "ns"}
CALENDAR_UNITS = {"year": "Y", "month": "M"}


def span(count: int, unit: str) -> np.timedelta64:
    """So many of NumPy's unit, such as "h" or "M"."""
    step: np.timedelta64 = np.array([count], dtype=f"m8[{unit}]")[0]
    return step


def is_calendar(step: Step) -> bool:
    """Whether a step is counted in months or years, whose lengths differ."""
    return isinstance(step, np.timedelta64) and np.datetime_data(step.dtype)[0] in ("M", "Y")


def in_months(step: Step) -> int:
    """A calendar step as a number of months."""
    return int(np.array(step).astype("m8[M]").astype(np.int64))


def nanoseconds(step: Step) -> int:
    """The length of a step in the unit of its times: nanoseconds, or 1 for integers; a month counts 30.44 days."""
    if isinstance(step, int):
        return step
    if is_calendar(step):
        return in_months(step) * 2_629_746 * 10**9
    return int(step.astype("m8[ns]").astype(np.int64))


def times_from(start: Any, step: Step, count: int) -> npt.NDArray[Any]:
    """The times of `count` rows, datetime64[ns] or int64.

    Calendar steps keep the day of the month where the month has it; a start on the last day of its month means the
    last day of every month.
    """
    if isinstance(step, int):
        return as_integer(start) + step * np.arange(count, dtype=np.int64)
    start = np.datetime64(as_integer(start), "ns")
    if not is_calendar(step):
        evenly: npt.NDArray[Any] = start + step.astype("m8[ns]") * np.arange(count)
        return evenly
    month = start.astype("M8[M]")
    day = start.astype("M8[D]")
    months = month + in_months(step) * np.arange(count)
    last_days = (months + 1).astype("M8[D]") - 1
    days = months.astype("M8[D]") + (day - month.astype("M8[D]"))
    at_end = day == (month + 1).astype("M8[D]") - 1
    days = last_days if at_end else np.minimum(days, last_days)
    shifted: npt.NDArray[Any] = days.astype("M8[ns]") + (start - day.astype("M8[ns]"))
    return shifted


def time_at(start: Any, step: Step, row: int) -> Any:
    """The time of one row, as `times_from` has it."""
    if is_calendar(step):
        return times_from(start, step, row + 1)[row]
    return start + step * row if isinstance(step, int) else start + step.astype("m8[ns]") * row


def rows_before(start: Time, step: Step, count: int, time: Time) -> int:
    """How many of `count` rows lie before `time`."""
    if is_calendar(step):
        return int(np.searchsorted(times_from(start, step, count).astype(np.int64), as_integer(time)))
    distance = as_integer(time) - as_integer(start)
    return min(max(-(-distance // nanoseconds(step)), 0), count)


def as_integer(time: Time) -> int:
    """A time as an integer: nanoseconds since 1970, or the integer that it is."""
    return int(time.astype("M8[ns]").astype(np.int64)) if isinstance(time, np.datetime64) else int(time)


def as_time(integer: int, step: Step) -> Time:
    """The time that `as_integer` made an integer of, among times of this step."""
    return integer if isinstance(step, int) else np.datetime64(integer, "ns")


def in_words(step: Step) -> str:
    """A step as text.

    >>> in_words(np.timedelta64(90, "m"))
    '90 minutes'
    >>> in_words(np.timedelta64(12, "M"))
    '1 year'
    >>> in_words(5)
    '5'
    """
    if isinstance(step, int):
        return str(step)
    if is_calendar(step):
        months = in_months(step)
        return _counted(months // 12, "year") if months % 12 == 0 else _counted(months, "month")
    length = nanoseconds(step)
    for name, code in (UNITS | FINE_UNITS).items():
        unit = nanoseconds(span(1, code))
        if length % unit == 0 and length // unit > 0:
            return _counted(length // unit, name)
    raise ValueError(f"a step must be positive, got {step}")


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit}" + ("s" if count != 1 else "")


def from_words(text: str) -> Step:
    """The step that a text such as "15 minutes" or "1" stands for.

    Raises:
        CarouselError: if it is no such text.
    """
    number, _, unit = text.strip().partition(" ")
    code = (UNITS | FINE_UNITS | CALENDAR_UNITS).get(unit.strip().removesuffix("s"))
    if not (number.isascii() and number.isdigit() and int(number[:12]) > 0 and len(number) < 12) or (
        unit and code is None
    ):
        raise CarouselError(
            f"the sampling step is '{text}', wanted a number and a unit, such as '15 minutes' or '1 month'"
        )
    return span(int(number), code) if code else int(number)
