"""Texts as times: which formats fit a column, and the times in one of them.

Times are int64 nanoseconds since 1970, in UTC where the text or the schema names a zone, or by the clock of a zone.
"""

import re
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from carousel.data.tables.cells import is_text, is_time, joined, plain, printed
from carousel.data.tables.table import Table
from carousel.errors import CarouselError

ISO = "ISO 8601"
QUARTER = "year and quarter"
COUNTS = {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
"""Numbers since 1970, and how many nanoseconds one of them counts."""

MOSTLY = 0.9
NAT = np.iinfo(np.int64).min

_NUMERIC = ["%Y-%m-%d", "%d-%m-%Y", "%m-%d-%Y", "%d-%m-%y", "%m-%d-%y", "%y-%m-%d", "%Y-%m", "%m-%Y"]
_DATES = [
    *(pattern.replace("-", mark) for mark in "-/. " for pattern in _NUMERIC),
    *(f"%d{mark}{month}{mark}{year}" for mark in "- " for month in ("%b", "%B") for year in ("%Y", "%y")),
    *(f"{month}{mark}{year}" for mark in "- " for month in ("%b", "%B") for year in ("%Y", "%y")),
    *(f"{month} %d, %Y" for month in ("%b", "%B")),
    "%d. %B %Y",
    *("%Y%m%d", "%Y%m%d%H", "%Y%m%d%H%M", "%Y%m%d%H%M%S"),
]
_TIMES = [
    "",
    *(
        f"{join}{time}{zone}"
        for join in (" ", "T", ", ", " - ")
        for time in ("%H:%M", "%H:%M:%S", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p", "%H.%M", "%H.%M.%S", "%H")
        for zone in ("", "%z", " %z")
    ),
]
_FIELDS = {
    "%Y": r"\d{4}",
    "%b": "[A-Za-z]{3}",
    "%B": "[A-Za-z]{3,}",
    "%f": r"\d{1,9}",
    "%p": "[AaPp][Mm]",
    "%z": r"(Z|[+-]\d\d:?\d\d)",
} | {f"%{letter}": r"\d{1,2}" for letter in "mdyHIMS"}
ISO_SHAPE = re.compile(r"\d{4}-\d\d")
_QUARTER = re.compile(r"(\d{4})[-\s]?(?:[Qq]|(?<=\s))([1-4])")


def fitting_formats(sample: Sequence[str]) -> list[str]:
    """The formats in which nearly all texts of a sample are times: `ISO` alone where it fits, else those of strptime.

    What is no time in nine of ten texts is none; the one of ten is a mistake, to be found when all are parsed.
    """
    sample = [text for text in dict.fromkeys(sample) if text]
    if not sample:
        return []
    if share_of(sample, ISO_SHAPE) >= MOSTLY and fits(sample, ISO):
        return [ISO]
    if share_of(sample, _QUARTER) >= MOSTLY:
        return [QUARTER]
    likely = dict.fromkeys(form for text in sample[:3] for form in _formats_of(text))
    return [form for form in likely if fits(sample, form)]


def share_of(sample: Sequence[str], shape: re.Pattern[str]) -> float:
    """How many texts begin with a shape; 0 if there are none."""
    return sum(shape.match(text) is not None for text in sample) / max(len(sample), 1)


def _formats_of(text: str) -> list[str]:
    """The formats that a text has the shape of."""
    found = []
    for time, time_shape in _shapes(tuple(_TIMES)).items():
        tail = re.search(f"{time_shape}$", text)
        if tail is not None:
            day = text[: tail.start()]
            found += [
                date + time for date, shape in _shapes(tuple(_DATES)).items() if re.fullmatch(shape, day)
            ]
    return found


@cache
def _shapes(forms: tuple[str, ...]) -> dict[str, str]:
    """Formats of strptime as regular expressions; where nothing stands between them, fields have all their digits."""
    shapes = {form: re.sub("%[A-Za-z]", lambda field: _FIELDS[field[0]], re.escape(form)) for form in forms}
    return {
        form: shape.replace("{1,2}", "{2}") if form.startswith("%Y%m") else shape
        for form, shape in shapes.items()
    }


def fits(sample: Sequence[str], form: str) -> bool:
    """Whether nearly all texts of a sample, at least one, are times of a form."""
    return len(sample) > 0 and bool(
        (_parse(pa.array(sample, pa.large_string()), form) != NAT).mean() >= MOSTLY
    )


def parse_times(
    columns: Sequence[pa.Array],
    names: Sequence[str],
    form: str | None,
    zone: str | None,
    first_row: int = 0,
    codes: npt.NDArray[np.int64] | None = None,
    local: str | None = None,
) -> npt.NDArray[np.int64]:
    """The times of some rows: nanoseconds since 1970, or the integers that they are where `form` is None.

    Args:
        columns: one column, or several whose texts are joined by a blank.
        names: theirs, for messages.
        form: `ISO`, `QUARTER`, a format of strptime, a unit of `COUNTS`, or None.
        zone: the zone of times without one, such as "Europe/Berlin".
        first_row: how many rows stand before these.
        codes: which series each row belongs to; where a clock was set back, the first row of a series is summer time.
        local: the zone whose clock tells all times, in place of UTC; those without a zone are on it already.

    Raises:
        CarouselError: if a cell is empty, no such time, or out of the range of nanoseconds, 1677 to 2262.
    """
    where = " ".join(names)
    arrays = [plain(column) for column in columns]
    for array in arrays:
        if array.null_count:
            row = pc.index(pc.is_null(array), True).as_py()
            raise CarouselError(
                f"column '{where}' is empty in data row {first_row + row + 1}, wanted a time; fill it or drop the row"
            )
    if form is None or form in COUNTS:
        counted = _counted(arrays[0], where, form, first_row)
        return counted if form is None else _on_clock(counted, local)
    if len(arrays) == 1 and is_time(arrays[0].type):
        stamps = _stamped(arrays[0], where)
        if zone_of(arrays[0].type) is not None:
            return _on_clock(stamps, local)
        return _localized(stamps, zone, codes)
    cells = joined(arrays, " ")
    times = _parse(cells, form)
    if (times == NAT).any():
        row = int((times == NAT).argmax())
        raise CarouselError(
            f"column '{where}' holds '{printed(cells[row].as_py())}' in data row {first_row + row + 1}, "
            f"wanted a time between 1677 and 2262 written as {form}; correct it or drop the row"
        )
    if "%z" in form or (form == ISO and _has_offset(cells[0].as_py())):
        return _on_clock(times, local)
    return _localized(times, zone, codes)


def own_zone(table: Table, columns: Sequence[str], form: str | None) -> str | None:
    """The zone that times come with: that of their column, or UTC where texts tell how far they are off it."""
    if len(columns) == 1 and is_time(table.columns[columns[0]]):
        return zone_of(table.columns[columns[0]])
    if form in COUNTS:
        return "UTC"
    if form is None:
        return None
    first = joined([table.head(name, 1).combine_chunks() for name in columns], " ")[0].as_py()
    return "UTC" if "%z" in form or form == ISO and _has_offset(first) else None


def zone_of(kind: pa.DataType) -> str | None:
    """The zone that a column of this type carries."""
    return kind.tz if kinds.is_timestamp(kind) else None


def _counted(array: pa.Array, where: str, form: str | None, first_row: int) -> npt.NDArray[np.int64]:
    if is_text(array.type) or is_time(array.type):
        raise CarouselError(
            f"column '{where}' holds '{array[0].as_py()}' in data row {first_row + 1}, wanted an integer"
        )
    values = array.to_numpy(zero_copy_only=False)
    limit = 2**62 // (COUNTS[form] if form else 1)
    if values.dtype.kind not in "iuf":
        raise CarouselError(f"column '{where}' holds {array.type}, wanted times; name another column")
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(values.astype(np.float64)) < limit) | (values != np.floor(values))
    if wrong.any():
        row = int(wrong.argmax())
        raise CarouselError(
            f"column '{where}' holds {values[row]} in data row {first_row + row + 1}, wanted a time as an integer; "
            "correct it or name another column"
        )
    integers: npt.NDArray[np.int64] = values.astype(np.int64)
    return integers * (COUNTS[form] if form else 1)


def _stamped(array: pa.Array, where: str) -> npt.NDArray[np.int64]:
    try:
        return np.asarray(
            array.cast(pa.timestamp("ns", zone_of(array.type))).cast(pa.int64()), dtype=np.int64
        )
    except pa.ArrowInvalid as error:
        raise CarouselError(
            f"column '{where}' holds times outside the years 1678 to 2261; correct them or drop these rows"
        ) from error


def _parse(cells: pa.Array, form: str) -> npt.NDArray[np.int64]:
    """Nanoseconds, NAT where a text is no time of this form."""
    strings: Any = cells.to_numpy(zero_copy_only=False)
    if form == QUARTER:
        matches = [_QUARTER.fullmatch(text) for text in strings]
        strings = [f"{m[1]}-{3 * int(m[2]) - 2:02}" if m else "" for m in matches]
    try:
        found = pd.to_datetime(
            pd.Series(strings, dtype=object),
            format={ISO: "ISO8601", QUARTER: "%Y-%m"}.get(form, form),
            errors="coerce",
            utc=True,
        )
    except (ValueError, OverflowError):
        return np.full(len(cells), NAT)
    return _as_integers(found)


def _has_offset(text: str) -> bool:
    return bool(re.search(r"(Z|[+-]\d\d:?\d\d)$", text[10:]))


def _localized(
    times: npt.NDArray[np.int64], zone: str | None, codes: npt.NDArray[np.int64] | None
) -> npt.NDArray[np.int64]:
    if zone is None:
        return times
    seen = pd.DataFrame({"times": times, "codes": 0 if codes is None else codes}).duplicated()
    try:
        index = pd.DatetimeIndex(times.view("M8[ns]"))
        local = index.tz_localize(zone, ambiguous=~seen.to_numpy(), nonexistent="shift_forward")
    except (KeyError, ValueError, OSError, TypeError) as error:
        raise CarouselError(
            f"the time zone is '{zone}', wanted one such as 'Europe/Berlin' or 'UTC'; correct it"
        ) from error
    return _as_integers(local)


def _on_clock(times: npt.NDArray[np.int64], zone: str | None) -> npt.NDArray[np.int64]:
    """Times in UTC as a clock in a zone tells them."""
    if zone is None:
        return times
    index = pd.DatetimeIndex(times.view("M8[ns]")).tz_localize("UTC")
    return _as_integers(index.tz_convert(zone).tz_localize(None))


def _as_integers(times: "pd.Series[Any] | pd.DatetimeIndex") -> npt.NDArray[np.int64]:
    """Nanoseconds since 1970, in UTC where the times have a zone."""
    found: npt.NDArray[np.int64] = np.asarray(times.to_numpy("M8[ns]")).view(np.int64)
    return found
