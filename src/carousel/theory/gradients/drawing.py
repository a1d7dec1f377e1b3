"""What the figures of this part share."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from carousel.style import MUTED, PALE, TITLE_ROOM, quiet, write_title

WIDTH, HEIGHT = 8, 4.2


def one_panel(title: str, key: str) -> tuple[Figure, Axes]:
    """A figure with room for its title, and one quiet panel with a grid under a line that says what is drawn how."""
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08, rect=(0, 0, 1, 1 - TITLE_ROOM / HEIGHT))
    figure = Figure(figsize=(WIDTH, HEIGHT), layout=layout)
    write_title(figure, title)
    axes = figure.subplots()
    axes.grid(color=PALE, linewidth=0.5, alpha=0.6)
    axes.set_title(key, fontsize=8.5, color=MUTED)
    quiet(axes)
    return figure, axes


def write_beside(axes: Axes, x: float, y: float, text: str, colour: str) -> None:
    """A label at the right of a line's last point."""
    axes.annotate(
        text, (x, y), xytext=(7, 0), textcoords="offset points", va="center", fontsize=8, color=colour
    )
