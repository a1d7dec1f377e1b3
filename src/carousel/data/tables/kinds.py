"""What each column holds, judged on the training part alone."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.types as kinds

from carousel.data.tables.cells import is_number, is_text, is_time, numbers, share_of_numbers, texts
from carousel.data.tables.layout import Located

MAX_CATEGORIES = 50
MOSTLY = 0.9
"""A text column in which so many cells are numbers is one of numbers, and the others are mistakes."""


@dataclass
class Column:
    """What was found in a column's training rows.

    Attributes:
        n_rows, n_missing: how many there are, and in how many nothing was measured.
        total, low, high: sum, least and largest of the numbers.
        rounding: the most that float32 changes one of them by.
        moves, change: how many numbers differ from the one before, and the sum of how far.
        rising: whether each number is greater than the one before, and none is missing.
        counting: whether each number is the one before plus 1; previous: the last of them.
        values: different texts, or None once they are too many.
        text_cells, number_cells: how many texts there are, and how many of them are numbers.
    """

    n_rows: int = 0
    n_missing: int = 0
    total: float = 0.0
    low: float = np.inf
    high: float = -np.inf
    rounding: float = 0.0
    moves: int = 0
    change: float = 0.0
    rising: bool = True
    counting: bool = True
    previous: float | None = None
    values: set[str] | None = field(default_factory=set)
    number_cells: float = 0.0
    text_cells: int = 0

    @property
    def mean(self) -> float:
        """The mean of the numbers, 0 without any."""
        filled = self.n_rows - self.n_missing
        return self.total / filled if filled else 0.0

    @property
    def is_coarse(self) -> bool:
        """Whether float32 rounds the numbers by more than a tenth of what they change by, where they do."""
        return 10 * self.rounding * self.moves > self.change

    def add_numbers(self, found: npt.NDArray[np.float64]) -> None:
        """Take in some numbers, NaN where one is missing."""
        missing = np.isnan(found)
        self.n_missing += int(missing.sum())
        self.rising = self.rising and not missing.any()
        filled = found[~missing]
        if len(filled) == 0:
            return
        self.total += float(filled.sum())
        self.low, self.high = min(self.low, float(filled.min())), max(self.high, float(filled.max()))
        self.rounding = max(self.rounding, float(np.abs(filled.astype(np.float32) - filled).max()))
        chain = filled if self.previous is None else np.concatenate([[self.previous], filled])
        steps = np.diff(chain)
        self.moves += int(np.count_nonzero(steps))
        self.change += float(np.abs(steps).sum())
        self.rising = self.rising and bool((steps > 0).all())
        self.counting = self.rising and self.counting and bool((steps == 1).all())
        self.previous = float(filled[-1])

    def add_values(self, cells: pa.Array) -> None:
        """Take in some texts."""
        if self.values is not None:
            self.values |= set(pc.unique(cells.drop_null()).to_pylist())
            if len(self.values) > MAX_CATEGORIES:
                self.values = None


def survey(located: Located, columns: Sequence[str], before: int | None, decimal: str) -> dict[str, Column]:
    """What the rows before a time hold, all rows if it is None.

    Raises:
        CarouselError: if a number is infinite or does not fit float32.
    """
    found = {name: Column() for name in columns}
    for batch, _, times, places in located.rows(list(columns)):
        rows = np.arange(len(times)) if before is None else np.flatnonzero(times < before)
        if len(rows) == 0:
            continue
        chosen = batch if len(rows) == len(times) else batch.take(pa.array(rows))
        for name, column in found.items():
            array = chosen.column(name)
            column.n_rows += len(array)
            if is_number(array.type) or kinds.is_null(array.type):
                column.add_numbers(numbers(array, name, decimal, places[rows]))
            elif is_text(array.type):
                _add_texts(column, array, name, decimal, places[rows])
    return found


def _add_texts(
    column: Column, array: pa.Array, name: str, decimal: str, places: npt.NDArray[np.int64]
) -> None:
    cells = texts(array)
    filled = len(cells) - cells.null_count
    share = share_of_numbers(array, decimal)
    column.number_cells += share * filled
    column.text_cells += filled
    if share == 1 or filled == 0:
        column.add_numbers(numbers(array, name, decimal, places))
    else:
        column.rising = column.counting = False
        column.n_missing += cells.null_count
    column.add_values(cells)


def why_ignored(kind: pa.DataType, column: Column) -> str | None:
    """Why a column is of no use as a feature; None if it is."""
    if is_time(kind) or kinds.is_time(kind):
        return "times beside the time of the rows"
    if kinds.is_list(kind) or kinds.is_large_list(kind) or kinds.is_fixed_size_list(kind):
        return "lists; give each number a cell of its own, as DataFrame.explode does"
    if not (is_number(kind) or is_text(kind) or kinds.is_null(kind)):
        return f"{str(kind).partition('<')[0]} instead of numbers or texts"
    if is_text(kind) and not holds_numbers(kind, column):
        if column.values is None:
            return f"more than {MAX_CATEGORIES} different texts"
        if len(column.values) == 0:
            return "empty"
        if len(column.values) > max(2, column.text_cells / 2):
            return "a text of its own in most rows"
        return f"{next(iter(column.values))!r} in every row" if len(column.values) == 1 else None
    if column.n_missing == column.n_rows:
        return "empty"
    if column.low == column.high:
        return (
            f"{column.low:g} in every row"
            if column.n_missing == 0
            else f"{column.low:g} wherever there is a number"
        )
    if column.counting and column.n_rows > 2:
        return "only counts the rows"
    if column.is_coarse:
        return f"float32 rounds its changes away, unless a constant near {column.high:g} is subtracted"
    return None


def holds_numbers(kind: pa.DataType, column: Column) -> bool:
    """Whether a column is one of numbers, be they written as texts."""
    if not is_text(kind):
        return True
    return column.text_cells > 0 and column.number_cells / column.text_cells >= MOSTLY
