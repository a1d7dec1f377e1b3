"""Sequences from a file, whatever its layout: `npz` and `table` describe the two."""

import os
from pathlib import Path

from carousel.data.npz import read_npz
from carousel.data.sequences import Sequences
from carousel.data.table import read_csv
from carousel.errors import CarouselError

READERS = {".npz": read_npz, ".csv": read_csv}


def read(path: str | os.PathLike[str]) -> Sequences:
    """The sequences of a `.npz` or a long `.csv` file. Nothing in it is ever unpickled.

    Numbers of any real dtype become float32. Classes are the labels that occur, in numeric order if all are integers,
    else in alphabetical order. Without names of their own, sequences are called "0", "1", … and features "x0", "x1", ….

    Raises:
        CarouselError: if the file cannot be read, is not laid out as wanted, or holds a number that is not finite.
    """
    path = Path(path)
    try:
        return _read(path)
    except CarouselError as error:
        raise CarouselError(f"cannot read '{path}': {error}") from error
    except FileNotFoundError as error:
        raise CarouselError(f"cannot read '{path}': it does not exist; check the path") from error
    except OSError as error:
        raise CarouselError(
            f"cannot read '{path}': {error.strerror}; check the path and its permissions"
        ) from error


def _read(path: Path) -> Sequences:
    if path.is_dir():
        raise CarouselError("it is a directory; name a .npz or .csv file in it")
    extension = path.suffix.lower()
    with path.open("rb") as file:
        if extension not in READERS:
            raise CarouselError(
                f"its extension is '{path.suffix}', wanted .npz or .csv; convert it to one of them"
            )
        if not file.read(1):
            raise CarouselError("it is empty; write it again")
        file.seek(0)
        return READERS[extension](file)
