"""Damaged files, and what is to become of each: the words of its refusal, or `READ` where it is read right."""

import io
import zipfile
from datetime import datetime, timedelta
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq

READ = "read right"
ANY = "either"
"""What a file cut or changed at some byte holds is for the reader to say, but not to crash on."""


class Damaged(NamedTuple):
    """A file: what happened to it, its name, its bytes, and what is to become of it."""

    what: str
    name: str
    content: bytes
    outcome: str


def days(count: int, start: str = "2020-01-01", form: str = "%Y-%m-%d") -> list[str]:
    first = datetime.fromisoformat(start)
    return [(first + timedelta(days=i)).strftime(form) for i in range(count)]


def csv(rows: list[list[object]], header: str = "date,x,y", separator: str = ",") -> str:
    return "\n".join([header, *(separator.join(map(str, row)) for row in rows)]) + "\n"


def plain(count: int = 30) -> list[list[object]]:
    return [[day, i % 7, i * i % 11] for i, day in enumerate(days(count))]


def changed(row: int, column: int, cell: object, count: int = 30) -> str:
    rows = plain(count)
    rows[row][column] = cell
    return csv(rows)


GOOD = csv(plain())


def zipped(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return file.getvalue()


def parquet(**columns: object) -> bytes:
    """A Parquet file of 30 days with the columns x and y, and more."""
    rows = plain()
    data = {
        "date": pa.array([datetime.fromisoformat(str(row[0])) for row in rows], pa.timestamp("us")),
        "x": [float(row[1]) for row in rows],
        "y": [int(row[2]) for row in rows],
    }
    file = io.BytesIO()
    pq.write_table(pa.table(data | columns), file)
    return file.getvalue()
