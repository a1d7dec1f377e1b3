"""How every figure looks: one palette that also reads in greyscale, quiet axes, labels that keep apart.

Colour maps share one rule, darker is larger, and their lightness falls steadily from end to end: a greyscale
print keeps the order of all values, even the sign where a map is signed.
"""

from collections.abc import Sequence

import matplotlib.style
import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.figure import Figure
from matplotlib.font_manager import fontManager
from matplotlib.ticker import MaxNLocator

INK = "#1c2530"
MUTED = "#5f6b78"
PALE = "#c3cad2"
BLUE = "#17477f"
ORANGE = "#c2611a"

SHARE = LinearSegmentedColormap.from_list(
    "carousel_share", ["#fbfaf6", "#c9dcdc", "#6fa6bd", "#2a6597", "#0d2748"]
)
SIGNED = LinearSegmentedColormap.from_list(
    "carousel_signed", ["#fff0b3", "#ecbd69", "#a5a09c", "#416d9e", "#081d3d"]
)

TITLE_ROOM = 0.35  # inches
WIDE_FONTS = ("Noto Sans CJK JP", "Hiragino Sans", "Yu Gothic", "Arial Unicode MS", "Noto Sans")

house_style = matplotlib.style.context(
    [
        "default",
        {
            "figure.facecolor": "white",
            "font.family": [
                "DejaVu Sans",
                *(name for name in WIDE_FONTS if name in fontManager.get_font_names()),
            ],
            "font.size": 9,
            "mathtext.fontset": "dejavuserif",
            "text.color": INK,
            "axes.edgecolor": PALE,
            "axes.labelcolor": MUTED,
            "axes.labelsize": 8,
            "axes.linewidth": 0.8,
            "axes.titlecolor": INK,
            "axes.titlesize": 9.5,
            "axes.titlelocation": "left",
            "lines.linewidth": 1.2,
        },
    ]
)
"""Decorator: draw in the project's style whatever the user's own matplotlib settings are."""


def quiet(axes: Axes, *, frame: bool = False) -> None:
    """Small grey tick labels, and no box around the data unless `frame`."""
    axes.tick_params(length=2.5, width=0.8, pad=3, color=PALE, labelcolor=MUTED, labelsize=8)
    axes.spines[:].set_visible(frame)


def write_title(figure: Figure, text: str) -> None:
    """The figure's title, within `TITLE_ROOM` of its upper edge."""
    width, height = figure.get_size_inches()
    place = {"x": 0.1 / width, "y": 1 - 0.1 / height, "ha": "left", "va": "top"}
    figure.suptitle(plain(text, 90), fontsize=11.5, fontweight="bold", **place)


def heading(axes: Axes, what: str, remark: str) -> None:
    """What a panel shows, above it on the left, and a quiet remark on the right."""
    axes.set_title(what)
    axes.set_title(remark, loc="right", color=MUTED, fontsize=8)


def percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def whole_numbers() -> MaxNLocator:
    """Ticks at round whole numbers only, however few they are."""
    return MaxNLocator(integer=True, min_n_ticks=1, steps=[1, 2, 5, 10])


def marker(points: int) -> str:
    """Dots on a line of few points, where they help (a single point would be invisible without one)."""
    return "o" if points <= 40 else ""


def spread(values: Sequence[float], gap: float, low: float, high: float) -> list[float]:
    """Positions near `values`, in their order, at least `gap` apart and, if they fit, within [low, high]."""
    order = np.argsort(values, kind="stable")
    placed = np.asarray(values, dtype=float).clip(low, high)
    for below, above in zip(order, order[1:], strict=False):
        placed[above] = max(placed[above], placed[below] + gap)
    ceiling = high
    for index in order[::-1]:
        placed[index] = min(placed[index], ceiling)
        ceiling = placed[index] - gap
    return [float(value) for value in placed]


def plain(name: str, length: int = 20) -> str:
    """A user's name as a figure shows it: one line, its middle left out if long, dollars not read as TeX."""
    line = " ".join(name.split())
    if len(line) > length:
        half = (length - 1) // 2
        line = f"{line[: length - 1 - half]}…{line[-half:]}"
    return line.replace("$", r"\$")
