"""A table from a file, by its extension."""

import os
from collections.abc import Sequence
from pathlib import Path

from carousel.data.opening import reading
from carousel.data.schema import Schema
from carousel.data.tables.delimited import read_delimited
from carousel.data.tables.grouping import GROUP_NAMES
from carousel.data.tables.table import Dialect, Table
from carousel.errors import CarouselError

STREAM_BYTES = 256 << 20
"""A Parquet file with more float32 numbers than fit these bytes is read piece by piece."""

DELIMITED = (".csv", ".tsv", ".txt", ".tab")
PARQUET = (".parquet", ".pq")


def read_table(
    path: str | os.PathLike[str],
    schema: Schema | None = None,
    *,
    encoding: str | None = None,
    group: Sequence[str] = (),
) -> Table:
    """The table in a `.csv` (`.tsv`, `.txt`, `.tab`) or `.parquet` (`.pq`) file. Nothing in it is ever unpickled.

    Separator and decimal mark of a text file are found out. Its encoding is UTF-8, or what its byte-order mark says;
    any other has to be named. Large Parquet files are streamed and never wholly in memory.

    Args:
        path: the file.
        schema: of an earlier table that this one is written like.
        encoding: of a text file, such as "latin-1".
        group: columns whose values are names, be they numbers with zeros in front. Columns of the schema's group are,
            and so are those called "id" and the like.

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
        names = (*group, *(schema.group if schema else GROUP_NAMES))
        return read_delimited(path, file, dialect, encoding, names)
