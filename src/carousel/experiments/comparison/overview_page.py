"""An overview of several data sets in words and as files: a table, a figure, and one page that opens offline."""

from dataclasses import asdict
from math import ceil
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from carousel.experiments.comparison.figure import draw_difference, seen_as_differences
from carousel.experiments.comparison.overview import Gain, Overview
from carousel.experiments.comparison.page import write_result
from carousel.experiments.comparison.result import Comparison
from carousel.experiments.comparison.sentences import count, scale_of
from carousel.experiments.comparison.tables import Table, aligned
from carousel.style import TITLE_ROOM, heading, house_style, plain, write_title

FORMAT = 1
FILES = ("overview.json", "overview.md", "overview.html", "overview.png")
TITLE = "What each variant gains"
ABREAST = 4
"""Panels of the figure beside each other."""

CAPTION = (
    "A panel for each data set: what each variant gains over the one that it is compared with, with an interval of "
    "95 %; right of zero is better. A filled point is told from zero after correction for all tests of the figure."
)


def write_overview(folder: Path, overview: Overview) -> Path:
    """Write `overview.json`, `.md`, `.html` and `.png` into a folder, and return the path of the page.

    Raises:
        CarouselError: the folder cannot be written.
    """
    write_result(
        folder,
        FILES,
        _picture(overview),
        record(overview),
        markdown(overview),
        title=TITLE,
        summary=verdict(overview),
        facts={
            "data": ", ".join(_name(comparison) for comparison in overview.comparisons),
            "runs": count(sum(len(comparison.outcomes) for comparison in overview.comparisons), "run"),
        },
        caption=CAPTION,
        tables=[_table(overview)],
        notes=_notes(overview),
    )
    return folder / "overview.html"


def record(overview: Overview) -> dict[str, Any]:
    """What `overview.json` says."""
    data = [
        {
            "recipe": one.recipe,
            "data": one.data,
            "score": one.score,
            "seeds": one.seeds,
            "baselines": one.baselines,
        }
        for one in overview.comparisons
    ]
    lines = [asdict(line) for line in overview.lines]
    return {
        "format": FORMAT,
        "data": data,
        "lines": lines,
        "verdict": verdict(overview),
        "notes": _notes(overview),
    }


def markdown(overview: Overview) -> str:
    """The content of `overview.md`, which also reads well on a terminal."""
    table = _table(overview)
    parts = [
        f"# {TITLE}",
        verdict(overview),
        f"{table.caption}\n\n{aligned([table.head, *table.rows])}",
        "\n".join(f"- {note}" for note in _notes(overview)),
    ]
    return "\n\n".join(parts) + "\n"


def verdict(overview: Overview) -> str:
    """Which gains and losses can be told from chance."""
    told = [
        f"'{line.name}' is {'better' if gain.mean > 0 else 'worse'} than '{line.against}' on {_name(comparison)}, by "
        f"{_size(gain, comparison)}"
        for line in overview.lines
        for gain, comparison in zip(line.gains, overview.comparisons, strict=True)
        if gain.is_told
    ]
    tests = count(sum(len(line.gains) for line in overview.lines), "difference")
    if not told:
        return f"Of {tests} none can be told from chance."
    return f"Of {tests} {len(told)} can be told from chance: {'; '.join(told)}."


def _table(overview: Overview) -> Table:
    """A row for each variant, a column for each data set."""
    head = ["variant", "compared with", *[_heading(one) for one in overview.comparisons], "better on"]
    rows = [
        (
            line.name,
            line.against,
            *[_cell(gain, one) for gain, one in zip(line.gains, overview.comparisons, strict=True)],
            f"{line.better} of {len(line.gains)}",
        )
        for line in overview.lines
    ]
    caption = (
        "Mean gain over the seeds, more is better, and half the width of its interval of 95 %; * where it can be told "
        "from chance."
    )
    return Table(caption, tuple(head), rows)


def _name(comparison: Comparison) -> str:
    return comparison.data if comparison.recipe == "custom" else comparison.recipe


def _heading(comparison: Comparison) -> str:
    return f"{_name(comparison)}, {'points of ' if comparison.is_share else ''}{comparison.label}"


def _cell(gain: Gain, comparison: Comparison) -> str:
    scale = scale_of(comparison)
    spread = "" if gain.interval is None else f" ± {scale.number((gain.interval[1] - gain.interval[0]) / 2)}"
    text = f"{scale.signed(gain.mean)}{spread}"
    return f"{text} *" if gain.is_told else text


def _size(gain: Gain, comparison: Comparison) -> str:
    scale = scale_of(comparison)
    return f"{scale.number(abs(gain.mean))}{scale.points or f' of {comparison.label}'}"


def _notes(overview: Overview) -> list[str]:
    tests = sum(len(line.gains) for line in overview.lines)
    notes = [
        "Gains are differences between runs of the same seed, with intervals of 95 % each; what can be told from "
        f"chance says the paired t test at 5 %, after Holm's correction for {count(tests, 'test')}.",
        "Seeds tell the chance of training, not that of the data: another division into parts would move the numbers.",
    ]
    if not all(comparison.matched for comparison in overview.comparisons):
        notes.append("The variants were not made of equal parameters in all of them.")
    return notes


@house_style
def _picture(overview: Overview) -> Figure:
    lines, comparisons = overview.lines, overview.comparisons
    columns = min(ABREAST, len(comparisons))
    rows = ceil(len(comparisons) / columns)
    height = TITLE_ROOM + rows * (0.9 + 0.27 * len(lines))
    layout = ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08, rect=(0, 0, 1, 1 - TITLE_ROOM / height))
    figure = Figure(figsize=(9, height), layout=layout)
    write_title(figure, TITLE)
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for index, (axes, comparison) in enumerate(zip(panels, comparisons, strict=False)):
        for position, line in enumerate(lines):
            gain = line.gains[index]
            draw_difference(axes, position, gain.mean, gain.interval, gain.is_told)
        seen_as_differences(axes, scale_of(comparison), ticks=3)
        axes.set_xlabel(f"points of {comparison.label}" if comparison.is_share else comparison.label)
        heading(axes, plain(_name(comparison), 22), "")
        axes.tick_params(axis="y", length=0)
    panels[0].set_yticks(range(len(lines)), [plain(line.name, 28) for line in lines])
    panels[0].set_ylim(len(lines) - 0.5, -0.5)
    for axes in panels[len(comparisons) :]:
        axes.set_visible(False)
    figure.set_label(f"Gains of {len(lines)} variants on {len(comparisons)} data sets. {verdict(overview)}")
    return figure
