"""`metrics.json`: what is known about a run, every value of the kind and in the range that its name promises."""

import json
from pathlib import Path
from typing import Annotated, Generic, Literal, TypeVar

from pydantic import BaseModel, Field, ValidationError, model_validator

from carousel import __version__
from carousel.errors import CarouselError
from carousel.training.parts import damaged, read_text
from carousel.training.sections import Strict

FORMAT = 1

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class Scores(Strict):
    """How well a part of the data is answered: a loss, and what else a task tells of it."""

    loss: float


AnyScores = TypeVar("AnyScores", bound=Scores)
AnyTestScores = TypeVar("AnyTestScores", bound=Scores)


class Metrics(Strict, Generic[AnyScores, AnyTestScores]):
    """The whole of `metrics.json`; a run that is complete has a test score, an interrupted one has none."""

    format: int = Field(default=FORMAT, ge=FORMAT, le=FORMAT)
    status: Literal["complete", "interrupted"]
    best_epoch: Positive
    epochs: Positive
    parameters: Positive
    seconds: float = Field(ge=0)
    kernel: str = "not recorded"
    """What computed the recurrent layer while it was trained; before there was a choice, no run said it."""
    validation: AnyScores
    test: AnyTestScores | None
    versions: dict[str, str]

    @model_validator(mode="after")
    def _check_status(self) -> "Metrics[AnyScores, AnyTestScores]":
        if (self.status == "complete") != (self.test is not None):
            raise ValueError("a complete run has a test score, an interrupted one has none")
        return self

    def text(self) -> str:
        return json.dumps(self.model_dump(), indent=2, allow_nan=False) + "\n"


class _Versioned(BaseModel):
    format: int = Field(strict=True)


AnyMetrics = TypeVar("AnyMetrics", bound=BaseModel)


def read_metrics(path: Path, kind: type[AnyMetrics]) -> AnyMetrics:
    """The content of a `metrics.json`.

    Args:
        path: the file.
        kind: `Metrics` with the scores of the run's task.

    Raises:
        CarouselError: the file is missing, damaged or of a newer format.
    """
    text = read_text(path)
    try:
        version = _Versioned.model_validate_json(text).format
        if version > FORMAT:
            raise CarouselError(
                f"'{path}' has format {version}, carousel {__version__} reads up to format {FORMAT}; "
                "upgrade with `pip install -U carousel-lstm`"
            )
        return kind.model_validate_json(text)
    except ValidationError as error:
        raise damaged(path) from error
