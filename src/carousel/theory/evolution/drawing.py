"""What the figures of the road share: names of the steps, curves of prediction and measurement, legends."""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from carousel.style import BLUE, INK, MUTED, ORANGE, PALE, TITLE_ROOM, quiet, write_title
from carousel.theory.evolution.steps import STEPS

LABELS = dict(
    zip(
        STEPS,
        (
            "standard RNN",
            "S1 split",
            "S2 proportions",
            r"S3 $W_s = I$",
            "S4 readout gate",
            "S5 input gate",
            "S6 bounded",
            "S7 Vanilla LSTM",
            "augmented LSTM",
        ),
        strict=True,
    )
)
LOOKS = ((BLUE, "o"), (ORANGE, "s"), (INK, "^"), (MUTED, "D"), ("#7a9cc6", "v"))
"""Colour and marker of the curves of a panel, in their order; the markers tell them apart in greyscale."""


def new_figure(title: str, width: float = 8.0, height: float = 3.4) -> Figure:
    room = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08, rect=(0, 0, 1, 1 - TITLE_ROOM / height))
    figure = Figure(figsize=(width, height), layout=room)
    write_title(figure, title)
    return figure


def dress(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x)
    axes.set_ylabel(y)
    axes.grid(axis="y", color=PALE, linewidth=0.5, alpha=0.6)
    quiet(axes)


def curve(axes: Axes, x: Any, line: Any, points: Any, look: int, label: str, *, every: int = 1) -> None:
    """A predicted line, and measured points at every so many steps, later curves a little shifted."""
    colour, marker = LOOKS[look]
    some = slice(look * every // len(LOOKS), None, every)
    axes.plot(x, line, color=colour, linewidth=1.3)
    axes.plot(
        np.asarray(x)[some], np.asarray(points)[some], linestyle="none", color=colour, marker=marker,
        markersize=4.5, markerfacecolor="white", markeredgewidth=1.1, label=label, clip_on=False, zorder=3,
    )  # fmt: skip


def legend(axes: Axes, place: str, title: str = "line: predicted, points: measured") -> None:
    box = axes.legend(
        loc=place, title=title, fontsize=7.5, title_fontsize=7.5, framealpha=0.9, edgecolor="none",
        labelcolor=INK, alignment="left",
    )  # fmt: skip
    box.get_title().set_color(MUTED)
