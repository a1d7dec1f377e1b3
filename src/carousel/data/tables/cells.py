"""Cells as numbers and texts, whatever Arrow made of their column."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from carousel.errors import CarouselError

MISSING = (
    *("", "NA", "N/A", "n/a", "NaN", "nan", "-nan", "-NaN", "null", "NULL", "None", "#N/A", "#NA", "<NA>"),
    *("?", "-", "--", "."),
)
"""What stands for a number that is missing; in a column of texts only the empty cell does."""

NUMBER = {
    ".": r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$",
    ",": r"^[+-]?(\d+,?\d*|,\d+)([eE][+-]?\d+)?$",
}
THOUSANDS = {  # by decimal mark; blanks and apostrophes group digits in many countries
    ".": r"^[+-]?\d{1,3}([,' \x{A0}\x{202F}]\d{3})+(\.\d*)?$",
    ",": r"^[+-]?\d{1,3}([.' \x{A0}\x{202F}]\d{3})+(,\d*)?$",
}
INFINITE = r"^[+-]?(?i:inf|infinity)$"
LARGEST = float(np.finfo(np.float32).max)


def is_number(kind: pa.DataType) -> bool:
    """Whether a type of Arrow is one of numbers, truth values and spans of time among them."""
    return bool(
        kinds.is_integer(kind)
        or kinds.is_floating(kind)
        or kinds.is_decimal(kind)
        or kinds.is_boolean(kind)
        or kinds.is_duration(kind)
    )


def is_text(kind: pa.DataType) -> bool:
    """Whether a type of Arrow is one of texts, dictionaries of them included."""
    if kinds.is_dictionary(kind):
        return is_text(kind.value_type)
    return bool(kinds.is_string(kind) or kinds.is_large_string(kind) or kinds.is_string_view(kind))


def is_time(kind: pa.DataType) -> bool:
    """Whether a type of Arrow is one of dates or times of day."""
    return bool(kinds.is_timestamp(kind) or kinds.is_date(kind))


def plain(array: pa.Array) -> pa.Array:
    """An array without a dictionary."""
    return array.dictionary_decode() if kinds.is_dictionary(array.type) else array


def texts(array: pa.Array) -> pa.Array:
    """Cells as texts without blanks around them; numbers and times as Arrow prints them, null where there is none."""
    array = plain(array)
    if kinds.is_floating(array.type):  # 7.0 names what 7 names
        whole = pc.all(pc.equal(array, pc.floor(array))).as_py()
        array = array.cast(pa.int64()) if whole and pc.max(pc.abs(array)).as_py() < 2**53 else array
    stripped = pc.utf8_trim_whitespace(array.cast(pa.large_string()))
    return pc.if_else(pc.equal(stripped, ""), pa.scalar(None, pa.large_string()), stripped)


def joined(columns: Sequence[pa.Array], between: str) -> pa.Array:
    """The texts of several columns as one."""
    cells = [texts(column) for column in columns]
    return (
        cells[0]
        if len(cells) == 1
        else pc.binary_join_element_wise(*cells, pa.scalar(between, pa.large_string()))
    )


def share_of_numbers(array: pa.Array, decimal: str) -> float:
    """Of the texts that are not missing, how many are numbers; 0 if all are missing."""
    cells = _without_missing(array)
    filled = len(cells) - cells.null_count
    return pc.sum(_looks_like_number(cells, decimal)).as_py() / filled if filled else 0.0


def numbers(
    array: pa.Array, name: str, decimal: str = ".", rows: npt.NDArray[np.int64] | None = None
) -> npt.NDArray[np.float64]:
    """A column as numbers, NaN where one is missing.

    Args:
        array: numbers, truth values, spans of time (in seconds) or texts.
        name: the column, for messages.
        decimal: decimal mark of texts.
        rows: where each cell stands in the file, from 0; None where the first is the first there.

    Raises:
        CarouselError: if a cell is no number, is infinite or does not fit float32.
    """
    array = plain(array)
    found = _cast(array, name, decimal, rows)
    with np.errstate(invalid="ignore"):
        wrong = np.abs(found) > LARGEST
    if wrong.any():
        row = int(wrong.argmax())
        raise CarouselError(
            f"column '{name}' holds {printed(array[row].as_py())} in data row {_place(row, rows)}, "
            "wanted a finite float32 number; correct it, or leave the cell empty where nothing was measured"
        )
    return found


def _cast(array: pa.Array, name: str, decimal: str, rows: npt.NDArray[np.int64] | None) -> npt.NDArray[Any]:
    kind = array.type
    if kinds.is_null(kind):
        return np.full(len(array), np.nan)
    if kinds.is_duration(kind):
        ticks = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}[kind.unit]
        return _float64(array.cast(pa.int64())) * ticks
    if is_number(kind):
        return _float64(array)
    if not is_text(kind):
        raise CarouselError(f"column '{name}' holds {kind}, wanted numbers; leave it out or convert it")
    cells = _without_missing(array)
    wrong = pc.invert(_looks_like_number(cells, decimal))
    if pc.any(wrong).as_py():
        row = pc.index(wrong, True).as_py()
        raise CarouselError(
            f"column '{name}' holds '{printed(cells[row].as_py())}' in data row {_place(row, rows)}, wanted a number; "
            "correct it or leave the column out"
        )
    cells = pc.if_else(
        pc.match_substring_regex(cells, THOUSANDS[decimal]),
        pc.replace_substring_regex(cells, rf"[^\d+\-{decimal}]", ""),
        cells,
    )
    return _float64(pc.replace_substring(cells, decimal, "."))


def _float64(array: pa.Array) -> npt.NDArray[np.float64]:
    if kinds.is_decimal(array.type) or is_text(array.type):
        array = array.cast(pa.float64())
    found: npt.NDArray[np.float64] = array.to_numpy(zero_copy_only=False).astype(np.float64)
    if array.null_count and kinds.is_boolean(array.type):
        found[array.is_null().to_numpy(zero_copy_only=False)] = np.nan
    return found


def _without_missing(array: pa.Array) -> pa.Array:
    cells = pc.utf8_trim_whitespace(plain(array).cast(pa.large_string()))
    return pc.if_else(
        pc.is_in(cells, value_set=pa.array(MISSING, pa.large_string())),
        pa.scalar(None, pa.large_string()),
        cells,
    )


def _looks_like_number(cells: pa.Array, decimal: str) -> pa.Array:
    return pc.match_substring_regex(cells, f"{NUMBER[decimal]}|{THOUSANDS[decimal]}|{INFINITE}")


def _place(row: int, rows: npt.NDArray[np.int64] | None) -> int:
    return (row if rows is None else int(rows[row])) + 1


def printed(cell: object) -> str:
    """A cell for a sentence: on one line, and short."""
    text = " ".join(str(cell).split())
    return text if len(text) <= 40 else f"{text[:37]}..."
