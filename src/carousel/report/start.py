"""What a start from another run was worth: losses over the epochs and test scores, with the start and without."""

from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from carousel.style import (
    BLUE,
    INK,
    ORANGE,
    PALE,
    heading,
    house_style,
    marker,
    percent,
    quiet,
    whole_numbers,
)
from carousel.training import Run
from carousel.training.from_nothing import Comparison


class _Line(NamedTuple):
    run: Run
    name: str
    color: str


@house_style
def start_or_nothing(comparison: Comparison) -> Figure:
    """Training and validation loss of both runs against the epoch, and beside them their scores of the test part.

    The figure's label describes it in words.
    """
    figure = Figure(figsize=(9, 3.4), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    left, right = figure.subplots(1, 2, width_ratios=[1.5, 1])
    lines = (
        _Line(comparison.drawn, "from nothing", ORANGE),
        _Line(comparison.started, "from the run", BLUE),
    )
    for line in lines:
        _losses(left, line)
    heading(left, "loss", "dashed: training")
    if min(left.dataLim.intervaly) >= 0:
        left.set_ylim(bottom=0)
    left.set_xlabel("epoch")
    left.xaxis.set_major_locator(whole_numbers())
    left.grid(axis="y", color=PALE, linewidth=0.5, alpha=0.6)
    left.legend(framealpha=1, edgecolor="none", fontsize=8, labelcolor=INK, handlelength=2.6)
    quiet(left)
    _scores(right, comparison, lines)
    figure.set_label(f"Loss over the epochs and score of the test part. {comparison.verdict}")
    return figure


def _losses(axes: Axes, line: _Line) -> None:
    rows, kept = line.run.history(), line.run.metrics()["best_epoch"]
    epochs = [row["epoch"] for row in rows]
    training, validation = ([row[f"{part}_loss"] for row in rows] for part in ("train", "validation"))
    dot = marker(len(rows))
    axes.plot(epochs, training, color=line.color, linestyle=(0, (4, 1.5)), linewidth=0.9, alpha=0.7)
    axes.plot(
        epochs, validation, color=line.color, linewidth=1.8, marker=dot, markersize=2.5, label=line.name
    )
    axes.plot(
        kept, validation[kept - 1], color=line.color, linestyle="none", marker="o", markersize=7,
        markerfacecolor="white", markeredgewidth=1.8, zorder=5,
    )  # fmt: skip


def _scores(axes: Axes, comparison: Comparison, lines: tuple[_Line, ...]) -> None:
    task = comparison.started.task
    values = comparison.test_scores[::-1]
    axes.barh(range(len(lines)), values, height=0.36, color=[line.color for line in lines])
    axes.set_yticks(range(len(lines)), [line.name for line in lines])
    for place, value in enumerate(values):
        text = percent(value) if task.is_share else f"{value:.4g}"
        axes.text(max(value, 0), place, f"  {text}", va="center_baseline", fontsize=8, color=INK)
    axes.set_xlim(right=1.25 * max(1.0 if task.is_share else 0.0, *values) or 1.0)
    axes.set_ylim(-0.7, len(lines) - 0.3)
    axes.set_xticks([])
    better = "more" if task.higher_is_better else "less"
    heading(axes, comparison.name, f"{better} is better")
    quiet(axes)
    axes.tick_params(length=0)
