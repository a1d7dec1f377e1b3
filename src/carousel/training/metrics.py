"""`metrics.json`: what is known about a run, every value of the kind and in the range that its name promises."""

import json
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, Field, ValidationError, model_validator

from carousel import __version__
from carousel.errors import CarouselError
from carousel.training.config import Strict
from carousel.training.parts import damaged, read_text

FORMAT = 1

Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]


class Scores(Strict):
    """How well a part of the data is told apart: mean cross-entropy in nats, share of sequences right."""

    loss: float = Field(ge=0)
    accuracy: float = Field(ge=0, le=1)


class ScoresByClass(Scores):
    """Scores with the counts behind them, [C, C]: a row for each true class, a column for each answer."""

    confusion: list[list[Count]]
    classes: list[str] = Field(min_length=2)

    @model_validator(mode="after")
    def _check_square(self) -> "ScoresByClass":
        if {len(self.confusion), *map(len, self.confusion)} != {len(self.classes)}:
            raise ValueError("confusion wants a row and a column for each class")
        return self


class Metrics(Strict):
    """The whole of `metrics.json`; a run that is complete has a test score, an interrupted one has none."""

    format: int = Field(default=FORMAT, ge=FORMAT, le=FORMAT)
    status: Literal["complete", "interrupted"]
    best_epoch: Positive
    epochs: Positive
    parameters: Positive
    seconds: float = Field(ge=0)
    kernel: str = "not recorded"
    """What computed the recurrent layer while it was trained; before there was a choice, no run said it."""
    validation: Scores
    test: ScoresByClass | None
    versions: dict[str, str]

    @model_validator(mode="after")
    def _check_status(self) -> "Metrics":
        if (self.status == "complete") != (self.test is not None):
            raise ValueError("a complete run has a test score, an interrupted one has none")
        return self

    def text(self) -> str:
        return json.dumps(self.model_dump(), indent=2, allow_nan=False) + "\n"


class _Versioned(BaseModel):
    format: int = Field(strict=True)


def read_metrics(path: Path) -> Metrics:
    """The content of a `metrics.json`.

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
        return Metrics.model_validate_json(text)
    except ValidationError as error:
        raise damaged(path) from error
