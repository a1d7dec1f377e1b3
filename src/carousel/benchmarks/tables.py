"""What a record says, as tables for a terminal and in Markdown."""

from collections.abc import Iterable, Sequence
from io import StringIO
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from carousel.benchmarks.record import Record
from carousel.benchmarks.result import Result
from carousel.benchmarks.rows import Line

SUMMARY_END = ("worst", "where", "met")
DETAILS = ("measured", "size", "threads", "against", "ours", "theirs", "ratio", "quartiles", "GFLOP/s")


def report(record: Record, width: int, written: Iterable[Path]) -> str:
    """Everything: the table of rows, a line for each result, and the files."""
    files = (f"written: {path}" for path in written)
    return "\n".join([summary(record, width), "", details(record, width), *files])


def judged(record: Record) -> list[dict[str, Any]]:
    """The table of rows as data."""
    return [
        {
            "name": line.row.name,
            "what": line.row.what,
            "against": line.row.against,
            "wanted": line.row.wanted,
            "means": {str(threads): mean for threads, mean in line.means.items()},
            "worst": line.worst and line.worst.as_json(),
            "refused": [result.as_json() for result in line.refused],
            "met": line.met,
        }
        for line in record.lines
    ]


def summary(record: Record, width: int = 120) -> str:
    """The table of rows, what was measured, and who was absent."""
    heads, rows = _summary(record)
    parts = [_table(heads, rows, width), f"ratios are medians over rounds; {machine(record)}"]
    parts += [f"no {name}: {why}" for name, why in record.absent.items()]
    return "\n".join(parts)


def details(record: Record, width: int = 120) -> str:
    """A line for each result, in the short names that files have."""
    return _table(DETAILS, map(_detail, record.results), width)


def markdown(record: Record) -> str:
    """The table of rows for a page, with the machine below it."""
    heads, rows = _summary(record)
    cells = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    lines = [heads, ["---"] * len(heads), *cells]
    return "\n".join(["| " + " | ".join(line) + " |" for line in lines] + ["", f"{machine(record)}."])


def machine(record: Record) -> str:
    """Where and when a record was made, in one line."""
    found = record.machine
    peaks = ", ".join(f"{peak:.0f} GFLOP/s on {_threads(count)}" for count, peak in record.peaks.items())
    cores = f"{found['cores']} core{'' if found['cores'] == 1 else 's'}"
    return (
        f"{record.date}{', a quick run' if record.is_quick else ''}, {found['processor']} ({found['instructions']}), "
        f"{cores}, peak {peaks}, torch {found['versions']['torch']}"
    )


def _summary(record: Record) -> tuple[list[str], list[list[str]]]:
    counts = list(record.peaks)
    heads = ["what", "against", "wanted", *map(_threads, counts), *SUMMARY_END]
    return heads, [_line(line, counts) for line in record.lines]


def _line(line: Line, counts: Iterable[int]) -> list[str]:
    means = [f"{line.means[count]:.2f}" if count in line.means else "" for count in counts]
    if line.refused:
        worst, where = "", f"{_where(line.refused[0], line)}: {line.refused[0].refused}"
    elif line.worst is None:
        worst, where = "", "not measured"
    else:
        worst, where = f"{line.worst.ratio:.2f}", _where(line.worst, line)
    met = {True: "yes", False: "NO", None: ""}[line.met]
    return [line.row.what, line.row.against, line.row.wanted, *means, worst, where, met]


def _where(result: Result, line: Line) -> str:
    cell = f"{result.cell} " if len(line.row.cells) > 1 else ""
    return f"{cell}{result.shape}, {_threads(result.threads)}"


def _detail(result: Result) -> list[str]:
    setting = [f"{result.cell} {result.mode}", str(result.shape), str(result.threads), result.against]
    if result.own is None or result.other is None:
        return [*setting, "", "", "", result.refused or "", ""]
    unit = _megabytes if result.mode == "memory" else _duration
    low_high = "–".join(f"{part:.2f}" for part in result.quartiles or ())
    speed = "" if result.speed is None else f"{result.speed:.0f}"
    return [*setting, unit(result.own), unit(result.other), f"{result.ratio:.2f}", low_high, speed]


def _duration(seconds: float) -> str:
    return f"{seconds * 1e3:.3g} ms" if seconds >= 1e-3 else f"{seconds * 1e6:.3g} µs"


def _megabytes(size: float) -> str:
    return f"{size / 1e6:.1f} MB"


def _threads(count: int) -> str:
    return f"{count} thread{'' if count == 1 else 's'}"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], width: int) -> str:
    table = Table(*heads, box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for row in rows:
        table.add_row(*row)
    text = StringIO()
    Console(file=text, width=width, color_system=None, highlight=False, markup=False).print(table)
    return "\n".join(line.rstrip() for line in text.getvalue().splitlines())
