"""What a start from another run was worth: the same training from nothing, beside it."""

from pathlib import Path
from typing import NamedTuple

from carousel.training.config import Config
from carousel.training.parts import CONFIG, FROM_NOTHING, MODEL
from carousel.training.run import Run, open_run


def from_nothing(config: Config) -> Config:
    """The same training without a run to start from: all weights are drawn, and none are frozen."""
    nothing = {"start": None, "start_sha256": None, "freeze": 0, "also_from_nothing": False}
    return config.model_copy(update={"training": config.training.model_copy(update=nothing)})


class Comparison(NamedTuple):
    """Two complete runs that differ in where they start.

    Attributes:
        started: from the weights of another run.
        drawn: from nothing.
    """

    started: Run
    drawn: Run

    @property
    def name(self) -> str:
        """What runs are compared by, such as "test accuracy"."""
        task = self.started.task
        return task.counted or f"test {task.primary_of(self.started.config).partition('.')[0]}"

    @property
    def test_scores(self) -> tuple[float, float]:
        """This score of each."""
        started, drawn = (run.task.primary_score(run.config, run.metrics()["test"]) for run in self)
        return started, drawn

    @property
    def verdict(self) -> str:
        """Whether the start helped, by how much, and what that does not show."""
        task = self.started.task
        started, drawn = self.test_scores
        if started == drawn:
            helped, apart = "made no difference", "the same"
        else:
            helped = "helped" if (started > drawn) == task.higher_is_better else "did harm"
            apart = _apart(started, drawn, task.is_share)
        speed = f"{self._speed} " if task.chooses else ""
        return (
            f"The start from '{self.started.config.training.start}' {helped}: {self.name} "
            f"{_shown(started, task.is_share)}, from nothing {_shown(drawn, task.is_share)}: {apart}. {speed}Each was "
            "trained once, from one seed; whether another seed would turn this around, it does not show."
        )

    @property
    def _speed(self) -> str:
        started, drawn = ([row["validation_loss"] for row in run.history()] for run in self)
        lowest = min(drawn)
        took = drawn.index(lowest) + 1
        reached = next((epoch for epoch, loss in enumerate(started, 1) if loss <= lowest), None)
        there = "it never came there" if reached is None else f"with the start, epoch {reached} was there"
        return f"The lowest validation loss from nothing, {lowest:.4g}, came in epoch {took}; {there}."


def _shown(score: float, is_share: bool) -> str:
    return f"{100 * score:.1f} %" if is_share else f"{score:.4g}"


def _apart(started: float, drawn: float, is_share: bool) -> str:
    direction = "more" if started > drawn else "less"
    if is_share:
        return f"{100 * abs(started - drawn):.1f} points {direction}"
    if started > 0 and drawn > 0:
        return f"{100 * abs(started / drawn - 1):.1f} % {direction}"
    return f"{abs(started - drawn):.4g} {direction}"


def comparison_of(run: Run) -> Comparison | None:
    """The run beside the same from nothing, where it asks for that and both are complete.

    Raises:
        CarouselError: a file of either run cannot be read.
    """
    folder = run.folder / FROM_NOTHING
    if not run.config.training.also_from_nothing or not (folder / MODEL).is_file():
        return None
    drawn = open_run(folder)
    both_complete = all(one.metrics()["status"] == "complete" for one in (run, drawn))
    return Comparison(run, drawn) if both_complete and drawn.config == from_nothing(run.config) else None


def is_to_be_compared(folder: Path) -> bool:
    """Whether a folder holds a complete run whose training from nothing, which it asks for, is not."""
    if not all((folder / name).is_file() for name in (CONFIG, MODEL)):
        return False
    run = open_run(folder)
    if not run.config.training.also_from_nothing or run.metrics()["status"] != "complete":
        return False
    return comparison_of(run) is None
