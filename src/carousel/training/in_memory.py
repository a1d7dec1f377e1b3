"""Data in memory, written to a file for what reads files."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq

from carousel.data.tables import Table
from carousel.errors import CarouselError


def write_frame(frame: pd.DataFrame, folder: Path) -> Path:
    """A pandas frame as `data.parquet`.

    Raises:
        CarouselError: the frame has no rows, two columns of one name, or a column of Python objects of several kinds.
    """
    file = folder / "data.parquet"
    pq.write_table(Table.from_frame(frame).source, file)
    return file


@contextmanager
def not_naming(file: Path) -> Iterator[None]:
    """Errors inside do not name a file that the caller has never seen.

    Raises:
        CarouselError: for every one inside.
    """
    try:
        yield
    except CarouselError as error:
        name = re.escape(f"'{file}'")
        sentence = re.sub(f"(cannot read|in) {name}: ", "", str(error))
        raise CarouselError(re.sub(name, "the data", sentence)) from error
