"""How good forecasts are: beside the truth, by lead beside the naive ones, and whether bands hold what they say."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import LogLocator, NullLocator, PercentFormatter
from numpy.typing import NDArray

from carousel.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    PALE,
    TITLE_ROOM,
    heading,
    house_style,
    marker,
    percent,
    plain,
    quiet,
    spread,
    whole_numbers,
    write_title,
)

Values = NDArray[np.float64]
LINES = {
    "forecast": ("model", BLUE, "-"),
    "seasonal": ("seasonal naive", ORANGE, "--"),
    "ar": ("autoregression", INK, "-."),
    "persistence": ("persistence", MUTED, ":"),
}


class Shot(NamedTuple):
    """A forecast of one target from one origin.

    Attributes:
        origin: the step it was made at.
        middle: [H], for the steps after it.
        lower, upper: [H], its band; None for a point.
    """

    origin: int
    middle: Values
    lower: Values | None = None
    upper: Values | None = None


@house_style
def stretch(
    y: Values, shots: Sequence[Shot], title: str, target: str, times: NDArray[Any], nominal: float | None
) -> Figure:
    """The truth over a stretch of steps, and what was said about it from some origins.

    Args:
        y: [T], NaN where nothing was measured.
        shots: the forecasts; leads beyond the stretch are left out.
        title: of the figure.
        target: what y is.
        times: [T], datetime64 or numbers.
        nominal: the share that the bands are made to hold.
    """
    figure = Figure(figsize=(9, 3.6), layout=ConstrainedLayoutEngine(rect=(0, 0, 1, 1 - TITLE_ROOM / 3.6)))
    write_title(figure, title)
    axes = figure.subplots()
    draw_shots(axes, y, shots, times)
    axes.set_ylabel(plain(target))
    inside = _share_inside(y, shots)
    heading(
        axes, _key(nominal), "" if inside is None else f"{percent(inside)} of these truths lie in the bands"
    )
    if np.issubdtype(times.dtype, np.datetime64):
        locator = AutoDateLocator()  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        axes.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    else:
        axes.xaxis.set_major_locator(whole_numbers())
    figure.set_label(
        f"{target} over {len(y)} steps, and forecasts from {len(shots)} origins"
        + ("." if inside is None else f"; {percent(inside)} of the truths lie in the bands.")
    )
    return figure


def draw_shots(axes: Axes, y: Values, shots: Sequence[Shot], x: NDArray[Any]) -> None:
    """The truth y [T] over x [T], and forecasts with their bands, each from a tick at its origin."""
    axes.plot(x, y, color=INK, linewidth=1.1, marker=marker(len(y)), markersize=2.5, zorder=3)
    for shot in shots:
        leads = slice(shot.origin + 1, min(shot.origin + 1 + len(shot.middle), len(y)))
        count = leads.stop - leads.start
        if shot.lower is not None and shot.upper is not None:
            if count == 1:
                axes.vlines(x[leads], shot.lower[:1], shot.upper[:1], color=BLUE, alpha=0.35, linewidth=2.5)
            axes.fill_between(
                x[leads], shot.lower[:count], shot.upper[:count], color=BLUE, alpha=0.22, linewidth=0
            )
        dot = "o" if count == 1 else marker(count)
        axes.plot(x[leads], shot.middle[:count], color=BLUE, marker=dot, markersize=2.5, zorder=4)
        axes.axvline(x[shot.origin], color=PALE, linewidth=0.8, zorder=0)
    axes.set_xlim(x[0], x[-1])
    axes.grid(axis="y", color=PALE, linewidth=0.5, alpha=0.6)
    quiet(axes)


def _key(nominal: float | None) -> str:
    band = "" if nominal is None else f" with its {nominal:.0%} band".replace("%", " %")
    return f"black: truth; blue: forecast{band}; grey: where it was made"


def _share_inside(y: Values, shots: Sequence[Shot]) -> float | None:
    inside = []
    for shot in shots:
        if shot.lower is not None and shot.upper is not None:
            truth = y[shot.origin + 1 : shot.origin + 1 + len(shot.middle)]
            known = ~np.isnan(truth)
            low, high = shot.lower[: len(truth)][known], shot.upper[: len(truth)][known]
            inside.append((truth[known] >= low) & (truth[known] <= high))
    found = np.concatenate(inside) if inside else np.empty(0)
    return float(found.mean()) if found.size else None


@house_style
def by_lead(errors: Mapping[str, Sequence[float | None]], target: str) -> Figure:
    """The mean absolute error [H] of the model and of simpler means, lead by lead.

    `errors` has the keys `forecast`, `seasonal` and `persistence`, and `ar` where it is told; None where no truth was
    measured at a lead.
    """
    lines = {name: np.array(values, dtype=float) for name, values in errors.items()}
    if np.array_equal(lines["seasonal"], lines["persistence"], equal_nan=True):
        del lines["seasonal"]
    figure = Figure(figsize=(9, 3.4), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    axes, margin = figure.subplots(1, 2, width_ratios=[1, 0.3], sharey=True)
    leads = np.arange(1, len(lines["forecast"]) + 1)
    for name, values in lines.items():
        _, colour, dashes = LINES[name]
        axes.plot(leads, values, color=colour, linestyle=dashes, marker=marker(len(leads)), markersize=2.5)
    known = np.concatenate(list(lines.values()))
    known = known[known > 0]
    if known.size and known.max() > 8 * known.min():
        axes.set_yscale("log")
        axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_locator(NullLocator())
    else:
        axes.set_ylim(bottom=0)
    axes.set_xlabel("lead: steps ahead")
    axes.xaxis.set_major_locator(whole_numbers())
    axes.set_xlim(0.5, len(leads) + 0.5)
    axes.grid(axis="y", color=PALE, linewidth=0.5, alpha=0.6)
    quiet(axes)
    means = {name: float(np.nanmean(values)) for name, values in lines.items()}
    told = {name: f"{LINES[name][0]} {mean:.4g}" for name, mean in means.items()}
    heading(axes, f"mean absolute error of {plain(target)}", "right: the mean over all leads")
    _name_ends(margin, lines, told)
    figure.set_label(f"Mean absolute error of {target} by lead; over all leads: {', '.join(told.values())}.")
    return figure


def _name_ends(axes: Axes, lines: Mapping[str, Values], told: Mapping[str, str]) -> None:
    """Write what is told of each line at its right end, moved apart where ends meet."""
    low, high = axes.get_ylim()
    is_log = axes.get_yscale() == "log"

    def place(value: float) -> float:
        ends = np.log([value, low, high]) if is_log else np.array([value, low, high])
        return float((ends[0] - ends[1]) / (ends[2] - ends[1]))

    ends = [place(values[~np.isnan(values)][-1]) for values in lines.values()]
    for name, height in zip(lines, spread(ends, gap=0.07, low=0.02, high=0.98), strict=True):
        axes.text(
            0, height, told[name], color=LINES[name][1], va="center", fontsize=8.5, transform=axes.transAxes
        )
    axes.set_axis_off()


@house_style
def calibration(levels: Sequence[float], below: Sequence[float]) -> Figure:
    """Whether quantiles are where they say: the share of truths below each, and where among them truths fall.

    `levels` [Q] are what was said, `below` [Q] what was measured.
    """
    said, found = np.asarray(levels, dtype=float), np.asarray(below, dtype=float)
    figure = Figure(figsize=(9, 3.6), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    left, right = figure.subplots(1, 2)
    left.plot([0, 1], [0, 1], color=MUTED, linestyle=":", linewidth=1)
    left.plot(said, found, color=BLUE, marker="o", markersize=4)
    left.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    left.set_xlabel("said: level of the quantile")
    left.set_ylabel("measured: truths below it")
    off = int(np.abs(found - said).argmax())
    heading(left, "calibration", f"farthest off: {percent(said[off])} holds {percent(found[off])}")
    edges = np.concatenate([[0], said, [1]])
    shares = np.diff(np.concatenate([[0], found, [1]]))
    right.bar(
        edges[:-1], shares / np.diff(edges), width=np.diff(edges), align="edge",
        color=BLUE, alpha=0.55, edgecolor="white",
    )  # fmt: skip
    right.axhline(1, color=MUTED, linestyle=":", linewidth=1)
    right.set_xlim(0, 1)
    right.set_xlabel("where the truth falls in the forecast distribution (PIT)")
    right.set_ylabel("density")
    heading(right, "truths by quantile", "a hill: too wide; a bowl: too narrow")
    for axes in (left, right):
        axes.xaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))
        quiet(axes)
    left.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))
    band = found[-1] - found[0]
    figure.set_label(
        f"Calibration: the band between {percent(said[0])} and {percent(said[-1])} holds {percent(band)} of the "
        f"truths; farthest off is the quantile at {percent(said[off])}, below which {percent(found[off])} lie."
    )
    return figure
