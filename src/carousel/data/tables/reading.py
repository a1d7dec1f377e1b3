"""A table from a file, by its extension."""

import os
from pathlib import Path

from carousel.data.opening import reading
from carousel.data.schema import Schema
from carousel.data.tables.delimited import read_delimited
from carousel.data.tables.table import Dialect, Table
from carousel.errors import CarouselError

STREAM_BYTES = 256 << 20
"""A Parquet file with more float32 numbers than fit these bytes is read piece by piece."""

DELIMITED = (".csv", ".tsv", ".txt", ".tab")
PARQUET = (".parquet", ".pq")


def read_table(
    path: str | os.PathLike[str], schema: Schema | None = None, *, encoding: str | None = None
) -> Table:
    """The table in a `.csv` (`.tsv`, `.txt`, `.tab`) or `.parquet` (`.pq`) file. Nothing in it is ever unpickled.

    Separator and decimal mark of a text file are found out. Its encoding is UTF-8, or what its byte-order mark says;
    any other has to be named. Large Parquet files are streamed and never wholly in memory.

    Args:
        path: the file.
        schema: of an earlier table that this one is written like.
        encoding: of a text file, such as "latin-1".

    Raises:
        CarouselError: if the file cannot be read or is no such table.
    """
    path = Path(path)
    with reading(path) as file:
        extension = path.suffix.lower()
        if extension in PARQUET:
            return Table.from_parquet(path, STREAM_BYTES)
        if extension not in DELIMITED:
            raise CarouselError(
                f"its extension is '{path.suffix}', wanted .csv, .tsv, .txt or .parquet; convert it to one of them"
            )
        dialect = Dialect(schema.encoding, schema.separator, schema.decimal) if schema else None
        return read_delimited(path, file, dialect, encoding)
