"""Sequences from a file, whatever its layout: `npz`, `table` and `ts` describe them."""

import os
from pathlib import Path

from carousel.data.npz import read_npz
from carousel.data.opening import reading
from carousel.data.sequences import Sequences
from carousel.data.table import read_csv
from carousel.data.ts import read_ts
from carousel.errors import CarouselError

READERS = {".npz": read_npz, ".csv": read_csv, ".ts": read_ts}


def read(path: str | os.PathLike[str]) -> Sequences:
    """The sequences of a `.npz`, a long `.csv` or a `.ts` file. Nothing in it is ever unpickled.

    Numbers of any real dtype become float32. Classes are the labels that occur, in numeric order if all are integers,
    else in alphabetical order. Without names of their own, sequences are called "0", "1", … and features "x0", "x1", ….

    Raises:
        CarouselError: if the file cannot be read, is not laid out as wanted, or holds a number that is not finite.
    """
    extension = Path(path).suffix
    with reading(path) as file:
        if extension.lower() not in READERS:
            raise CarouselError(
                f"its extension is '{extension}', wanted .npz, .csv or .ts; convert it to one of them"
            )
        return READERS[extension.lower()](file)
