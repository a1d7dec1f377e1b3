"""What the network did with one sequence: its input, gates, state and answer over the same time axis."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.figure import Figure
from matplotlib.gridspec import GridSpec
from matplotlib.image import AxesImage
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike, NDArray

from carousel.errors import CarouselError
from carousel.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    PALE,
    SHARE,
    SIGNED,
    TITLE_ROOM,
    heading,
    house_style,
    marker,
    plain,
    quiet,
    spread,
    whole_numbers,
    write_title,
)

GATES = {
    "g_cu": ("control update (input gate)", "how much of the new is written"),
    "g_cs": ("control state (forget gate)", "how much of the old is kept"),
    "g_cr": ("control readout (output gate)", "how much of the state is shown"),
    "g_cx": ("control input (external input gate)", "how much of the input is let in"),
}
RIVALS = ((INK, "--"), (ORANGE, "-."), (MUTED, ":"), (ORANGE, (0, (6, 1, 1, 1, 1, 1))))
MOST_NAMES = 24

Values = NDArray[np.float64]


@house_style
def classified_sequence(
    signals: Mapping[str, ArrayLike],
    features: Sequence[str],
    probabilities: ArrayLike,
    classes: Sequence[str],
    title: str,
    step_label: str = "step",
    *,
    true_class: int | None = None,
) -> Figure:
    """One sequence of T steps: input, gates, state and class probabilities, stacked over the same time axis.

    `signals` are the paper's: `x` [T, F] (`features` names the F), `s` [T, d_s], and those of `g_cu`, `g_cs`,
    `g_cr`, `g_cx` [T, d_s] that the layer has; others are ignored. `probabilities` [T, C] at step n are the
    model's answer had the sequence ended there. `true_class` indexes `classes`; its line is thick. Steps
    count from 0, as in the paper. All gates share one scale, 0 to 1, and the units have one order throughout.
    The figure's label describes it in words. Raises CarouselError where shapes disagree.
    """
    shown = checked(signals, features)
    chances = _checked_probabilities(probabilities, classes, true_class, len(shown["s"]))
    class_names = [plain(name) for name in classes]
    right = max(1.0, 0.7 + 0.075 * max(map(len, class_names)))
    stack = stacked(shown, features, title, step_label, right)
    lines = _probability_lines(stack.bottom, chances, true_class)
    heading(stack.bottom, "probability of each class", f"had the sequence ended at this {plain(step_label)}")
    margin = stack.figure.add_subplot(stack.grid[-1, 1], sharey=stack.bottom)
    _name_lines(margin, lines, chances[-1], class_names, true_class)
    share_time(stack, len(shown["s"]), plain(step_label))
    stack.figure.set_label(_description(shown, chances, classes, true_class, step_label))
    return stack.figure


class Stack(NamedTuple):
    """Panels over the same time axis, of which the bottom one is still empty."""

    figure: Figure
    grid: GridSpec
    panels: list[Axes]

    @property
    def bottom(self) -> Axes:
        return self.panels[-1]


def stacked(
    shown: Mapping[str, Values],
    features: Sequence[str],
    title: str,
    step_label: str,
    right: float = 1.0,
    bottom: float = 1.7,
) -> Stack:
    """Input, gates and state, and below them room for what the model made of them.

    Args:
        shown: what `checked` returns.
        features: names of the F features.
        title: of the figure.
        step_label: what a step is.
        right: inches right of the panels.
        bottom: height of the bottom panel in inches.
    """
    gates = [name for name in GATES if name in shown]
    width = shown["x"].shape[1]
    feature_names = [plain(name) for name in features]
    order = np.argsort(-shown["s"][-1], kind="stable")
    heights = [float(np.clip(0.14 * width, 0.8, 2.4)), *[1.28] * (len(gates) + 1), bottom]
    left = max(1.1, 0.25 + 0.06 * max(map(len, feature_names)))
    figure, grid, panels = _stack(heights, left, right)
    write_title(figure, title)

    image = _heat(panels[0], shown["x"], SIGNED, _symmetric(shown["x"]))
    _name_features(panels[0], feature_names)
    heading(panels[0], "$x$  input", f"what comes in at this {plain(step_label)}")
    _key(figure, grid, slice(0, 1), image, "value")
    for name, axes in zip(gates, panels[1:], strict=False):
        image = _units(axes, shown[name], order, SHARE, (0.0, 1.0))
        english, meaning = GATES[name]
        heading(axes, f"$g_{{{name[2:]}}}$  {english}", meaning)
    if gates:
        key = _key(figure, grid, slice(1, 1 + len(gates)), image, "gate, the same scale for all")
        key.set_yticks([0, 0.25, 0.5, 0.75, 1], ["0 closed", "0.25", "0.5", "0.75", "1 open"])
    image = _units(panels[-2], shown["s"], order, SIGNED, _symmetric(shown["s"]))
    heading(panels[-2], "$s$  state", "what is remembered")
    _key(figure, grid, slice(-2, -1), image, "state")
    return Stack(figure, grid, panels)


def checked(signals: Mapping[str, ArrayLike], features: Sequence[str]) -> dict[str, Values]:
    """The signals to draw, as float64 and of agreeing shapes.

    Raises:
        CarouselError: `x` or `s` is missing, shapes disagree, or a number is not finite.
    """
    missing = [name for name in ("x", "s") if name not in signals]
    if missing:
        raise CarouselError(f"The signals lack '{missing[0]}'; a sequence needs at least 'x' and 's'.")
    shown = {name: np.asarray(signals[name], dtype=float) for name in ("x", *GATES, "s") if name in signals}
    if shown["s"].ndim != 2 or not shown["s"].size:
        raise CarouselError(
            f"The signal 's' must have shape [steps, units], both at least 1, but has {shown['s'].shape}."
        )
    steps, units = shown["s"].shape
    for name, array in shown.items():
        wide = (len(features), "feature names") if name == "x" else (units, "units of 's'")
        _require_shape(name, array, steps, *wide)
    return shown


def _checked_probabilities(
    probabilities: ArrayLike, classes: Sequence[str], true_class: int | None, steps: int
) -> Values:
    array = np.asarray(probabilities, dtype=float)
    _require_shape("probabilities", array, steps, len(classes), "class names")
    if true_class is not None and not 0 <= true_class < len(classes):
        raise CarouselError(f"The true class must be 0 to {len(classes) - 1}, but is {true_class}.")
    return array


def _require_shape(name: str, array: Values, steps: int, columns: int, reason: str) -> None:
    if array.shape != (steps, columns):
        raise CarouselError(
            f"'{name}' must have shape ({steps}, {columns}), for {steps} steps of 's' and {columns} "
            f"{reason}, but has {array.shape}."
        )
    if not np.isfinite(array).all():
        raise CarouselError(
            f"'{name}' must be finite, but holds NaN or infinity; check the model and its input."
        )


def _stack(heights: Sequence[float], left: float, right: float) -> tuple[Figure, GridSpec, list[Axes]]:
    """Panels of these heights that share their time axis, between the margins left and right; all in inches.

    The grid's narrow second column is for the panels' keys.
    """
    width, head, gap, foot = 9.0, TITLE_ROOM + 0.4, 0.38, 0.5
    height = head + sum(heights) + gap * (len(heights) - 1) + foot
    figure = Figure(figsize=(width, height))
    grid = figure.add_gridspec(
        len(heights), 2, height_ratios=heights, width_ratios=[1, 0.016], wspace=0.03,
        hspace=gap * len(heights) / sum(heights),
        left=left / width, right=1 - right / width, top=1 - head / height, bottom=foot / height,
    )  # fmt: skip
    first = figure.add_subplot(grid[0, 0])
    others = [figure.add_subplot(grid[row, 0], sharex=first) for row in range(1, len(heights))]
    return figure, grid, [first, *others]


def _symmetric(values: Values) -> tuple[float, float]:
    largest = float(np.abs(values).max()) or 1.0
    return -largest, largest


def _heat(axes: Axes, values: Values, colours: Colormap, limits: tuple[float, float]) -> AxesImage:
    quiet(axes, frame=True)
    return axes.imshow(values.T, cmap=colours, vmin=limits[0], vmax=limits[1], aspect="auto")


def _name_features(axes: Axes, features: Sequence[str]) -> None:
    every = -(-len(features) // MOST_NAMES)
    axes.set_yticks(range(0, len(features), every), features[::every])
    axes.tick_params(axis="y", length=0, labelsize=7)


def _units(
    axes: Axes, values: Values, order: NDArray[np.intp], colours: Colormap, limits: tuple[float, float]
) -> AxesImage:
    axes.set_ylabel(f"{len(order)} units,\nhighest final\n$s$ on top", rotation=0, ha="right", va="center")
    axes.set_yticks([])
    return _heat(axes, values[:, order], colours, limits)


def _key(figure: Figure, grid: GridSpec, rows: slice, image: AxesImage, text: str) -> Axes:
    axes = figure.add_subplot(grid[rows, 1])
    figure.colorbar(image, cax=axes, label=text)
    quiet(axes)
    return axes


def _probability_lines(axes: Axes, probabilities: Values, true_class: int | None) -> dict[int, Line2D]:
    """Draw every class; return the lines of the true class and of the few others that led at some step."""
    steps, _ = probabilities.shape
    lines = axes.plot(probabilities, color=PALE, linewidth=0.9, marker=marker(steps), markersize=2.5)
    leaders = set(probabilities.argmax(axis=1).tolist()) - {true_class}
    ranked = sorted(leaders, key=lambda index: (-probabilities[:, index].max(), index))
    told = dict(zip(ranked, RIVALS, strict=False))
    for index, (colour, dashes) in told.items():
        lines[index].set(color=colour, linestyle=dashes, linewidth=1.3, zorder=3)
    if true_class is not None:
        lines[true_class].set(color=BLUE, linewidth=2.8, zorder=4)
        told[true_class] = (BLUE, "-")
    axes.set_ylim(-0.03, 1.03)
    axes.set_yticks([0, 0.5, 1])
    axes.grid(color=PALE, linewidth=0.5, alpha=0.6)
    quiet(axes)
    return {index: lines[index] for index in told}


def _name_lines(
    axes: Axes, lines: Mapping[int, Line2D], final: Values, classes: Sequence[str], true_class: int | None
) -> None:
    """Write the class of each line at its right end, moved apart where ends meet."""
    heights = spread([float(final[index]) for index in lines], gap=0.13, low=0.0, high=1.0)
    for (index, line), height in zip(lines.items(), heights, strict=True):
        colour = line.get_color()
        axes.plot([0, 1], [final[index], height], color=colour, linewidth=0.7)
        true = index == true_class
        axes.text(
            1.6, height, f"{classes[index]} (true)" if true else classes[index], va="center", fontsize=8,
            color=colour, fontweight="bold" if true else "normal",
        )  # fmt: skip
    axes.set_xlim(0, 1)
    axes.set_axis_off()


def share_time(stack: Stack, steps: int, step: str) -> None:
    """Name the steps below the bottom panel, and nowhere else."""
    for axes in stack.panels:
        axes.tick_params(axis="x", labelbottom=axes is stack.bottom)
    stack.bottom.set_xlim(-0.5, steps - 0.5)
    stack.bottom.xaxis.set_major_locator(whole_numbers())
    stack.bottom.set_xlabel(step)


def _description(
    shown: Mapping[str, Values],
    chances: Values,
    classes: Sequence[str],
    true_class: int | None,
    step_label: str,
) -> str:
    steps, features = shown["x"].shape
    gates = [name for name in GATES if name in shown]
    final = chances[-1]
    answer = int(final.argmax())
    truth = "" if true_class is None else f"; the true class is {classes[true_class]}"
    return (
        f"One sequence of {steps} {step_label}s: {features} inputs, gates {', '.join(gates) or 'none'}, "
        f"a state of {shown['s'].shape[1]} units, and the probability of each class. It ends by giving "
        f"{classes[answer]} a probability of {final[answer]:.2f}{truth}."
    )
