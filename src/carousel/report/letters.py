"""Text that a model wrote, with what its layer did at each letter."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import ArrayLike, NDArray

from carousel.report.signals import GATES
from carousel.style import (
    BLUE,
    INK,
    PALE,
    SHARE,
    SIGNED,
    TITLE_ROOM,
    heading,
    house_style,
    quiet,
    write_title,
)

UNITS = 12
BLANKS = {" ": "␣", "\n": "↵", "\t": "→"}


@house_style
def letters(said: Sequence[str], chances: ArrayLike, signals: Mapping[str, ArrayLike], title: str) -> Figure:
    """T letters in a row, and below each the chance that it had, and gates and state of a few units as it was read.

    Args:
        said: the letters.
        chances: [T], what the model gave each letter before it was drawn.
        signals: the paper's `s` [T, d_s] and those of its gates that the layer has, at the step that reads the letter;
            others are ignored.
        title: of the figure.

    Units are those whose state varies most over the letters, and stand in the order in which they keep it: highest mean
    of `g_cs` on top. The figure's label describes it in words.
    """
    shown = {name: np.asarray(signals[name], dtype=float) for name in (*GATES, "s") if name in signals}
    units = most_varied(shown)
    gates = [name for name in GATES if name in shown]
    heights = [0.7, *[1.15] * (len(gates) + 1)]
    height = TITLE_ROOM + sum(heights) + 0.42 * len(heights) + 0.3
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.03, rect=(0, 0, 1, 1 - TITLE_ROOM / height))
    figure = Figure(figsize=(9, height), layout=layout)
    write_title(figure, title)
    top, *panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights)
    _chances(top, np.asarray(chances, dtype=float))
    for name, axes in zip(gates, panels, strict=False):
        english, meaning = GATES[name]
        heat(axes, shown[name][:, units], SHARE, (0.0, 1.0))
        heading(axes, f"$g_{{{name[2:]}}}$  {english}", meaning)
    largest = float(np.abs(shown["s"][:, units]).max()) or 1.0
    heat(panels[-1], shown["s"][:, units], SIGNED, (-largest, largest))
    heading(panels[-1], "$s$  state", "what is remembered")
    for axes in (top, *panels):
        _write(axes, said)
    figure.set_label(
        f"{len(said)} letters that the model wrote, “{''.join(said)}”, the chance that each had, and below it gates "
        f"and state of {len(units)} units. The mean chance of a letter is {np.mean(np.asarray(chances)):.2f}."
    )
    return figure


def most_varied(shown: Mapping[str, NDArray[np.float64]]) -> NDArray[np.intp]:
    """The units whose state varies most, those that keep it longest first."""
    state = shown["s"]
    varied = np.argsort(-state.std(axis=0), kind="stable")[:UNITS]
    kept = shown.get("g_cs", state)
    return varied[np.argsort(-kept[:, varied].mean(axis=0), kind="stable")]


def _chances(axes: Axes, chances: NDArray[np.float64]) -> None:
    axes.bar(np.arange(len(chances)), chances, width=0.8, color=BLUE)
    axes.set_ylim(0, 1)
    axes.set_yticks([0, 1])
    axes.grid(axis="y", color=PALE, linewidth=0.5, alpha=0.6)
    heading(axes, "chance of the letter", "what the model gave it before it was drawn")
    quiet(axes)


def heat(axes: Axes, values: NDArray[np.float64], colours: Colormap, limits: tuple[float, float]) -> None:
    """Units [T, n] over time, with their scale beside them."""
    image = axes.imshow(values.T, cmap=colours, vmin=limits[0], vmax=limits[1], aspect="auto")
    axes.set_yticks([])
    axes.set_ylabel(f"{values.shape[1]} units", rotation=0, ha="right", va="center")
    quiet(axes, frame=True)
    key = axes.figure.colorbar(image, ax=axes, ticks=limits, aspect=12, pad=0.01)
    key.set_ticklabels([f"{limit:.1f}".removesuffix(".0").replace("-", "−") for limit in limits])
    quiet(key.ax)


def _write(axes: Axes, said: Sequence[str]) -> None:
    """The letters under a panel, one below each step."""
    names = [BLANKS.get(letter, letter if letter.isprintable() else "·") for letter in said]
    axes.set_xticks(range(len(said)), [name.replace("$", r"\$") for name in names])
    axes.tick_params(axis="x", length=0, labelbottom=True, labelfontfamily="DejaVu Sans Mono", pad=2)
    axes.tick_params(axis="x", labelcolor=INK, labelsize=7.5)
    axes.set_xlim(-0.5, len(said) - 0.5)
