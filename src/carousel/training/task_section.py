"""The section of a configuration that says what is asked."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from carousel.data.problems import PROBLEMS, problem_of
from carousel.errors import CarouselError
from carousel.training.sections import Strict

Level = Annotated[float, Field(gt=0, lt=1)]


class TaskConfig(Strict):
    """What is asked about the sequences."""

    kind: Literal["classify", "forecast", "symbols", "online", "music", "memory"] = Field(
        default="classify",
        description="classify: a label for each sequence; forecast: numbers ahead; symbols: the next symbol of a text; "
        "online: each symbol of a text before it is learnt from; music: the next frame of piano rolls; "
        "memory: a synthetic problem",
    )
    horizon: int | None = Field(
        default=None,
        ge=1,
        le=10_000,
        description="steps to forecast; by default one season, at most 48, or 48 without one",
    )
    output: Literal["point", "quantile", "gaussian"] = Field(
        default="quantile", description="what a forecast is: a number, quantiles, or a normal distribution"
    )
    levels: tuple[Level, ...] | None = Field(
        default=None,
        strict=False,  # YAML has lists for tuples
        description="levels of the quantiles that are told, in pairs about 0.5, such as [0.1, 0.5, 0.9]; the outermost "
        "are the band of predict; by default seven from 0.05 to 0.95",
    )
    point_loss: Literal["absolute", "squared"] = Field(
        default="absolute", description="the error that a point makes small; the squared one is for means"
    )
    alphabet: Literal["auto", "bytes", "characters"] = Field(
        default="auto", description="symbols of a text; auto: characters, or bytes where there are very many"
    )
    frame: float = Field(
        default=1.0, gt=0, le=64, description="length of a frame of music in beats, which are quarter notes"
    )
    base: Literal["auto", "none", "last", "season"] = Field(
        default="auto",
        description="what forecasts are told relative to: nothing, the last value, the value one season before; "
        "auto: what is nearest to the truth in the training part",
    )
    problem: str | None = Field(default=None, description=f"of memory: {', '.join(PROBLEMS)}")
    length: int | None = Field(
        default=None,
        ge=1,
        le=100_000,
        description="of a problem: T, of task 2a and 2b p, of 2c q, of timing F; by default as published",
    )
    distractors: int | None = Field(
        default=None, ge=1, le=100_000, description="p of task 2c; by default as published"
    )
    informative: int | None = Field(
        default=None, ge=1, le=1000, description="N of the two-sequence problem; by default as published"
    )
    choices: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="largest number of steps that an interval between spikes is longer than F; by default as published",
    )
    sequences: int = Field(
        default=1000, ge=1, le=10_000_000, description="sequences of a problem that are drawn for an epoch"
    )
    held_out: int = Field(
        default=1000,
        ge=1,
        le=1_000_000,
        description="sequences of a problem that validate, and as many others that are tested on",
    )

    @property
    def sizes(self) -> dict[str, int]:
        """Those of the problem that are given."""
        given = {name: getattr(self, name) for name in ("length", "distractors", "informative", "choices")}
        return {name: size for name, size in given.items() if size is not None}

    @model_validator(mode="after")
    def _check_problem(self) -> "TaskConfig":
        if self.kind == "memory":
            try:
                problem_of(self.problem or "", **self.sizes)
            except CarouselError as error:
                raise ValueError(str(error)) from error
        elif self.problem or self.sizes:
            name, value = next(iter(({"problem": self.problem} if self.problem else self.sizes).items()))
            raise ValueError(
                f"task '{self.kind}' is about data, only task 'memory' has a problem, got {name} {value}; leave it out"
            )
        return self

    @model_validator(mode="after")
    def _check_levels(self) -> "TaskConfig":
        if self.levels is None:
            return self
        if self.output == "point":
            raise ValueError("output 'point' tells one number, got levels of quantiles; remove levels")
        rising = all(low < high for low, high in zip(self.levels, self.levels[1:], strict=False))
        pairs = zip(self.levels, reversed(self.levels), strict=True)
        if (
            len(self.levels) < 3
            or 0.5 not in self.levels
            or not rising
            or any(abs(low + high - 1) > 1e-9 for low, high in pairs)
        ):
            raise ValueError(
                f"levels must rise in pairs about 0.5, such as [0.1, 0.5, 0.9], got {list(self.levels)}; correct them"
            )
        return self
