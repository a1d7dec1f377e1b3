"""Damaged files, and what is to become of each: the words of its refusal, or `READ` where it is read right."""

import gzip
import io
import json
import pickle
import struct
import zipfile
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

import numpy as np
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


def _texts() -> Iterator[tuple[str, str | bytes, str]]:
    """Files named .csv."""
    yield "nothing", "", "it is empty"
    yield "a line end", "\n", "it holds nothing but blanks"
    yield "blanks", " \n \n\t\n", "it holds nothing but blanks"
    yield "a blank first line", "\n" + GOOD, "its first line is blank"
    yield "a mark alone", b"\xef\xbb\xbf", "it holds nothing but blanks"
    yield "a header alone", "date,x,y\n", "it has a header but no rows"
    yield "a header without its line end", "date,x,y", "it has a header but no rows"
    yield "no header", "\n".join(GOOD.splitlines()[1:]), "it has two columns '0'"
    yield "no header and numbers only", "1,2\n3,4\n5,6\n", "its first row holds no names of columns"
    yield "one row", csv(plain(1)), "no series has rows at two different times"
    yield "two rows", csv(plain(2)), "too few different times"
    yield "three rows", csv(plain(3)), "too few"
    yield "one column", "x\n" + "\n".join(str(i % 5) for i in range(30)), READ
    yield (
        "one column of words",
        "x\n" + "\n".join("ab"[i % 2] for i in range(30)),
        "it has no column of numbers to forecast",
    )
    yield "dates alone", "date\n" + "\n".join(days(30)), "it has no column of numbers to forecast"
    yield "a name twice", csv(plain(), "date,x,x"), "it has two columns 'x'"
    yield "a name twice but for blanks", csv(plain(), "date,x, x"), "it has two columns 'x'"
    yield "two columns without a name", csv(plain(), "date,,"), READ
    yield "names without letters", csv(plain(), "1,2,3"), "its first row holds no names of columns"
    yield "a row index", csv([[i, *row] for i, row in enumerate(plain())], ",date,x,y"), READ
    yield "a short row", changed(7, 2, 5).replace("2020-01-08,0,5", "2020-01-08,0"), "has 2 cells, wanted 3"
    yield "a long row", changed(7, 2, "5,6"), "has 4 cells, wanted 3"
    yield "a long last row", changed(29, 2, "5,6"), "has 4 cells, wanted 3"
    yield "a comma behind every row", csv([[*row, ""] for row in plain()]), "has 4 cells, wanted 3"
    yield "a footer", GOOD + "Total,30\n", "has 2 cells, wanted 3"
    yield "a title above the header", "Sales of 2020\n" + GOOD, "has 3 cells, wanted 1"
    yield "a footer of as many cells", GOOD + "Total,9,9\n", "holds 'Total'"
    yield "blank lines between", GOOD.replace("\n", "\n\n").rstrip("\n"), READ
    yield "line ends of other systems", GOOD.replace("\n", "\r\n"), READ
    yield "line ends of old systems", GOOD.replace("\n", "\r"), READ
    yield "cut in the last row", GOOD[:-3], "has 2 cells, wanted 3"
    yield "cut in the header", GOOD[:4], "it has a header but no rows"
    yield "a quote that is not closed", changed(7, 2, '"5'), "wanted a number"
    yield "a quote that is not closed in the header", '"' + GOOD, "it"
    yield "a quote inside a cell", changed(7, 2, '5"'), "holds '5\"'"
    yield (
        "everything quoted",
        GOOD.replace(",", '","').replace("\n", '"\n"').join('""')[:-1].rstrip('"'),
        READ,
    )
    yield "semicolons", GOOD.replace(",", ";"), READ
    yield "tabs", GOOD.replace(",", "\t"), READ
    yield "bars", GOOD.replace(",", "|"), READ
    yield "blanks between cells", GOOD.replace(",", " "), "its columns are separated by blanks"
    yield "blanks around cells", GOOD.replace(",", " , "), READ
    yield "tildes", GOOD.replace(",", "~"), "it has no column of numbers to forecast"
    yield (
        "separators that change",
        csv(plain(15)) + csv(plain(), "x").replace(",", ";"),
        "has 1 cells, wanted 3",
    )
    yield (
        "decimal commas between semicolons",
        csv([[d, f"{x},5", y] for d, x, y in plain()], separator=";", header="date;x;y"),
        READ,
    )
    yield (
        "both decimal marks",
        csv([[d, f"{x},5", f"{y}.5"] for d, x, y in plain()], separator=";", header="date;x;y"),
        "write all numbers with one mark",
    )
    for cell in ("1e400", "-1e400", "1e39", "inf", "-inf", "Infinity", "1e38", "-1e38", "1e-400", "1e-50"):
        yield (
            f"the number {cell}",
            changed(7, 2, cell),
            READ if "38" in cell or "e-" in cell else "wanted a finite float32 number",
        )
    for cell in (
        "high",
        "5 kg",
        "5%",
        "$5",
        "0x1F",
        "1_000",
        "5,",
        "५",
        "--5",
        "1e",
        "1.2.3",
        "=1+1",
        "#DIV/0!",
        "TRUE",
    ):
        outcome = {"5,": "has 4 cells", "0x1F": READ}.get(cell, "wanted a number")
        yield f"the cell {cell}", changed(7, 2, cell), outcome
    for cell in ("", "NA", "nan", "NaN", "null", "None", "?", "-", "#N/A", " "):
        yield f"missing as '{cell}'", changed(7, 2, cell), READ
    for cell in (
        "",
        "NA",
        "yesterday",
        "2020-13-45",
        "2020-02-30",
        "0000-00-00",
        "9999-12-31",
        "1066-10-14",
        "20200108",
    ):
        yield (
            f"the time '{cell}'",
            changed(7, 0, cell),
            "column 'date'" if cell in ("", "9999-12-31", "1066-10-14") else ANY,
        )
    yield "times all alike", csv([["2020-01-01", i, i % 3] for i in range(30)]), "have the time of another"
    yield "times twice", csv([row for row in plain() for _ in (0, 1)][:-30] + plain()[15:]), READ
    yield "times backwards", csv(plain()[::-1]), READ
    yield "times in disorder", csv([plain()[i * 7 % 30] for i in range(30)]), READ
    yield (
        "days or months first",
        csv([[f"{i + 1:02}/{i + 1:02}/2020", i % 5, i % 7] for i in range(12)]),
        "can be read as",
    )
    yield (
        "times in two formats",
        csv(plain(15) + [[d, 1, 2] for d in days(15, "2020-01-16", "%d.%m.%Y")]),
        ANY,
    )
    yield "leap second", csv([["2016-12-31T23:59:60", 1, 2], *plain()]), ANY
    yield "a target that is all missing", csv([[d, x, ""] for d, x, _ in plain()]), READ
    yield (
        "all numbers missing",
        csv([[d, "", "NA"] for d, _, _ in plain()]),
        "it has no column of numbers to forecast",
    )
    yield (
        "all numbers constant",
        csv([[d, 1, 2] for d, _, _ in plain()]),
        "it has no column of numbers to forecast",
    )
    yield (
        "numbers missing in the training part",
        csv([[d, x if i > 20 else "", y] for i, (d, x, y) in enumerate(plain())]),
        READ,
    )
    yield (
        "a text of its own in every row",
        csv([[d, f"note {i}", y] for i, (d, _, y) in enumerate(plain())]),
        READ,
    )
    yield (
        "formulas in a text column",
        csv(
            [[d, ("=cmd|'/C calc'!A0", "+1+1", "@SUM(A1)")[i % 3], y] for i, (d, _, y) in enumerate(plain())]
        ),
        READ,
    )
    yield (
        "paths in a text column",
        csv([[d, ("../../etc/passwd", "C:\\\\x")[i % 2], y] for i, (d, _, y) in enumerate(plain())]),
        READ,
    )
    yield "a path for a name", csv(plain(), "date,../../x,y"), READ
    yield "a formula for a name", csv(plain(), "date,=1+1,y"), READ
    yield "YAML for a name", csv(plain(), "date,!!python/object/apply:os.system [id],y"), READ
    yield "a name of 100,000 letters", csv(plain(), f"date,{'x' * 100_000},y"), READ
    yield (
        "a cell of a million letters",
        changed(7, 2, "x" * 1_000_000),
        "one of its first cells is longer than",
    )
    yield "a cell of ten million letters", changed(7, 2, "x" * 10_000_000), "wanted a number"
    yield (
        "a number of a million digits",
        changed(7, 2, "9" * 1_000_000),
        "one of its first cells is longer than",
    )
    yield (
        "10,001 columns",
        ",".join(f"c{i}" for i in range(10_001)) + "\n" + ",".join(["1"] * 10_001) + "\n",
        "it has more than 10000 columns",
    )
    yield (
        "a million columns",
        ",".join(f"c{i}" for i in range(10**6)) + "\n",
        "it has more than 10000 columns",
    )
    yield "a NUL character", GOOD.replace("2020-01-08", "2020-01-0\0"), "it holds a NUL character in line 9"
    yield "NUL characters alone", b"\0" * 1000, "it is binary"
    yield (
        "Latin-1",
        csv(plain(), "date,é,y").encode("latin-1"),
        "it is not text in UTF-8 (byte 0xE9 in line 1)",
    )
    yield (
        "Latin-1 in a late row",
        GOOD.encode() + "2020-01-31,ü,1\n".encode("latin-1"),
        "it is not text in UTF-8 (byte 0xFC in line 32)",
    )
    yield "UTF-8 cut in a character", csv(plain(), "date,é,y").encode()[:6], "it is not text in UTF-8"
    yield "a mark and UTF-8", b"\xef\xbb\xbf" + GOOD.encode(), READ
    yield (
        "a mark and Latin-1",
        b"\xef\xbb\xbf" + csv(plain(), "date,é,y").encode("latin-1"),
        "it is not text in UTF-8",
    )
    for encoding in ("utf-16", "utf-32"):
        yield f"{encoding} with a mark", GOOD.encode(encoding), READ
        yield (
            f"{encoding} cut in a character",
            GOOD.encode(encoding)[:-1],
            f"it is not text in {encoding.upper()}",
        )
        yield f"{encoding} without a mark", GOOD.encode(f"{encoding}-le"), "it is binary, or UTF-16 without"
    yield "UTF-16 of the other end", b"\xfe\xff" + GOOD.encode("utf-16-be"), READ
    yield "UTF-7", csv(plain(), "date,é,y").encode("utf-7"), READ
    yield "EBCDIC", GOOD.encode("cp500"), "it is not text in UTF-8"
    yield "control characters", GOOD.replace("x", "\x01\x02"), READ
    yield "text from right to left", csv(plain(), "date,\u202ex,y"), READ
    yield "zero-width names", csv(plain(), "date,\u200b,y"), READ
    yield "a table in HTML", "<table><tr><td>1</td></tr></table>\n", "it has a header but no rows"
    yield "JSON", json.dumps({"date": days(3), "x": [1, 2, 3]}), ANY
    yield "lines of JSON", "\n".join(json.dumps({"x": i}) for i in range(30)), ANY
    yield "a program", "import os\nos.system('true')\n", "no"
    yield "a pickle", pickle.dumps({"date": days(30), "x": list(range(30))}), "it"
    yield "a picture", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1", "it"
    yield "a workbook", _zip({"xl/workbook.xml": b"<x/>"}), "it is"
    yield "gzip", gzip.compress(GOOD.encode(), mtime=0), "it"
    yield "Parquet", parquet(), "it"
    yield "random bytes", np.random.default_rng(0).bytes(5000), "it"


def _zip(members: dict[str, bytes]) -> bytes:
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


def _parquets() -> Iterator[tuple[str, bytes, str]]:
    good = parquet()
    stamps = [datetime(2020, 1, 1) + timedelta(days=i) for i in range(30)]
    numbers = np.arange(30) % 7
    yield "nothing", b"", "it is empty"
    yield "text", GOOD.encode(), "it is no Parquet file"
    yield "its marks alone", b"PAR1PAR1", "it is no Parquet file"
    yield "a footer without end", b"PAR1" + struct.pack("<I", 2**31 - 1) + b"PAR1", "it is no Parquet file"
    yield (
        "no rows",
        _written(pa.table({"date": pa.array([], pa.timestamp("us")), "x": pa.array([], pa.float64())})),
        "no rows",
    )
    yield "no columns", _written(pa.table({})), "it has"
    yield (
        "one row",
        _written(pa.table({"date": stamps[:1], "x": [1.0]})),
        "no series has rows at two different times",
    )
    yield "lists", parquet(z=[[i] for i in range(30)]), READ
    yield "structures", parquet(z=[{"a": i} for i in range(30)]), READ
    yield (
        "a map",
        parquet(z=pa.array([[("a", i)] for i in range(30)], pa.map_(pa.string(), pa.int64()))),
        READ,
    )
    yield "bytes", parquet(z=[b"\xff"] * 30), READ
    yield "a dictionary", parquet(z=pa.array(["a", "b"] * 15).dictionary_encode()), READ
    yield "a dictionary of numbers", parquet(z=pa.array([1.5, 2.5] * 15).dictionary_encode()), READ
    yield "a column of nulls", parquet(z=pa.nulls(30)), READ
    yield "decimals", parquet(z=pa.array([*range(30)], pa.int64()).cast(pa.decimal128(30, 2))), READ
    yield "truth values with nulls", parquet(z=[True, None, False] * 10), READ
    yield "half floats", parquet(z=pa.array(numbers.astype(np.float16))), READ
    yield "spans of time", parquet(z=pa.array([timedelta(seconds=int(n)) for n in numbers])), READ
    yield (
        "times of the day",
        parquet(z=pa.array([timedelta(seconds=int(n)).seconds for n in numbers], pa.time32("s"))),
        READ,
    )
    yield (
        "great integers",
        parquet(z=pa.array([2**64 - 1 - int(n) * 10**18 for n in numbers], pa.uint64())),
        READ,
    )
    yield "infinite numbers", parquet(z=[1.0, float("inf")] * 15), "wanted a finite float32 number"
    yield "NaN", parquet(z=[1.0, float("nan"), 3.0] * 10), READ
    yield "numbers too great for float32", parquet(z=[1.0, 1e39] * 15), "wanted a finite float32 number"
    yield (
        "times out of range",
        parquet(date=pa.array([10**15 + i for i in range(30)], pa.timestamp("s"))),
        "outside the years",
    )
    yield (
        "times with nulls",
        parquet(date=pa.array([None, *stamps[1:]], pa.timestamp("us"))),
        "is empty in data row 1",
    )
    yield "days", parquet(date=pa.array([s.date() for s in stamps])), READ
    yield "a zone", parquet(date=pa.array(stamps, pa.timestamp("us", "Europe/Berlin"))), READ
    yield "a zone of its own", parquet(date=pa.array(stamps, pa.timestamp("us", "+05:45"))), READ
    yield "a zone that is none", parquet(date=pa.array(stamps, pa.timestamp("us", "Mars/Base"))), READ
    yield "a blank name", parquet(**{" ": numbers}), READ
    yield "two names alike but for blanks", parquet(**{" x": numbers}), "it has two columns 'x'"
    yield "large texts", parquet(z=pa.array(["a", "b"] * 15, pa.large_string())), READ
    yield (
        "a text that is no UTF-8",
        parquet(
            z=pa.Array.from_buffers(
                pa.string(),
                30,
                [None, pa.array([*range(31)], pa.int32()).buffers()[1], pa.py_buffer(b"\xff" * 30)],
            )
        ),
        ANY,
    )
    for share in range(1, 20):
        yield f"cut after {share} of 20", good[: len(good) * share // 20], "it is no Parquet file"
    rng = np.random.default_rng(1)
    for i, place in enumerate(rng.integers(0, len(good), 15)):
        yield f"another byte {i}", good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :], ANY


def _written(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def _archives() -> Iterator[tuple[str, bytes, str]]:
    values, lengths = np.arange(12.0).reshape(6, 2), np.array([2, 4])
    good = npz(values=values, lengths=lengths)
    yield "nothing", b"", "it is empty"
    yield "a pickle", pickle.dumps([1]), "it is no .npz archive"
    yield "a single array", np.lib.format.magic(1, 0) + b"x", "it is no .npz archive"
    yield "no arrays", _zip({}), "it"
    yield "other members", _zip({"../../evil.npy": b"x"}), "it"
    yield "pickled objects", npz(values=np.array([[1], [None]], object), lengths=lengths), "pickled"
    yield (
        "text for numbers",
        npz(values=np.array([["a"], ["b"]]), lengths=np.array([2])),
        "wanted real numbers",
    )
    yield (
        "complex numbers",
        npz(values=np.ones((2, 1), complex), lengths=np.array([2])),
        "wanted real numbers",
    )
    yield "NaN", npz(values=values * np.nan, lengths=lengths), "wanted a finite float32 number"
    yield "numbers too great", npz(values=values + 1e39, lengths=lengths), "wanted a finite float32 number"
    yield "no lengths", npz(values=values), "it has no array 'lengths'"
    yield "lengths that are too long", npz(values=values, lengths=lengths + 1), "array 'lengths' sums to"
    yield "negative lengths", npz(values=values, lengths=np.array([-2, 8])), "has length -2"
    yield (
        "an unknown array",
        npz(values=values, lengths=lengths, extra=values),
        "its array 'extra' is unknown",
    )
    yield "a bomb", _bomb(), "as archives made to do harm do"
    yield (
        "a header that lies",
        _zip({"values.npy": _npy_header((10**9, 10**3)), "lengths.npy": _npy_header((1,))}),
        "it is no .npz archive",
    )
    for share in range(1, 20):
        yield f"cut after {share} of 20", good[: len(good) * share // 20], "it is no .npz archive"
    rng = np.random.default_rng(2)
    for i, place in enumerate(rng.integers(0, len(good), 15)):
        yield f"another byte {i}", good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :], ANY


def _npy_header(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return file.getvalue()


def _bomb() -> bytes:
    """An archive that says it unpacks to 4 GB, in a directory that was changed to say so."""
    good = bytearray(npz(values=np.zeros((6, 2)), lengths=np.array([2, 4])))
    entry = good.index(b"PK\1\2")
    good[entry + 24 : entry + 28] = struct.pack("<I", 2**32 - 2)
    return bytes(good)


TS = "@problemName x\n@timeStamps false\n@classLabel true a b\n@data\n1,2,3:4,5,6:a\n1,2:3,4:b\n"


def _archive_texts() -> Iterator[tuple[str, str | bytes, str]]:
    yield "nothing", "", "it is empty"
    yield "no data", TS[: TS.index("1,2,3")], "it has no line '@data'"
    yield "no mark of data", TS.replace("@data\n", ""), "it has no line '@data'"
    yield "a table", GOOD, "it has no line '@data'"
    yield "a word in the header", "hello\n" + TS, "begins with 'hello'"
    yield "no label", TS.replace(":a", ":"), "has no label"
    yield "a label alone", TS + "a\n", "has no label"
    yield "a dimension too few", TS + "1,2:b\n", "has 1 dimensions, wanted 2"
    yield "a dimension too short", TS + "1,2:3:b\n", "has dimensions of 1 and 2 values"
    yield "a word", TS + "1,two:3,4:b\n", "holds 'two'"
    yield "an empty cell", TS + "1,:3,4:b\n", "holds ''"
    yield "missing numbers", TS + "?,2:NaN,4:b\n", READ
    yield "missing numbers alone", TS + "?,?:?,?:b\n", "holds no number"
    yield "infinite numbers", TS + "inf,2:3,4:b\n", "wanted a finite float32 number"
    yield "numbers too great", TS + "1e39,2:3,4:b\n", "wanted a finite float32 number"
    yield (
        "labels that are numbers to predict",
        TS.replace("@classLabel true a b", "@targetLabel true"),
        "its labels are numbers",
    )
    yield "times", TS.replace("@timeStamps false", "@timestamps true"), "have times of their own"
    yield "one class", TS.replace(":b\n", ":a\n"), READ
    yield "comments and blank lines", "# hello\n\n" + TS.replace("@data\n", "@data\n\n"), READ
    yield "line ends of other systems", TS.replace("\n", "\r\n"), READ
    yield "UTF-16", TS.encode("utf-16"), READ
    yield "Latin-1", TS.replace("problemName x", "problemName é").encode("latin-1"), "it is not text in UTF-8"
    yield "a NUL character", TS.replace("1,2:", "1,\0:"), "it holds a NUL character"
    yield "a pickle", pickle.dumps([1]), "it"
    for share in range(1, 10):
        yield f"cut after {share} of 10", TS[: len(TS) * share // 10], ANY


def _elsewhere() -> Iterator[Damaged]:
    yield Damaged("text for a model of symbols", "x.txt", b"", "it is empty")
    yield Damaged("Latin-1", "x.txt", b"caf\xe9", "it is not text in UTF-8 (byte 0xE9 in line 1)")
    yield Damaged("a NUL character", "x.txt", b"ab\0cdefgh", "it holds a NUL character in line 1")
    yield Damaged("a mark alone", "x.txt", b"\xef\xbb\xbf", "it holds no characters")
    yield Damaged("a workbook", "x.xlsx", _zip({"xl/workbook.xml": b"<x/>"}), "its extension is '.xlsx'")
    yield Damaged("a pickle", "x.pkl", pickle.dumps([1]), "its extension is '.pkl'")
    yield Damaged("no extension", "x", GOOD.encode(), "its extension is ''")
    yield Damaged("gzip", "x.csv.gz", gzip.compress(GOOD.encode(), mtime=0), "its extension is '.gz'")


def damaged() -> list[Damaged]:
    """Every one of them."""
    found = [Damaged(what, "x.csv", _bytes(content), outcome) for what, content, outcome in _texts()]
    found += [Damaged(what, "x.parquet", content, outcome) for what, content, outcome in _parquets()]
    found += [Damaged(what, "x.npz", content, outcome) for what, content, outcome in _archives()]
    found += [Damaged(what, "x.ts", _bytes(content), outcome) for what, content, outcome in _archive_texts()]
    return [*found, *_elsewhere()]


def _bytes(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
