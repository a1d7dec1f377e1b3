"""A table that is read batch by batch, from memory or from a Parquet file too large for it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from carousel.errors import CarouselError

if TYPE_CHECKING:
    import pandas as pd

BATCH_ROWS = 65_536
MAX_COLUMNS = 10_000
TOO_MANY_COLUMNS = f"it has more than {MAX_COLUMNS} columns; turn it, so that time runs down the rows"
NO_ROWS = "it has a header but no rows; add at least one"
DAMAGED = "it is no Parquet file, or one that is cut short or damaged; write it again"


@dataclass(frozen=True)
class Dialect:
    """How a text file writes its cells."""

    encoding: str = "utf-8"
    separator: str = ","
    decimal: str = "."


@dataclass(frozen=True, eq=False)
class Table:
    """Named columns of a file or a frame, all of one length.

    Attributes:
        source: the columns in memory, or the Parquet file that they are streamed from.
        columns: name and Arrow type of each.
        n_rows: how many rows there are, at least one.
        dialect: how the file writes its cells; the default where it is no text.
        name: the file, None for a frame.

    Raises:
        CarouselError: if it has no row, no column, far too many columns, or two of one name.
    """

    source: "pa.Table | Path"
    columns: dict[str, pa.DataType]
    n_rows: int
    dialect: Dialect = field(default_factory=Dialect)
    name: str | None = None

    @classmethod
    def from_arrow(cls, data: pa.Table, dialect: Dialect | None = None, name: str | None = None) -> "Table":
        """The table of columns in memory. Names are stripped of blanks; one without a name gets its number.

        Raises:
            CarouselError: as the class says.
        """
        names = _names(data.column_names)
        _require_rows(data.num_rows)
        data = data.rename_columns(names)
        return cls(
            data, dict(zip(names, data.schema.types, strict=True)), data.num_rows, dialect or Dialect(), name
        )

    @classmethod
    def from_frame(cls, frame: "pd.DataFrame") -> "Table":
        """The table of a pandas frame; an index with a name, or of times, becomes a column.

        Raises:
            CarouselError: as the class says, or if a column holds Python objects of several kinds.
        """
        import pandas as pd

        if any(name is not None for name in frame.index.names):
            frame = frame.reset_index(allow_duplicates=True)
        elif isinstance(frame.index, pd.DatetimeIndex):
            frame = frame.rename_axis(index="time").reset_index(allow_duplicates=True)
        frame = frame.set_axis(_names([str(name) for name in frame.columns]), axis=1)
        try:
            return cls.from_arrow(pa.Table.from_pandas(frame, preserve_index=False))
        except (pa.ArrowException, ValueError, TypeError) as error:
            raise CarouselError(
                f"the frame has a column that is no numbers, texts or times ({_first_line(error)}); convert it"
            ) from error

    @classmethod
    def from_parquet(cls, path: Path, stream_bytes: int) -> "Table":
        """The table of a Parquet file: in memory, or streamed if its numbers need more than `stream_bytes`.

        Raises:
            CarouselError: if the file is damaged, or as the class says.
        """
        try:
            with pq.ParquetFile(path) as file:
                schema, n_rows = file.schema_arrow, file.metadata.num_rows
                _require_rows(n_rows)
                if n_rows * len(schema.names) * 4 <= stream_bytes:
                    data = file.read()
                    data.validate(full=True)
                    return cls.from_arrow(data, name=str(path))
        except (
            pa.ArrowException,
            OSError,
            ValueError,
            KeyError,
            TypeError,
            OverflowError,
            MemoryError,
        ) as error:
            raise CarouselError(DAMAGED) from error
        names = _names(schema.names)
        if names != schema.names:
            wrong = next(name for name, own in zip(schema.names, names, strict=True) if name != own)
            raise CarouselError(f"its column '{wrong}' has blanks around its name or no name; rename it")
        return cls(path, dict(zip(names, schema.types, strict=True)), n_rows, name=str(path))

    @property
    def streamed(self) -> bool:
        """Whether the rows lie on disk."""
        return isinstance(self.source, Path)

    def batches(self, columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """Some columns, a piece of at most 65536 rows at a time, in the order of the file.

        Raises:
            CarouselError: if the file is damaged.
        """
        if not isinstance(self.source, Path):
            yield from self.source.select(list(columns)).to_batches(max_chunksize=BATCH_ROWS)
            return
        try:
            # With threads or a buffer, Arrow reads ahead without bound.
            with pq.ParquetFile(self.source, pre_buffer=False) as file:
                for batch in file.iter_batches(BATCH_ROWS, columns=list(columns), use_threads=False):
                    batch.validate(full=True)
                    yield batch
        except (pa.ArrowException, OSError) as error:
            raise CarouselError(DAMAGED) from error

    def column(self, name: str) -> pa.ChunkedArray:
        """One whole column; only of a table in memory, or where it is sure to be small."""
        if not isinstance(self.source, Path):
            return self.source.column(name)
        return pa.chunked_array([batch.column(0) for batch in self.batches([name])], self.columns[name])

    def head(self, name: str, rows: int = BATCH_ROWS) -> pa.ChunkedArray:
        """The beginning of a column."""
        if not isinstance(self.source, Path):
            return self.source.column(name).slice(0, rows)
        first = next(self.batches([name]))
        return pa.chunked_array([first.column(0).slice(0, rows)])

    def reordered(self, order: npt.NDArray[np.int64]) -> "Table":
        """The rows of a table in memory in another order."""
        assert not isinstance(self.source, Path)
        return Table(self.source.take(pa.array(order)), self.columns, self.n_rows, self.dialect, self.name)


@contextmanager
def telling(table: Table) -> Iterator[None]:
    """Errors inside name the file of the table.

    Raises:
        CarouselError: for every one inside.
    """
    try:
        yield
    except CarouselError as error:
        if table.name is None:
            raise
        raise CarouselError(f"in '{table.name}': {error}") from error


def _names(names: Sequence[str]) -> list[str]:
    if not names:
        raise CarouselError("it has no columns; write it again")
    if len(names) > MAX_COLUMNS:
        raise CarouselError(TOO_MANY_COLUMNS)
    stripped = [name.strip() or f"column {i}" for i, name in enumerate(names, 1)]
    seen: set[str] = set()
    for name in stripped:
        if name in seen:
            raise CarouselError(f"it has two columns '{name}'; give each its own name")
        seen.add(name)
    return stripped


def _require_rows(n_rows: int) -> None:
    if n_rows == 0:
        raise CarouselError(NO_ROWS)


def _first_line(error: Exception) -> str:
    return str(error).strip().partition("\n")[0][:200]
