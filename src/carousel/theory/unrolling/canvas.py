"""The sheet that every figure of this part is drawn on."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from carousel.style import TITLE_ROOM, quiet, write_title

WIDTH, HEIGHT = 8.0, 4.4  # inches


def canvas(title: str, panels: int = 1) -> tuple[Figure, list[Axes]]:
    """A figure with its title and panels side by side that share their vertical axis."""
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08, rect=(0, 0, 1, 1 - TITLE_ROOM / HEIGHT))
    figure = Figure(figsize=(WIDTH, HEIGHT), layout=layout)
    write_title(figure, title)
    axes = list(figure.subplots(1, panels, sharey=True, squeeze=False)[0])
    for panel in axes:
        quiet(panel)
    return figure, axes
