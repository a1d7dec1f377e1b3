"""Text files with a row a line: separator and decimal mark found out, cells parsed by Arrow."""

import csv
import mmap
import re
from collections.abc import Sequence
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.csv as pcsv

from carousel.data.encodings import NAME, encoding_of, no_text, nul_found, require_encoding, saved_as
from carousel.data.tables.cells import MISSING
from carousel.data.tables.table import MAX_COLUMNS, NO_ROWS, TOO_MANY_COLUMNS, Dialect, Table
from carousel.errors import CarouselError

SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
HEAD_BYTES = 1 << 20
SNIFFED_LINES = 200
BLOCK_BYTES = 8 << 20

DECIMAL_POINT = re.compile(r"[+-]?\d+\.\d+([eE][+-]?\d+)?")
DECIMAL_COMMA = re.compile(r"[+-]?\d+(\.\d{3})*,\d+([eE][+-]?\d+)?")
THOUSANDS_COMMA = re.compile(r"[+-]?[1-9]\d{0,2}(,\d{3})+")
NUMBER = re.compile(r"[+-]?(\d+[.,]?\d*|[.,]\d+)([eE][+-]?\d+)?")
ROW_TOO_LONG = (
    f"a row is longer than {BLOCK_BYTES >> 20} MB, perhaps for a quote that is never closed; correct it"
)
CELL_TOO_LONG = (
    f"one of its first cells is longer than {csv.field_size_limit():,} characters, perhaps for a quote that is never "
    "closed; correct it"
)


def read_delimited(
    path: Path, file: IO[bytes], dialect: Dialect | None, encoding: str | None, names: Sequence[str]
) -> Table:
    """The table of an open text file, in the dialect given or found out.

    Columns that hold `names` are texts if one of their first cells is a number with a zero in front: 007 is not 7.

    Raises:
        CarouselError: if it is no such table.
    """
    if encoding is not None:
        require_encoding(encoding)
    head = file.read(HEAD_BYTES)
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        encoding = encoding or (dialect.encoding if dialect else encoding_of(head))
        remedy = saved_as(encoding) if dialect else NAME  # a table like an earlier one is written as that
        if encoding in ("utf-8", "utf-8-sig"):
            if content.find(b"\0") >= 0:
                raise nul_found(content[:], remedy)
            quoted = content.find(b'"') >= 0
        else:
            quoted = True
    lines = _lines(head, encoding, remedy)
    if dialect is None or dialect.encoding != encoding:
        separator = _separator(lines) if dialect is None else dialect.separator
        decimal = _decimal(lines, separator) if dialect is None else dialect.decimal
        dialect = Dialect(encoding, separator, decimal)
    _require_header(lines, dialect)
    texts = _padded(lines, dialect.separator, names)
    return Table.from_arrow(_parsed(path, dialect, quoted, remedy, texts), dialect, str(path))


def _padded(lines: list[str], separator: str, names: Sequence[str]) -> list[str]:
    """The columns among `names` that have a number with a zero in front."""
    header, *rows = _rows(lines, separator)
    places = {
        name: place for place, name in enumerate(header) if {name.strip(), name.strip().lower()} & {*names}
    }
    return [
        name
        for name, place in places.items()
        if any(place < len(row) and re.fullmatch(r"\s*0\d+\s*", row[place]) for row in rows)
    ]


def _lines(head: bytes, encoding: str, remedy: str) -> list[str]:
    """The first lines, without the last of them where it may be cut."""
    whole = head if len(head) < HEAD_BYTES else head[: HEAD_BYTES - HEAD_BYTES % 4]
    try:
        text = whole.decode(encoding)
    except UnicodeDecodeError as error:
        if error.start < len(whole) - 4 or len(head) < HEAD_BYTES:
            raise no_text(whole, encoding, error.start, remedy) from error
        text = whole[: error.start].decode(encoding)
    lines = text.splitlines(keepends=True)
    if len(head) == HEAD_BYTES and len(lines) > 1:
        lines = lines[:-1]
    filled = [line for line in lines[: 2 * SNIFFED_LINES] if line.strip()]
    if not filled:
        raise CarouselError("it holds nothing but blanks; write it again")
    if not lines[0].strip():
        raise CarouselError("its first line is blank, wanted the names of the columns; remove it")
    return filled[:SNIFFED_LINES]


def _rows(lines: list[str], separator: str) -> list[list[str]]:
    try:
        return list(csv.reader(lines, delimiter=separator))
    except csv.Error as error:
        raise CarouselError(CELL_TOO_LONG) from error


def _separator(lines: list[str]) -> str:
    """The one that cuts most lines into as many cells as the header, and these into more than one."""
    best, best_share, best_width = ",", 0.0, 1
    for separator in SEPARATORS:
        if separator not in lines[0]:
            continue
        rows = _rows(lines, separator)
        width = len(rows[0])
        share = sum(len(row) == width for row in rows) / len(rows)
        if width > 1 and (share, width) > (best_share, best_width):
            best, best_share, best_width = separator, share, width
    if best_width == 1:
        widths = {len(line.split()) for line in lines}
        if len(lines) > 1 and len(widths) == 1 and widths != {1} and NUMBER.fullmatch(lines[1].split()[-1]):
            raise CarouselError(
                "its columns are separated by blanks, wanted commas, semicolons, tabs or bars; export it again"
            )
    return best


def _decimal(lines: list[str], separator: str) -> str:
    cells = [cell.strip() for row in _rows(lines[1:], separator) for cell in row]
    if any(DECIMAL_POINT.fullmatch(cell) for cell in cells):
        return "."
    commas = [cell for cell in cells if DECIMAL_COMMA.fullmatch(cell)]
    if separator == ",":
        commas = [cell for cell in commas if not THOUSANDS_COMMA.fullmatch(cell)]
    return "," if commas else "."


def _require_header(lines: list[str], dialect: Dialect) -> None:
    names = _rows(lines[:1], dialect.separator)[0]
    if len(names) == 1 and names[0].startswith("#") and any(mark in lines[-1] for mark in SEPARATORS):
        raise CarouselError(
            f"its first line is a comment, '{_short(names[0])}', wanted the names of the columns; remove it"
        )
    if len(names) > MAX_COLUMNS:
        raise CarouselError(TOO_MANY_COLUMNS)
    if all(not name.strip() or NUMBER.fullmatch(name.strip()) for name in names):
        raise CarouselError("its first row holds no names of columns; add a header")


def _parsed(path: Path, dialect: Dialect, quoted: bool, remedy: str, texts: list[str]) -> pa.Table:
    try:
        return _parse(path, dialect, quoted, threads=True, texts=texts)
    except pa.ArrowInvalid as error:
        problem = str(error)
    except (pa.ArrowException, UnicodeError, MemoryError, ValueError) as error:
        if isinstance(error, UnicodeDecodeError):
            raw = path.read_bytes()
            raise no_text(raw, dialect.encoding, _first_bad(raw, dialect.encoding), remedy) from error
        if isinstance(error, MemoryError):
            raise CarouselError(
                "it is too large for the memory; convert it to Parquet, which is read piece by piece"
            ) from error
        raise CarouselError(f"it is no table of text ({_short(str(error))}); export it again") from error
    if "UTF8" in problem:
        raw = path.read_bytes()
        raise no_text(raw, dialect.encoding, _first_bad(raw, dialect.encoding), remedy)
    if "Empty CSV file" in problem:
        raise CarouselError(NO_ROWS)
    if "straddling" in problem:
        raise CarouselError(ROW_TOO_LONG)
    raise CarouselError(
        _ragged(path, dialect, quoted) or f"it is no table of text ({_short(problem)}); export it again"
    )


def _parse(
    path: Path,
    dialect: Dialect,
    quoted: bool,
    threads: bool,
    texts: Sequence[str] = (),
    on_bad_row: object = None,
) -> pa.Table:
    return pcsv.read_csv(
        path,
        pcsv.ReadOptions(encoding=dialect.encoding, block_size=BLOCK_BYTES, use_threads=threads),
        pcsv.ParseOptions(
            delimiter=dialect.separator, newlines_in_values=quoted, invalid_row_handler=on_bad_row
        ),
        pcsv.ConvertOptions(
            decimal_point=dialect.decimal,
            null_values=list(MISSING),
            strings_can_be_null=False,
            column_types=dict.fromkeys(texts, pa.string()),
        ),
    )


def _ragged(path: Path, dialect: Dialect, quoted: bool) -> str | None:
    """The sentence for the first row with a wrong number of cells."""
    bad: list[pcsv.InvalidRow] = []

    def remember(row: pcsv.InvalidRow) -> str:
        bad.append(row)
        return "error"

    try:
        _parse(path, dialect, quoted, threads=False, on_bad_row=remember)
    except pa.ArrowException:
        if bad:
            row = bad[0]
            return (
                f"row {row.number} of the file has {row.actual_columns} cells, wanted {row.expected_columns} "
                f"as in the header, separated by {SEPARATORS.get(dialect.separator, repr(dialect.separator))}: "
                f"'{_short(row.text)}'; correct it"
            )
    return None


def _first_bad(raw: bytes, encoding: str) -> int:
    try:
        raw.decode(encoding)
    except UnicodeDecodeError as error:
        return error.start
    return 0


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 80 else f"{line[:77]}..."
