"""Damaged tables in text files, and files of no known kind."""

import gzip
import json
import pickle
from collections.abc import Iterator

import numpy as np
from damaged import ANY, GOOD, READ, Damaged, changed, csv, days, parquet, plain, zipped


def texts() -> Iterator[tuple[str, str | bytes, str]]:
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
    yield (
        "a comment",
        "# unit: V\n" + GOOD,
        "its first line is a comment, '# unit: V', wanted the names of the columns",
    )
    yield "names behind a mark", "# " + GOOD, READ
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
    yield "a workbook", zipped({"xl/workbook.xml": b"<x/>"}), "it is"
    yield "gzip", gzip.compress(GOOD.encode(), mtime=0), "it"
    yield "Parquet", parquet(), "it"
    yield "random bytes", np.random.default_rng(0).bytes(5000), "it"


def elsewhere() -> Iterator[Damaged]:
    yield Damaged("text for a model of symbols", "x.txt", b"", "it is empty")
    yield Damaged("Latin-1", "x.txt", b"caf\xe9", "it is not text in UTF-8 (byte 0xE9 in line 1)")
    yield Damaged("a NUL character", "x.txt", b"ab\0cdefgh", "it holds a NUL character in line 1")
    yield Damaged("a mark alone", "x.txt", b"\xef\xbb\xbf", "it holds no characters")
    yield Damaged("a workbook", "x.xlsx", zipped({"xl/workbook.xml": b"<x/>"}), "its extension is '.xlsx'")
    yield Damaged("a pickle", "x.pkl", pickle.dumps([1]), "its extension is '.pkl'")
    yield Damaged("no extension", "x", GOOD.encode(), "its extension is ''")
    yield Damaged("gzip", "x.csv.gz", gzip.compress(GOOD.encode(), mtime=0), "its extension is '.gz'")
