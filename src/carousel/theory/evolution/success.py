"""The figure of the trials: which cell learnt which task, and how well."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import PercentFormatter

from carousel.style import BLUE, MUTED, ORANGE, PALE, heading, house_style
from carousel.theory.evolution.drawing import LABELS, dress, new_figure
from carousel.theory.evolution.tasks import TASKS


@house_style
def success(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Figure:
    figure = new_figure("From the RNN to the LSTM: what each step learns", 8, 5)
    panels = figure.subplots(2, len(measured), sharex="col", sharey="row")
    for column, (task, found) in enumerate(measured.items()):
        _rates(panels[0, column], task, predicted[task], found)
        _errors(panels[1, column], task, predicted[task], found)
    panels[0, 0].set_ylabel("seeds that learnt it")
    panels[1, 0].set_ylabel("test error of each seed")
    return figure


def _rates(axes: Axes, task: str, predicted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    steps = list(found["rate"])
    seeds = len(found["errors"][steps[0]])
    for place, step in enumerate(steps):
        if step in predicted["rate"]:
            axes.plot([place, place], predicted["rate"][step], color=BLUE, linewidth=7, solid_capstyle="butt")
        else:
            axes.axvspan(place - 0.5, place + 0.5, color=PALE, alpha=0.25, linewidth=0)
    axes.plot(
        range(len(steps)), list(found["rate"].values()), linestyle="none", color=ORANGE, marker="o",
        markersize=6.5, markerfacecolor="white", markeredgewidth=1.6, clip_on=False, zorder=4,
    )  # fmt: skip
    axes.set_ylim(-0.06, 1.06)
    axes.set_xlim(-0.5, len(steps) - 0.5)
    axes.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %", decimals=0))
    heading(axes, TASKS[task].title, f"{seeds} seeds, {TASKS[task].criterion}")
    dress(axes, "", "")
    handles = [
        Line2D([], [], color=BLUE, linewidth=7, label="predicted"),
        Line2D(
            [], [], linestyle="none", color=ORANGE, marker="o", markersize=6, markerfacecolor="white",
            markeredgewidth=1.6, label="measured",
        ),
        Line2D([], [], color=PALE, alpha=0.5, linewidth=7, label="left open by theory"),
    ]  # fmt: skip
    if task == "adding":
        axes.legend(handles=handles, loc="center left", fontsize=7.5, framealpha=0.9, edgecolor="none")


def _errors(axes: Axes, task: str, predicted: Mapping[str, Any], found: Mapping[str, Any]) -> None:
    steps = list(found["errors"])
    for place, step in enumerate(steps):
        errors = np.sort(found["errors"][step])
        spread = place + np.linspace(-0.25, 0.25, len(errors))
        axes.plot(
            spread, errors, linestyle="none", color=ORANGE, marker="o", markersize=3.2, markerfacecolor="white",
            clip_on=False,
        )  # fmt: skip
    axes.axhline(predicted["blind"], color=BLUE, linewidth=1.3)
    axes.text(
        (len(steps) - 1) / 2, predicted["blind"] * 1.3, "a blind answer, predicted", color=BLUE, fontsize=7,
        ha="center", va="bottom",
    )  # fmt: skip
    axes.axhline(TASKS[task].limit, color=MUTED, linewidth=0.9, linestyle=(0, (4, 2)))
    axes.text(-0.45, TASKS[task].limit * 0.92, "learnt below", color=MUTED, fontsize=7, va="top")
    axes.set_yscale("log")
    axes.set_ylim(top=2)
    dress(axes, "", "")
    axes.set_xticks(
        range(len(steps)), [LABELS[step] for step in steps], rotation=45, ha="right", fontsize=7.5
    )
