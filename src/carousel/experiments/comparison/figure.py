"""A comparison in one figure: the scores of all runs, and beside them what each variant gains."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import FuncFormatter

from carousel.experiments.comparison.numbers import Scale
from carousel.experiments.comparison.result import Comparison
from carousel.experiments.comparison.sentences import LEVEL, scale_of, verdict
from carousel.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    PALE,
    TITLE_ROOM,
    heading,
    house_style,
    plain,
    quiet,
    write_title,
)

REACH = 1.5
"""How far off a baseline may lie and still be drawn, in terms of the range of the scores."""


@house_style
def picture(comparison: Comparison) -> Figure:
    """Left a point for each run, the mean of each variant and the baselines as lines; right the differences.

    The figure's label says in words what it shows.
    """
    rows = comparison.rows
    height = 1.3 + TITLE_ROOM + 0.36 * len(rows)
    layout = ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08, rect=(0, 0, 1, 1 - TITLE_ROOM / height))
    figure = Figure(figsize=(9, height), layout=layout)
    write_title(figure, f"{comparison.recipe}: {comparison.label_and_part}")
    has_differences = any(row.difference for row in rows)
    left, *right = figure.subplots(1, 2 if has_differences else 1, sharey=True, squeeze=False)[0]
    scale = scale_of(comparison)
    _scores(left, comparison, scale)
    left.set_yticks(range(len(rows)), [plain(row.name, 28) for row in rows])
    left.set_ylim(len(rows) - 0.5, -0.5)
    for axes in right:
        _differences(axes, comparison, scale)
    what = comparison.label_and_part
    figure.set_label(f"{what[0].upper()}{what[1:]} of {len(rows)} variants. {verdict(comparison)}")
    return figure


def _scores(axes: Axes, comparison: Comparison, scale: Scale) -> None:
    for position, row in enumerate(comparison.rows):
        lanes = position + np.linspace(-0.22, 0.22, len(row.scores)) if len(row.scores) > 1 else [position]
        axes.plot([row.mean] * 2, [position - 0.34, position + 0.34], color=INK, linewidth=2)
        axes.plot(row.scores, lanes, "o", color=BLUE, markersize=4, alpha=0.65, markeredgewidth=0, zorder=3)
    every = [outcome.score for outcome in comparison.outcomes]
    room = REACH * ((max(every) - min(every)) or abs(max(every)) or 1.0)
    beyond = []
    for name, score in comparison.baselines.items():
        if min(every) - room <= score <= max(every) + room:
            axes.axvline(score, color=ORANGE, linestyle=(0, (4, 1.5)), linewidth=1)
            axes.annotate(
                plain(name), (score, 1), (2, -2), xycoords=("data", "axes fraction"), textcoords="offset points",
                rotation=90, va="top", fontsize=7, color=ORANGE,
            )  # fmt: skip
        else:
            beyond.append(f"{name} {scale.number(score)}{scale.unit}")
    axes.xaxis.set_major_formatter(FuncFormatter(lambda score, _: f"{scale.number(score)}{scale.unit}"))
    axes.locator_params(axis="x", nbins=5)
    axes.grid(axis="x", color=PALE, linewidth=0.5, alpha=0.6)
    axes.set_xlabel(f"far off: {', '.join(beyond)}" if beyond else "")
    better = "more" if comparison.higher_is_better else "less"
    heading(axes, f"runs and their mean, {better} is better", "")
    quiet(axes)


def _differences(axes: Axes, comparison: Comparison, scale: Scale) -> None:
    for position, row in enumerate(comparison.rows):
        if row.difference:
            is_told = row.p is not None and row.p < LEVEL
            draw_difference(axes, position, row.difference.mean, row.difference.interval, is_told)
    references = list(dict.fromkeys(row.against for row in comparison.rows if row.against))
    seen_as_differences(axes, scale, ticks=5)
    heading(axes, "difference from " + ", or all but one from ".join(map(plain, references)), "")
    axes.tick_params(axis="y", length=0)


def draw_difference(
    axes: Axes, position: int, mean: float, interval: tuple[float, float] | None, is_told: bool
) -> None:
    """A point, filled if it is told from zero, and its interval."""
    if interval:
        axes.plot(interval, [position] * 2, color=BLUE, linewidth=1.6)
    axes.plot(
        mean, position, "o", color=BLUE, markersize=6, markeredgewidth=1.6,
        markerfacecolor=BLUE if is_told else "white",
    )  # fmt: skip


def seen_as_differences(axes: Axes, scale: Scale, ticks: int) -> None:
    """A line at zero, signs on the axis, and its unit."""
    axes.axvline(0, color=MUTED, linewidth=0.8, zorder=0)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: scale.signed(value)))
    axes.locator_params(axis="x", nbins=ticks)
    axes.margins(x=0.15)
    axes.grid(axis="x", color=PALE, linewidth=0.5, alpha=0.6)
    axes.set_xlabel(scale.points.strip())
    quiet(axes)
