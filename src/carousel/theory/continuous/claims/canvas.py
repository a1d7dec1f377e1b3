"""The sheet that every figure of this part is drawn on."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from carousel.style import PALE, TITLE_ROOM, quiet, write_title

WIDTH, HEIGHT = 8.0, 4.0  # inches


def canvas(title: str, widths: Sequence[float]) -> tuple[Figure, list[Axes]]:
    """A figure with panels side by side, of these relative widths."""
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08, rect=(0, 0, 1, 1 - TITLE_ROOM / HEIGHT))
    figure = Figure(figsize=(WIDTH, HEIGHT), layout=layout)
    write_title(figure, title)
    panels = list(np.ravel(figure.subplots(1, len(widths), width_ratios=widths)))
    for axes in panels:
        quiet(axes)
        axes.tick_params(which="minor", length=1.5, width=0.6, color=PALE)
    return figure, panels
