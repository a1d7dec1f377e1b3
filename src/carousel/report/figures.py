"""How training went and where the model errs: learning curves and the confusion matrix."""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import PercentFormatter
from numpy.typing import ArrayLike, NDArray

from carousel.errors import CarouselError
from carousel.report.recall import ClassRecall, class_recalls, confusion_counts
from carousel.style import (
    BLUE,
    INK,
    ORANGE,
    PALE,
    SHARE,
    TITLE_ROOM,
    heading,
    house_style,
    marker,
    percent,
    plain,
    quiet,
    whole_numbers,
    write_title,
)


class Curve(NamedTuple):
    """A score that is drawn beside the loss.

    Attributes:
        name: columns `train_<name>` and `validation_<name>` of the history hold it.
        heading: what it is.
        shown: one value as text.
        is_share: whether it lies between 0 and 1.
    """

    name: str
    heading: str
    shown: Callable[[float], str]
    is_share: bool


class Names(NamedTuple):
    """What the numbers of an epoch are called.

    Attributes:
        trained: what was learnt from.
        judged: what tells how well that went.
        kept: which epoch is kept.
    """

    trained: str = "training"
    judged: str = "validation"
    kept: str = "best"


PARTS = Names()
ACCURACY = Curve("accuracy", "accuracy (share of sequences right)", percent, is_share=True)


@house_style
def learning_curves(
    history: Mapping[str, Sequence[float]],
    best_epoch: int,
    *,
    loss: str = "cross-entropy, nats",
    score: Curve = ACCURACY,
    names: Names = PARTS,
) -> Figure:
    """Loss and a score against the epoch, in training and in validation, with the epoch that is kept marked.

    `history` holds the columns of history.csv, one value per epoch: `epoch`, `train_loss`, `validation_loss` and those
    of the score; other columns are ignored. `loss` says what the loss is, and its unit, `names` what these parts are
    called. The figure's label describes it in words. Raises CarouselError for a missing or uneven column or an unknown
    `best_epoch`.
    """
    columns = _columns(history, score.name)
    epochs = columns["epoch"]
    if best_epoch not in epochs:
        raise CarouselError(
            f"The best epoch {best_epoch} is not in the history, which has the epochs "
            f"{epochs[0]:g} to {epochs[-1]:g}; give one of these."
        )
    best = int(np.flatnonzero(epochs == best_epoch)[0])
    best_loss, best_score = (columns[f"validation_{quantity}"][best] for quantity in ("loss", score.name))
    figure = Figure(figsize=(9, 3.4), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    left, right = figure.subplots(1, 2)
    _curve(left, columns, "loss", names)
    heading(left, f"loss ({loss})", f"{best_loss:.3f} at epoch {best_epoch}")
    if min(left.dataLim.intervaly) >= 0:
        left.set_ylim(bottom=0)
    _mark(left, best_epoch, best_loss, names)
    left.legend(loc="best", framealpha=1, edgecolor="none", fontsize=8, labelcolor=INK, handlelength=2.6)
    _curve(right, columns, score.name, names)
    heading(right, score.heading, f"{score.shown(best_score)} at epoch {best_epoch}")
    if score.is_share:
        right.set_ylim(top=1.0 + 0.03 * (1.0 - right.get_ylim()[0]))
        right.yaxis.set_major_formatter(PercentFormatter(xmax=1, symbol=" %"))
    _mark(right, best_epoch, best_score, names)
    figure.set_label(
        f"Loss and {score.name} over {len(epochs)} epochs, in {names.trained} and in {names.judged}. At the "
        f"{names.kept} epoch, {best_epoch}, {names.judged} loss is {best_loss:.3f} and {names.judged} {score.name} "
        f"{score.shown(best_score)}."
    )
    return figure


def _columns(history: Mapping[str, Sequence[float]], score: str) -> dict[str, NDArray[np.float64]]:
    wanted = ("epoch", *(f"{part}_{name}" for part in ("train", "validation") for name in ("loss", score)))
    missing = [name for name in wanted if name not in history]
    if missing:
        raise CarouselError(f"The history lacks the column '{missing[0]}'; it must have {', '.join(wanted)}.")
    columns = {name: np.asarray(history[name], dtype=float) for name in wanted}
    shapes = {column.shape for column in columns.values()}
    if len(shapes) != 1 or columns["epoch"].ndim != 1 or not columns["epoch"].size:
        raise CarouselError(
            "The columns of the history must hold one value per epoch, for at least one, but have the shapes "
            + ", ".join(f"{name} {column.shape}" for name, column in columns.items())
            + "."
        )
    return columns


def _curve(axes: Axes, columns: Mapping[str, NDArray[np.float64]], quantity: str, names: Names) -> None:
    epochs = columns["epoch"]
    training, validation = columns[f"train_{quantity}"], columns[f"validation_{quantity}"]
    dot = marker(len(epochs))
    axes.plot(
        epochs, training, color=ORANGE, linestyle=(0, (4, 1.5)), marker=dot, markersize=2, label=names.trained
    )
    axes.plot(epochs, validation, color=BLUE, linewidth=1.8, marker=dot, markersize=2.5, label=names.judged)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(whole_numbers())
    axes.grid(axis="y", color=PALE, linewidth=0.5, alpha=0.6)
    quiet(axes)


def _mark(axes: Axes, epoch: float, value: float, names: Names) -> None:
    """A ring on the validation curve, on a stem that leads down to its epoch."""
    floor = axes.get_ylim()[0]
    axes.plot([epoch, epoch], [floor, value], color=BLUE, linewidth=0.8, zorder=1)
    axes.plot(
        epoch, value, color=BLUE, linestyle="none", marker="o", markersize=7, markerfacecolor="white",
        markeredgewidth=1.8, clip_on=False, zorder=5, label=f"{names.kept} epoch",
    )  # fmt: skip
    axes.set_ylim(bottom=floor)


@house_style
def confusion(matrix: ArrayLike, classes: Sequence[str], title: str) -> Figure:
    """Counts of true class (rows) against predicted class (columns), and beside each row its recall.

    `matrix` [C, C] holds whole counts. A cell is as dark as its share of the row; zeros are left empty. The
    figure's label describes it in words. Raises CarouselError for a matrix that does not fit the classes.
    """
    counts = confusion_counts(matrix, classes)
    right, total = int(np.trace(counts)), int(counts.sum())
    names = [plain(name) for name in classes]
    side = float(np.clip(0.46 * len(names), 2.6, 12.0))
    width, height = side + 3.8, side + 1.9
    layout = ConstrainedLayoutEngine(w_pad=0.1, h_pad=0.08, rect=(0, 0, 1, 1 - TITLE_ROOM / height))
    figure = Figure(figsize=(width, height), layout=layout)
    write_title(figure, title)
    cells, bars = figure.subplots(1, 2, width_ratios=[side, 1.6])
    _cells(cells, counts, names)
    heading(cells, f"{right} of {total} right", "shade: share of the row")
    _recall_bars(bars, class_recalls(counts, classes))
    heading(bars, "recall", "")
    figure.set_label(
        f"Confusion matrix of {len(names)} classes: {right} of {total} sequences right. "
        + _worst_error(counts, classes)
    )
    return figure


def _cells(axes: Axes, counts: NDArray[np.int64], names: Sequence[str]) -> None:
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axes.pcolormesh(shares, cmap=SHARE, vmin=0, vmax=1, edgecolors="white", linewidth=1)
    size = len(names)
    for row, column in zip(*np.nonzero(counts), strict=True):
        axes.text(
            column + 0.5, row + 0.5, str(counts[row, column]), ha="center", va="center_baseline",
            color="white" if shares[row, column] > 0.5 else INK,
            fontsize=float(np.clip(280 / size, 4, 9.5)),
            fontweight="normal" if row == column else "bold",
        )  # fmt: skip
    centres = np.arange(size) + 0.5
    axes.set_xticks(centres, names, rotation=40, ha="right", rotation_mode="anchor")
    axes.set_yticks(centres, names)
    axes.invert_yaxis()
    axes.set_xlabel("predicted class")
    axes.set_ylabel("true class")
    quiet(axes)
    axes.tick_params(length=0)


def _recall_bars(axes: Axes, recalls: Sequence[ClassRecall]) -> None:
    centres = np.arange(len(recalls)) + 0.5
    axes.barh(centres, 1.0, height=0.36, color=PALE, alpha=0.4)
    axes.barh(centres, [recall.share or 0.0 for recall in recalls], height=0.36, color=BLUE)
    for centre, recall in zip(centres, recalls, strict=True):
        text = "no sequence" if recall.share is None else percent(recall.share)
        axes.text(1.08, centre, text, va="center_baseline", fontsize=8, color=INK)
    axes.set_xlim(0, 1)
    axes.set_ylim(len(recalls), 0)
    axes.set_xticks([])
    axes.set_yticks([])
    quiet(axes)


def _worst_error(counts: NDArray[np.int64], classes: Sequence[str]) -> str:
    errors = counts - np.diag(np.diag(counts))
    if not errors.any():
        return "No sequence is taken for another class."
    true, predicted = (int(index) for index in np.unravel_index(errors.argmax(), errors.shape))
    return (
        f"The most frequent error: {classes[true]} taken for {classes[predicted]}, "
        f"{errors[true, predicted]} of {counts[true].sum()}."
    )
