"""The picture of a gradient flow: how the error fades with the lag, in the norm and unit by unit."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from carousel.equations.arrays import Array
from carousel.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    PALE,
    SHARE,
    TITLE_ROOM,
    heading,
    house_style,
    marker,
    quiet,
    whole_numbers,
    write_title,
)
from carousel.theory.gradients.flow import GradientFlow

FAINTEST = 1e-12
"""Shares below this are not drawn in the curve: they say nothing but "gone"."""
PALEST = 1e-4
"""The share at which the heat map is white."""
DARKEST = 10.0
"""The share from which on it grows no darker."""
MOST_SEQUENCES = 40


@house_style
def plot_flow(flow: GradientFlow, title: str | None = None, share: float = 0.01) -> Figure:
    """|dE/ds| against the lag, and below it every unit's share as a heat map, longest memory on top.

    The norm is the root mean square over the sequences, relative to lag 0; pale lines are single sequences, the first
    40 of them. The ring is where it has fallen to `share` for good. The figure's label describes it in words.

    Raises ValueError where `share` does not lie between 0 and 1.
    """
    reach = flow.reach(share)
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.06, rect=(0, 0, 1, 1 - TITLE_ROOM / 5))
    figure = Figure(figsize=(8, 5), layout=layout)
    write_title(figure, title or f"How far back an error reaches: {flow.name}")
    curve, heat = figure.subplots(2, 1, sharex=True, height_ratios=[1, 1.1])
    _curve(curve, flow, share, reach)
    _heat(figure, heat, flow, share)
    lags = len(flow.psi)
    heat.set_xlim(-0.5, lags - 0.5)
    heat.xaxis.set_major_locator(whole_numbers())
    heat.set_xlabel("lag: steps from the one where E is read")
    figure.set_label(
        f"The norm of dE/ds of {flow.name} over {lags} lags, sequences: {len(flow.lengths)}; "
        f"{_reach_in_words(reach, share)}."
    )
    return figure


def _curve(axes: Axes, flow: GradientFlow, share: float, reach: int | None) -> None:
    relative, lags = flow.relative, np.arange(len(flow.psi))
    starts = np.where(flow.norms[0] > 0, flow.norms[0], np.nan)
    if len(flow.lengths) > 1:
        single = (flow.norms / starts)[:, :MOST_SEQUENCES]
        axes.plot(lags, _drawn(single), color=PALE, linewidth=0.7, zorder=1)
    axes.plot(
        lags, _drawn(relative), color=BLUE, linewidth=2, marker=marker(len(lags)), markersize=3, zorder=3
    )
    axes.axhline(share, color=ORANGE, linewidth=1, linestyle=(0, (4, 2)))
    axes.annotate(
        f"{100 * share:g} %", (1, share), xycoords=("axes fraction", "data"), xytext=(4, 0),
        textcoords="offset points", va="center", fontsize=8, color=ORANGE,
    )  # fmt: skip
    if reach is not None:
        axes.plot(
            reach, relative[reach].clip(FAINTEST), color=BLUE, marker="o", markersize=8,
            markerfacecolor="white", markeredgewidth=1.8, zorder=4,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylabel(r"$|\partial E/\partial s[n]|$, relative to lag 0")
    axes.grid(color=PALE, linewidth=0.5, alpha=0.6)
    axes.tick_params(labelbottom=False)
    quiet(axes)
    heading(
        axes,
        r"norm of the state error signal $\psi[n] = \partial E/\partial s[n]$",
        _reach_in_words(reach, share),
    )


def _drawn(values: Array) -> Array:
    return np.where(values >= FAINTEST, values, np.nan)


def _heat(figure: Figure, axes: Axes, flow: GradientFlow, share: float) -> None:
    units, reaches = flow.units, flow.unit_reaches(share)
    ends = np.array([len(units) if reach is None else reach for reach in reaches])
    order = np.lexsort((-np.nansum(units, axis=0), -ends))
    most = float(np.clip(np.nanmax(units), 1.0, DARKEST))
    image = axes.imshow(
        np.clip(units[:, order].T, PALEST, None),
        cmap=SHARE, norm=LogNorm(PALEST, most), aspect="auto", interpolation="nearest",
    )  # fmt: skip
    edges = np.arange(len(ends) + 1) - 0.5
    axes.stairs(ends[order] - 0.5, edges, orientation="horizontal", baseline=None, color=INK, linewidth=1)
    axes.set_ylabel(f"{units.shape[1]} units,\nlongest memory\non top", rotation=0, ha="right", va="center")
    axes.set_yticks([])
    quiet(axes, frame=True)
    heading(axes, "the same unit by unit", f"line: fallen to {100 * share:g} %")
    key = figure.colorbar(
        image, ax=axes, pad=0.01, aspect=14, extend="both" if np.nanmax(units) > most else "min"
    )
    key.set_label("relative to the unit's lag 0", color=MUTED)
    quiet(key.ax)
    key.ax.minorticks_off()


def _reach_in_words(reach: int | None, share: float) -> str:
    if reach is None:
        return f"not fallen to {100 * share:g} % for good within the data"
    return f"fallen to {100 * share:g} % at lag {reach}"
