"""The ratios of a record as dots, a panel for each comparison."""

from collections.abc import Iterable
from io import BytesIO
from textwrap import fill

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

from carousel.benchmarks.grid import GRID, Shape
from carousel.benchmarks.record import Record
from carousel.benchmarks.result import Result
from carousel.benchmarks.rows import CELLS, MODES, ROWS, Row
from carousel.style import BLUE, INK, MUTED, ORANGE, PALE, TITLE_ROOM, house_style, quiet, write_title

COLUMNS = 3
TITLE_WIDTH = 34
"""Characters of a line of a panel's title."""
LEFT_OUT = ("peak", "itself")
"""Rivals whose ratios are not how many times as good this library is."""


@house_style
def draw(record: Record) -> Figure | None:
    """How many times as fast (or as sparing) this library is, for each size; None where nothing was compared.

    A dot is the median, its line the quartiles over the rounds; orange is what is wanted at least.
    """
    panels = _panels(record)
    if not panels:
        return None
    rows = [panels[start : start + COLUMNS] for start in range(0, len(panels), COLUMNS)]
    heights = [max(len(_places(*panel)) for panel in row) + 2.5 for row in rows]
    height = 0.21 * sum(heights) + 2 * TITLE_ROOM
    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08, rect=(0, 0, 1, 1 - TITLE_ROOM / height))
    figure = Figure(figsize=(11, height), layout=layout)
    write_title(figure, f"Times as fast as others: {record.machine['processor']}, {record.date}")
    grid = figure.add_gridspec(len(rows), COLUMNS, height_ratios=heights)
    for i, row in enumerate(rows):
        for j, (targets, results) in enumerate(row):
            _panel(figure.add_subplot(grid[i, j]), targets, results)
    _legend(figure, record)
    figure.set_label(
        f"{len(panels)} comparisons of this library with others on {record.machine['processor']}: "
        "for each size the ratio of the times, with quartiles, and the ratio that is wanted."
    )
    return figure


def as_png(figure: Figure) -> bytes:
    content = BytesIO()
    figure.savefig(content, format="png", dpi=150)
    return content.getvalue()


Panel = tuple[list[Row], dict[Result, float]]
"""The rows that share cells, mode and rival, and their results with the ratios."""


def _panels(record: Record) -> list[Panel]:
    rows: dict[tuple[object, ...], list[Row]] = {}
    for row in ROWS:
        if row.name in record.rows and row.rival not in LEFT_OUT:
            rows.setdefault((row.cells, row.mode, row.rival), []).append(row)
    panels = [
        (
            group,
            {
                result: result.ratio
                for result in record.results
                if result.ratio is not None and any(row.covers(result) for row in group)
            },
        )
        for group in rows.values()
    ]
    return [panel for panel in panels if panel[1]]


def _places(rows: list[Row], results: Iterable[Result]) -> list[tuple[str, Shape]]:
    """Cells and sizes of the results, in the order of the row and the grid."""
    found = {(result.cell, result.shape) for result in results}
    return [(cell, shape) for cell in rows[0].cells for shape in GRID if (cell, shape) in found]


def _panel(axes: Axes, rows: list[Row], results: dict[Result, float]) -> None:
    places = _places(rows, results)
    axes.axvline(1, color=MUTED, linewidth=0.8)
    for result, ratio in results.items():
        y = places.index((result.cell, result.shape)) + (0.16 if result.threads > 1 else -0.16)
        filled = BLUE if result.threads > 1 else "white"
        if result.quartiles:
            axes.plot(result.quartiles, [y, y], color=BLUE, linewidth=1.2)
        axes.plot(ratio, y, "o", color=BLUE, markerfacecolor=filled, markersize=4.5)
        least = [row.least for row in rows if row.least and row.covers(result)]
        axes.plot(least, [y] * len(least), "|", color=ORANGE, markersize=8, markeredgewidth=1.6)
    several = len(rows[0].cells) > 1
    axes.set_yticks(range(len(places)), [f"{f'{cell} ' if several else ''}{shape}" for cell, shape in places])
    axes.set_ylim(len(places) - 0.4, -0.6)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.45), max(high, 2.2))
    axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.grid(axis="x", color=PALE, linewidth=0.5, alpha=0.6)
    quiet(axes)
    axes.tick_params(axis="y", length=0, labelcolor=INK, labelsize=7.5)
    axes.tick_params(axis="x", which="minor", length=0)
    cells = "; ".join(CELLS[cell] for cell in rows[0].cells)
    title = f"{cells}, {MODES[rows[0].mode]}", f"against {rows[0].against}"
    axes.set_title("\n".join(fill(part, TITLE_WIDTH) for part in title), fontsize=8.5)


def _legend(figure: Figure, record: Record) -> None:
    marks = [("○ 1 thread", BLUE)] if 1 in record.peaks else []
    marks += [(f"● {count} threads", BLUE) for count in record.peaks if count > 1]
    marks += [("| wanted at least", ORANGE)]
    width, height = figure.get_size_inches()
    for i, (text, color) in enumerate(reversed(marks)):
        figure.text(
            1 - (0.1 + 1.2 * i) / width,
            1 - 0.12 / height,
            text,
            color=color,
            ha="right",
            va="top",
            fontsize=8.5,
        )
