"""Which columns may be the time: by their kind, their name and what they hold."""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc
import pyarrow.types as kinds

from carousel.data.tables.cells import is_number, is_text, is_time, joined
from carousel.data.tables.dates import MOSTLY, QUARTER, fitting_formats, share_of
from carousel.data.tables.table import Table

TIME_NAMES = (
    *(
        "time",
        "date",
        "datetime",
        "timestamp",
        "ds",
        "ts",
        "date_time",
        "datum",
        "zeit",
        "when",
        "year",
        "quarter",
    ),
    *("month", "week", "day", "step", "t", "epoch", "period"),
)
"""Names that speak for a time, the most telling first."""

TIME_WORDS = {"time", "date", "datetime", "timestamp", "epoch", "unix", "t", "ts", "seconds", "elapsed"}
"""Words in names that may be of a time, such as `epoch_ms`; what the column holds has to bear it out."""

HOUR_NAMES = ("hour", "hr", "h", "stunde")
"""Names of integers that are the time of the day, beside a column of dates."""

CLOCK = re.compile(r"\d{1,2}(:\d\d|\.\d\d\.\d\d)")
"""How texts begin that are the time of the day."""

SPLIT = {
    ("year", "month", "day", "hour", "minute", "second"): "%Y %m %d %H %M %S",
    ("year", "month", "day", "hour", "minute"): "%Y %m %d %H %M",
    ("year", "month", "day", "hour"): "%Y %m %d %H",
    ("year", "month", "day"): "%Y %m %d",
    ("year", "month"): "%Y %m",
    ("year", "quarter"): QUARTER,
}
"""Number columns of these names are a time together."""

DIGITS = {8: "%Y%m%d", 10: "%Y%m%d%H", 12: "%Y%m%d%H%M", 14: "%Y%m%d%H%M%S"}
"""Dates that are written as integers, by their number of digits."""

COUNTED = {"s": (10**8, 10**10), "ms": (10**11, 10**13), "us": (10**14, 10**16), "ns": (10**17, 10**19)}
"""Where integers since 1970 lie that mean a time between 1973 and 2286."""


def candidates(table: Table, others: Sequence[str]) -> list[tuple[str, ...]]:
    """Columns that may be the time, the likeliest first."""
    free = [name for name in table.columns if name not in others]
    by_name = sorted(free, key=lambda name: rank(name, TIME_NAMES))
    stamps = [name for name in by_name if is_time(table.columns[name])]
    stamps.sort(key=lambda name: -pc.count_distinct(table.head(name)).as_py())
    words = [name for name in by_name if is_text(table.columns[name])]
    lower = {name.lower(): name for name in free}
    split = [tuple(lower[part] for part in parts) for parts in SPLIT if set(parts) <= set(lower)]
    numbers = [
        name
        for name in by_name
        if is_number(table.columns[name]) and (name.lower() in TIME_NAMES or _is_stamp(table, name))
    ]
    single = [(name,) for name in (*stamps, *words)]
    return [*_pairs(table, [*stamps, *words], free), *single, *split, *((name,) for name in numbers)]


def _pairs(table: Table, days: list[str], free: list[str]) -> list[tuple[str, ...]]:
    """A column of dates and one of times of the day."""
    dates = [day for day in days if _only_days(table, day)]
    clocks = {day: [name for name in free if name != day and has_clock(table, day, name)] for day in dates}
    return [(day, found[0]) for day, found in clocks.items() if found]


def has_clock(table: Table, day: str, clock: str) -> bool:
    """Whether a column is the time of the day to one of dates."""
    kind = table.columns[clock]
    if kinds.is_time(kind):
        return True
    if kinds.is_integer(kind):
        days = table.head(day)
        if clock.lower() not in HOUR_NAMES or pc.count_distinct(days).as_py() == len(days):
            return False
    elif not is_text(kind) or share_of(sample_of(table, (clock,)), CLOCK) < MOSTLY:
        return False
    return bool(fitting_formats(sample_of(table, (day, clock))))


def _is_stamp(table: Table, name: str) -> bool:
    """Whether a column of numbers is called a time, and holds dates or counts since 1970."""
    kind = table.columns[name]
    if not speaks_of_time(name) or not (kinds.is_integer(kind) or kinds.is_floating(kind)):
        return False
    found = integers_of(table, name)
    return found is not None and found[0] is not None


def speaks_of_time(name: str) -> bool:
    """Whether a word of a name may mean a time."""
    return not TIME_WORDS.isdisjoint(re.findall("[a-z]+", name.lower()))


def _only_days(table: Table, name: str) -> bool:
    if kinds.is_date(table.columns[name]):
        return True
    if not is_text(table.columns[name]):
        return False
    forms = fitting_formats(sample_of(table, (name,)))
    return bool(forms) and not any("%H" in form or "%I" in form for form in forms)


def sample_of(table: Table, columns: Sequence[str]) -> list[str]:
    """The first cells of columns, as texts behind one another."""
    cells = joined([table.head(name, 2000).combine_chunks() for name in columns], " ")
    return [text for text in cells.to_pylist() if text]


def integers_of(table: Table, name: str) -> tuple[str | None, str] | None:
    """How whole numbers write times, None where they only count, and why; None alone if they are not whole."""
    values = table.head(name).combine_chunks().drop_null().to_numpy(zero_copy_only=False).astype(np.float64)
    if len(values) == 0 or not (np.isfinite(values) & (values == np.floor(values))).all():
        return None
    sample = [str(int(value)) for value in values[:2000]]
    form = DIGITS.get(len(sample[0]))
    if form is not None and sample[0] >= "19" and form in fitting_formats(sample):
        return form, ""
    for unit, (low, high) in COUNTED.items():
        if low <= values.min() and values.max() < high:
            return unit, f" since 1970 (the first is {int(values[0])})"
    return None, ""


def rank(name: str, telling: tuple[str, ...]) -> int:
    """Where a name stands among telling ones, in any case; behind them if it is none."""
    return telling.index(name.lower()) if name.lower() in telling else len(telling)
