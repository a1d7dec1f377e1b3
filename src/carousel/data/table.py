"""Sequences as a long table, one row a step.

The columns are `sequence` and `step`, one for each feature, and optionally `label`, the same in all rows of a sequence.
Rows may stand in any order; steps are sorted within a sequence. Names and labels are text, be it `NA` or `null`.
"""

from typing import IO, TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from carousel.data.labels import encode_labels
from carousel.data.sequences import Sequences
from carousel.errors import CarouselError

if TYPE_CHECKING:
    import pandas as pd

HEADER = "sequence,step,<features>[,label]"
UNNAMED = "it has a column without a name; export it without a row index, or name the column"
SEPARATORS = {";": "semicolons", "\t": "tabs", "|": "bars", " ": "spaces"}


def read_csv(file: IO[bytes]) -> Sequences:
    """The sequences of an open CSV file, in the order in which they first appear.

    Raises:
        CarouselError: if it is no such table, or pandas is not installed.
    """
    table = _load(file)
    features = [name for name in table.columns if name not in ("sequence", "step", "label")]
    if not features:
        raise CarouselError(f"it has no feature column, wanted the header {HEADER}; add one")
    for name in ("sequence", "step", "label"):
        if name in table:
            _require_full(table[name])
    steps = _numbers(table["step"])
    if not np.isfinite(steps).all():
        row = int(np.isfinite(steps).argmin())
        raise CarouselError(
            f"column 'step' holds {steps[row]} in data row {row + 1}, wanted a finite number; correct it"
        )
    frames = np.stack([_numbers(table[name]) for name in features], axis=1)
    codes, found = table["sequence"].factorize()
    ids = tuple(found)
    order = np.lexsort((steps, codes))
    codes, steps, frames = codes[order], steps[order], frames[order]
    repeated = (codes[1:] == codes[:-1]) & (steps[1:] == steps[:-1])
    if repeated.any():
        first = int(repeated.argmax())
        raise CarouselError(
            f"sequence '{ids[codes[first]]}' has step {steps[first]} twice; keep one of the rows"
        )
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    names = _labels(table["label"].to_numpy()[order], starts, codes, ids) if "label" in table else None
    return Sequences(tuple(np.split(frames, starts[1:])), tuple(features), ids, *encode_labels(names))


def _load(file: IO[bytes]) -> "pd.DataFrame":
    try:
        import pandas as pd
    except ImportError as error:
        raise CarouselError("reading .csv needs pandas; pip install 'carousel-lstm[train]'") from error
    try:
        first = pd.read_csv(
            file, header=None, nrows=1, dtype=str, keep_default_na=False, skipinitialspace=True
        )
        _require_header([str(name) for name in first.iloc[0]])
        file.seek(0)
        table = pd.read_csv(
            file,
            converters={"sequence": str, "label": str},  # a dtype would make nothing of the text NA
            skipinitialspace=True,
            float_precision="round_trip",
            low_memory=False,
        )
    except ValueError as error:
        problem = str(error).strip().splitlines()[-1]
        raise CarouselError(
            f"it is not comma-separated text in UTF-8 ({problem}); export it again"
        ) from error
    if not isinstance(table.index, pd.RangeIndex):
        raise CarouselError(UNNAMED)
    if table.empty:
        raise CarouselError("it has a header but no rows; add at least one sequence")
    return table


def _require_header(names: list[str]) -> None:
    for mark, marks in SEPARATORS.items():
        if len(names) == 1 and mark in names[0].strip():
            raise CarouselError(f"its columns are separated by {marks}, wanted commas; export it again")
    for name in ("sequence", "step"):
        if name not in names:
            found = ", ".join(f"'{other}'" for other in names)
            raise CarouselError(f"it has no column '{name}', got {found}; wanted the header {HEADER}")
    if "" in names:
        raise CarouselError(UNNAMED)
    for name in names:
        if names.count(name) > 1:
            raise CarouselError(f"it has two columns '{name}'; give each its own name")


def _require_full(column: "pd.Series[Any]") -> None:
    empty = column.isna() | (column == "")
    if empty.any():
        raise CarouselError(f"column '{column.name}' is empty in data row {int(empty.argmax()) + 1}; fill it")


def _numbers(column: "pd.Series[Any]") -> npt.NDArray[Any]:
    """A column as numbers; an empty cell becomes NaN."""
    import pandas as pd

    numbers = pd.to_numeric(column, errors="coerce")
    wrong = numbers.isna() & column.notna()
    if wrong.any():
        row = int(wrong.argmax())
        raise CarouselError(
            f"column '{column.name}' holds '{column.iloc[row]}' in data row {row + 1}, wanted a number; "
            "correct it or drop the column"
        )
    return numbers.to_numpy()


def _labels(
    names: npt.NDArray[Any], starts: npt.NDArray[np.intp], codes: npt.NDArray[np.intp], ids: tuple[str, ...]
) -> npt.NDArray[Any]:
    """The one label of each sequence, from those of all its rows."""
    firsts = names[starts][codes]
    differing = names != firsts
    if differing.any():
        row = int(differing.argmax())
        raise CarouselError(
            f"sequence '{ids[codes[row]]}' has the labels '{firsts[row]}' and '{names[row]}', "
            "wanted the same in all its rows; correct column 'label'"
        )
    return names[starts]
