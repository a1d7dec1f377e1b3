"""What the report of a problem of memory shows: the loss beside the trivial level, and one sequence with its answer."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from matplotlib.ticker import LogLocator, NullLocator

from carousel.data.problems import NOTHING, Examples, Problem
from carousel.errors import CarouselError
from carousel.report.chapter import Chapter
from carousel.report.page import ReportFigure
from carousel.style import BLUE, MUTED, ORANGE, PALE, SHARE, heading, house_style, quiet, whole_numbers
from carousel.training import Run
from carousel.training.memory.batches import fixed
from carousel.training.memory.model import MemoryModel

LONGEST, STRETCH = 1500, 300
"""Sequences of so many steps are drawn whole, and the last steps of longer ones."""

UNLIKE = {
    "1997": "AdamW where the paper has gradient descent after each sequence, outputs that are {outputs} where most of "
    "the paper's are logistic, and a forget gate, which the cell of 1997 lacks",
    "2002": "AdamW where the paper has gradient descent with momentum, and streams of a fixed number of intervals or "
    "periods where those of the paper go on until the first error",
    "modern": "the published numbers are of networks of other sizes, and of other settings of the training",
}
"""What is not as in the experiments of each family of problems."""


def chapter(run: Run, metrics: Mapping[str, Any], number: str | None) -> Chapter:
    """The chapter of a run on a problem; `number` is that of the test sequence to look into."""
    model = run.load_model()
    assert isinstance(model, MemoryModel)
    task, problem, test = run.task, model.problem, metrics["test"]
    sequence = _chosen(run.task.prepare(run.config).test, number)
    answers = model.answers(next(iter(fixed(sequence, 1))).x).numpy()
    facts = {
        "problem": f"{problem.name}; {problem.source}",
        "solved with": f"{problem.criterion} on the validation part",
        "trivial level": f"loss {problem.trivial:.4g}",
        "validation": task.shown(metrics["validation"]),
    }
    if test:
        facts |= {
            "test": task.shown(test),
            "published": test["published"] or "nothing known",
            "not as there": unlike(problem, run.config.training.batch_size),
        }
    finding = f"{task.shown(metrics['validation'])} of the validation part"
    return Chapter(
        finding=f"{finding}. {task.verdict(test)}".rstrip(". ") if test else finding,
        facts=facts,
        figures=(
            ReportFigure(
                "loss",
                "Loss of the sequences of each epoch as they were learnt from, and of the validation part at its end. "
                "At the trivial level, what had to be remembered plays no part in the answer.",
                loss_curve(
                    run.history(), run.config.task.sequences, problem.trivial, int(model.solved_after)
                ),
            ),
            ReportFigure(
                "sequence",
                "One sequence of the test part, step by step: what the model saw, and its answer, drawn at every step, "
                "also where none was wanted. Rings are targets.",
                one_sequence(problem, sequence, answers[:, 0]),
            ),
        ),
    )


def unlike(problem: Problem, batch_size: int) -> str:
    """What is not as in the experiments that a problem is of."""
    told = UNLIKE[problem.family].format(outputs="a softmax" if problem.classes else "linear")
    is_told = batch_size > 1 and problem.family != "modern"
    return told + (f"; batches of {batch_size}" if is_told else "")


def _chosen(test: Examples, number: str | None) -> Examples:
    """The test sequence of a number, by default the first."""
    numbers = [*map(str, range(test.told.shape[1]))]
    if number is not None and number not in numbers:
        raise CarouselError(f"the test part has no sequence '{number}'; they are numbered 0 to {numbers[-1]}")
    return test.cut(1)[int(number or 0)]


@house_style
def loss_curve(
    history: Sequence[Mapping[str, float]], per_epoch: int, trivial: float, solved_after: int
) -> Figure:
    """Loss, on a logarithmic axis, against the training sequences seen, with the trivial level.

    Args:
        history: rows with `epoch`, `train_loss` and `validation_loss`.
        per_epoch: sequences that an epoch has.
        trivial: the level.
        solved_after: the sequences at which the problem was solved; 0 if it never was.
    """
    figure = Figure(figsize=(9, 3.6), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    axes = figure.subplots()
    seen = [row["epoch"] * per_epoch for row in history]
    axes.axhline(trivial, color=MUTED, linestyle=":", linewidth=1.2, label="trivial level")
    axes.plot(
        seen, [row["train_loss"] for row in history], color=ORANGE, linestyle=(0, (4, 1.5)), label="training"
    )
    losses = [row["validation_loss"] for row in history]
    axes.plot(seen, losses, color=BLUE, linewidth=1.8, marker="o", markersize=2, label="validation")
    if solved_after:
        axes.axvline(solved_after, color=BLUE, linewidth=0.8, zorder=1)
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_xlabel("training sequences")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.xaxis.set_major_locator(whole_numbers())
    axes.grid(axis="y", color=PALE, linewidth=0.5, alpha=0.6)
    axes.legend(framealpha=1, edgecolor="none", fontsize=8, handlelength=2.6)
    quiet(axes)
    remark = f"solved after {solved_after:,} sequences" if solved_after else "not solved"
    heading(axes, "loss", remark)
    figure.set_label(
        f"Loss over {seen[-1]:,.0f} training sequences, {remark}: validation loss from {losses[0]:.3g} "
        f"to {losses[-1]:.3g}, trivial level {trivial:.3g}."
    )
    return figure


@house_style
def one_sequence(problem: Problem, sequence: Examples, answers: npt.NDArray[np.float32]) -> Figure:
    """Input, and below it the answer with its targets, over the same steps.

    Args:
        problem: what is asked.
        sequence: a single one, [T, 1, ...].
        answers: [T, K], the numbers that the model tells, or the probability of each class.
    """
    last = int(np.flatnonzero(sequence.told[:, 0])[-1])
    first = 0 if last < LONGEST else last + 1 - STRETCH
    steps = np.arange(first, last + 1)
    figure = Figure(figsize=(9, 4.6), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    upper, lower = figure.subplots(2, 1, sharex=True)
    x, targets = sequence.x[steps, 0], sequence.targets[steps, 0]
    told = sequence.told[steps, 0]
    if x.ndim == 1:
        upper.plot(
            steps, np.where(x == NOTHING, np.nan, x), color=BLUE, linestyle="none", marker="s", markersize=2.5
        )
        _number_symbols(upper, problem)
        heading(upper, "input", f"which of {problem.inputs} symbols")
    else:
        for feature, style in zip(x.T, ((BLUE, 0.8), (ORANGE, 1.4)), strict=False):
            upper.plot(steps, feature, color=style[0], linewidth=style[1])
        heading(upper, "input", "value, and marker (orange)" if x.shape[1] > 1 else "")
    if problem.classes:
        _shares(lower, steps, answers[steps])
        _number_symbols(lower, problem)
        rings, remark = targets, f"probability of each of {problem.outputs} classes, darker is more"
    else:
        lower.plot(steps, answers[steps, 0], color=BLUE, linewidth=1)
        rings, remark = targets[:, 0], "number told"
    lower.plot(
        steps[told], rings[told], color=ORANGE, linestyle="none", marker="o", markersize=5, markerfacecolor="none",
        markeredgewidth=1.2, clip_on=False,
    )  # fmt: skip
    heading(lower, "answer", remark)
    lower.set_xlabel("step")
    lower.xaxis.set_major_locator(whole_numbers())
    for axes in (upper, lower):
        quiet(axes)
    figure.set_label(
        f"Input, answer and targets of {problem.name} over steps {first} to {last}; "
        f"{int(told.sum())} of them have a target."
    )
    return figure


def _shares(axes: Axes, steps: npt.NDArray[np.int64], shares: npt.NDArray[np.float32]) -> None:
    """Probabilities [T, K] as a picture with a row for each class."""
    extent = (steps[0] - 0.5, steps[-1] + 0.5, -0.5, shares.shape[1] - 0.5)
    axes.imshow(
        shares.T,
        cmap=SHARE,
        vmin=0,
        vmax=1,
        aspect="auto",
        origin="lower",
        interpolation="nearest",
        extent=extent,
    )


def _number_symbols(axes: Axes, problem: Problem) -> None:
    """Say beside the axis which symbol is where: by name, if they have names."""
    if problem.letters:
        axes.set_yticks(range(len(problem.letters)), [*problem.letters])
    else:
        axes.yaxis.set_major_locator(whole_numbers())
