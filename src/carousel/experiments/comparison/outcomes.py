"""What a comparison reads of a finished run."""

from collections.abc import Mapping
from dataclasses import dataclass

from carousel.errors import CarouselError
from carousel.training.parts import train_again
from carousel.training.run import Run


@dataclass(frozen=True)
class Outcome:
    """One finished run.

    Attributes:
        folder: the run folder.
        seed: of everything random in it.
        score: the one number that runs of its task are compared by, of most of the test part.
        validation_loss: of the epoch that was kept.
        parameters: trained weights.
        seconds_per_epoch: of its training.
        baselines: what simpler means reach on the same test part, in terms of the score.
        versions: of what it was made with.
        is_reached: whether what is counted was reached; else the score is the most that might have been counted.
    """

    folder: str
    seed: int
    score: float
    validation_loss: float
    parameters: int
    seconds_per_epoch: float
    baselines: Mapping[str, float]
    versions: Mapping[str, str]
    is_reached: bool = True


def outcome_of(run: Run) -> Outcome:
    """What there is to compare of a run.

    Raises:
        CarouselError: it is not complete, or a file of it is missing or damaged.
    """
    metrics = run.metrics()
    test = metrics["test"]
    if test is None:
        raise CarouselError(
            f"run '{run.folder}' is not complete and has no test score; go on with it by "
            f"`carousel fit --resume {run.folder}`, or {train_again(run.folder)}"
        )
    return Outcome(
        folder=str(run.folder),
        seed=run.config.training.seed,
        score=run.task.primary_score(run.config, test),
        validation_loss=metrics["validation"]["loss"],
        parameters=metrics["parameters"],
        seconds_per_epoch=metrics["seconds"] / metrics["epochs"],
        baselines=run.task.baselines(test),
        versions=metrics["versions"],
        is_reached=run.task.is_reached(test),
    )
