"""Sequences in the text format of the UEA and UCR archives.

A header of lines such as `@classLabel true 1 2 3`, then `@data`, then a line for each sequence: its dimensions, between
colons, each with its values, between commas; the label stands last. `?` and `NaN` are missing numbers.
"""

from typing import IO

import numpy as np
import numpy.typing as npt

from carousel.data.encodings import decoded
from carousel.data.fill import fill_sequence
from carousel.data.labels import encode_labels
from carousel.data.sequences import Sequences
from carousel.errors import CarouselError

NO_DATA = "it has no line '@data' with sequences below it, as in the UEA and UCR archives; write it again"


def read_ts(file: IO[bytes]) -> Sequences:
    """The sequences of an open `.ts` file, called "0", "1", …, of features "x0", "x1", ….

    Missing numbers become the last one before them, else the first after them; a feature such as "x0 missing" says
    where. Where all dimensions end in missing numbers, the sequence ends before them.

    Raises:
        CarouselError: if it is no such file, its labels are numbers to predict, or its values have times of their own.
    """
    lines = [(number, line.strip()) for number, line in enumerate(decoded(file.read()).splitlines(), 1)]
    filled = [(number, line) for number, line in lines if line and line[0] not in "#%"]
    start = next((i for i, (_, line) in enumerate(filled) if line.lower() == "@data"), None)
    if start is None or start + 1 == len(filled):
        raise CarouselError(NO_DATA)
    labelled = _labelled(filled[:start])
    values: list[npt.NDArray[np.float32]] = []
    names = []
    for number, line in filled[start + 1 :]:
        cells = line.split(":")
        if labelled:
            names.append(cells.pop().strip())
            if not names[-1] or not cells:
                raise CarouselError(
                    f"line {number} has no label behind its values, wanted values:label; add it"
                )
        if values and values[0].shape[1] != len(cells):
            raise CarouselError(
                f"line {number} has {len(cells)} dimensions, wanted {values[0].shape[1]} as above; correct it"
            )
        values.append(_values(number, cells))
    return _sequences(values, names if labelled else None)


def _labelled(header: list[tuple[int, str]]) -> bool:
    """Whether each line ends in a label, as the header says."""
    said = {}
    for number, line in header:
        if not line.startswith("@"):
            raise CarouselError(
                f"line {number} of its header begins with '{line[:20]}', wanted '@'; {NO_DATA}"
            )
        key, _, rest = line[1:].partition(" ")
        said[key.lower()] = rest.strip().lower()
    if said.get("targetlabel", "").startswith("true"):
        raise CarouselError(
            "its labels are numbers (@targetLabel true), wanted classes to tell apart; make classes of them"
        )
    if said.get("timestamps", "").startswith("true"):
        raise CarouselError(
            "its values have times of their own (@timeStamps true), which are not read; write the values alone"
        )
    return said.get("classlabel", "false").startswith("true")


def _values(number: int, cells: list[str]) -> npt.NDArray[np.float32]:
    """One line as an array [T, F] with NaN where a number is missing."""
    columns = []
    for i, cell in enumerate(cells):
        texts = ["nan" if text.strip() == "?" else text for text in cell.split(",")]
        try:
            columns.append(np.array([float(text) for text in texts]))
        except ValueError as error:
            wrong = str(error).rpartition(": ")[2]
            raise CarouselError(
                f"line {number} holds {wrong} in dimension {i + 1}, wanted numbers between commas; correct it"
            ) from error
    lengths = {len(column) for column in columns}
    if len(lengths) > 1:
        raise CarouselError(
            f"line {number} has dimensions of {min(lengths)} and {max(lengths)} values, wanted as many in each; "
            "fill the shorter with ?"
        )
    with np.errstate(over="ignore"):
        rows = np.stack(columns, axis=1).astype(np.float32)
    filled = np.flatnonzero(~np.isnan(rows).all(axis=1))
    if len(filled) == 0:
        raise CarouselError(f"line {number} holds no number, wanted at least one; leave it out")
    return rows[: filled[-1] + 1]


def _sequences(values: list[npt.NDArray[np.float32]], names: list[str] | None) -> Sequences:
    features = [f"x{i}" for i in range(values[0].shape[1])]
    missing = np.any([np.isnan(rows).any(axis=0) for rows in values], axis=0)
    channels = [f"{name} missing" for name, lacks in zip(features, missing, strict=True) if lacks]
    if channels:
        values = [
            np.concatenate([fill_sequence(rows), np.isnan(rows[:, missing])], axis=1) for rows in values
        ]
    ids = tuple(str(i) for i in range(len(values)))
    return Sequences(tuple(values), (*features, *channels), ids, *encode_labels(names))
