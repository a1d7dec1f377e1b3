"""Music as pictures: what was told of a piece, and what a model composed."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import ArrayLike, NDArray

from carousel.data.rolls import LOWEST, NAMES
from carousel.report.letters import heat, most_varied
from carousel.report.signals import GATES
from carousel.style import (
    BLUE,
    ORANGE,
    SHARE,
    SIGNED,
    TITLE_ROOM,
    heading,
    house_style,
    quiet,
    whole_numbers,
    write_title,
)

MARGIN = 2
"""Keys that are shown above and below those that sound."""


@house_style
def told_piece(roll: ArrayLike, chances: ArrayLike, losses: ArrayLike, title: str) -> Figure:
    """The chance that each key had at each frame, the keys that sounded, and how much the frame cost.

    Args:
        roll: [T, 88], 1 where a key sounds.
        chances: [T, 88], what the model gave each key before the frame was known.
        losses: [T], the negative log-likelihood of each frame in nats.
        title: of the figure.

    The figure's label describes it in words.
    """
    sounding, given = np.asarray(roll) > 0, np.asarray(chances, dtype=float)
    costs = np.asarray(losses, dtype=float)
    keys = _keys(sounding | (given > 0.5))
    figure, (top, bottom) = _panels(title, (0.1 * len(keys), 0.9))
    _heat_of_keys(top, given[:, keys], keys)
    frames, places = np.nonzero(sounding[:, keys])
    top.scatter(frames, places, s=9, marker="o", color=ORANGE, linewidths=0)
    heading(top, "chance of each key", "dots: what sounded")
    bottom.bar(np.arange(len(costs)), costs, width=0.8, color=BLUE)
    heading(bottom, "cost of the frame, nats", f"{costs[1:].mean():.2f} on average, without the first")
    quiet(bottom)
    _share_time(bottom, len(costs))
    figure.set_label(
        f"A piece of {len(costs)} frames: the chance that the model gave each key, and dots where one sounded. A frame "
        f"costs {costs[1:].mean():.2f} nats on average."
    )
    return figure


@house_style
def composition(roll: ArrayLike, signals: Mapping[str, ArrayLike], title: str) -> Figure:
    """The keys of a piece that a model composed, and gates and state of a few units as it went.

    Args:
        roll: [T, 88], 1 where a key sounds.
        signals: the paper's `s` [T, d_s] and its gates, at the step that told each frame; others are ignored. May be
            empty.
        title: of the figure.

    Units are chosen and ordered as in `letters`. The figure's label describes it in words.
    """
    sounding = np.asarray(roll) > 0
    keys = _keys(sounding)
    shown = {name: np.asarray(signals[name], dtype=float) for name in (*GATES, "s") if name in signals}
    figure, (top, *panels) = _panels(title, (0.1 * len(keys), *[1.1] * len(shown)))
    _heat_of_keys(top, sounding[:, keys].astype(float), keys)
    heading(top, "keys", "drawn one frame after the other")
    units = most_varied(shown) if shown else np.array([], int)
    for name, axes in zip(shown, panels, strict=True):
        if name == "s":
            largest = float(np.abs(shown["s"][:, units]).max()) or 1.0
            heat(axes, shown["s"][:, units], SIGNED, (-largest, largest))
            heading(axes, "$s$  state", "what is remembered")
        else:
            heat(axes, shown[name][:, units], SHARE, (0.0, 1.0))
            heading(axes, f"$g_{{{name[2:]}}}$  {GATES[name][0]}", GATES[name][1])
    _share_time(panels[-1] if panels else top, len(sounding))
    names = ", ".join(name for name in shown if name != "s")
    figure.set_label(
        f"A piece of {len(sounding)} frames that the model composed, {sounding.sum(axis=1).mean():.1f} keys sounding "
        "at a time"
        + (f", and below it the gates {names} and the state of {len(units)} units." if shown else ".")
    )
    return figure


def _keys(sounding: NDArray[np.bool_]) -> NDArray[np.intp]:
    """The keys to show: all between the lowest and the highest that sounds, and some more."""
    used = np.flatnonzero(sounding.any(axis=0))
    low, high = (used[0], used[-1]) if len(used) else (39, 51)
    return np.arange(max(low - MARGIN, 0), min(high + MARGIN + 1, sounding.shape[1]))


def _panels(title: str, heights: Sequence[float]) -> tuple[Figure, list[Axes]]:
    height = TITLE_ROOM + sum(heights) + 0.35 * len(heights) + 0.4
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.04, rect=(0, 0, 1, 1 - TITLE_ROOM / height))
    figure = Figure(figsize=(9, height), layout=layout)
    write_title(figure, title)
    panels = figure.subplots(len(heights), 1, sharex=True, height_ratios=heights, squeeze=False)
    return figure, list(panels[:, 0])


def _heat_of_keys(axes: Axes, values: NDArray[np.float64], keys: NDArray[np.intp]) -> None:
    axes.imshow(values.T, cmap=SHARE, vmin=0, vmax=1, aspect="auto", origin="lower", interpolation="nearest")
    octaves = [place for place, key in enumerate(keys) if (key + LOWEST) % 12 == 0]
    axes.set_yticks(octaves, [NAMES[keys[place]] for place in octaves])
    quiet(axes, frame=True)


def _share_time(bottom: Axes, frames: int) -> None:
    bottom.set_xlim(-0.5, frames - 0.5)
    bottom.xaxis.set_major_locator(whole_numbers())
    bottom.set_xlabel("frame")
