"""The sections of a configuration: data and training; those of the model and the task have modules of their own."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from carousel.data.schema import Schema


class Strict(BaseModel):
    """A record of a file: no key but the known ones, no value of another kind (true is no 1), no NaN."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


def _embedded(fields: dict[str, Any]) -> str | None:
    return None if fields.get("file") else "japanese_vowels"


class DataConfig(Strict):
    """Where the sequences come from, and how many of them are held out."""

    file: str | None = Field(default=None, min_length=1, description="file of one's own data")
    sha256: str | None = Field(
        default=None, pattern="^[0-9a-f]{64}$", description="hash of the file as it was when the run was made"
    )
    table: Schema | None = Field(default=None, description="what the columns of the file are")
    dataset: str | None = Field(default_factory=_embedded, description="name of a known data set")
    validation_fraction: float = Field(
        default=0.2, gt=0, lt=1, description="share of the training part held out to choose the best epoch"
    )
    test_fraction: float = Field(
        default=0.2, gt=0, lt=1, description="share of a file held out to be tested on, once, after training"
    )

    @field_validator("test_fraction", mode="before")
    @classmethod
    def _require_a_test_part(cls, fraction: Any) -> Any:
        if fraction == 0 and not isinstance(fraction, bool):
            raise ValueError(
                "test_fraction is 0, but every run is scored once on a part that it has not seen; set a small one such "
                "as 0.05"
            )
        return fraction

    @property
    def name(self) -> str:
        """What the data is called in sentences."""
        return self.file or str(self.dataset)


class TrainingConfig(Strict):
    """How the weights are found."""

    epochs: int = Field(default=80, ge=1, le=100_000, description="passes over the training part, at most")
    batch_size: int = Field(default=32, ge=1, le=1_000_000, description="sequences in one step")
    learning_rate: float = Field(default=3e-3, gt=0, le=10, description="highest step size of AdamW")
    weight_decay: float = Field(default=1e-2, ge=0, le=10, description="decoupled weight decay of AdamW")
    history: int | None = Field(
        default=None,
        ge=1,
        le=1_000_000,
        description="steps that a forecast has behind it, in training at least; by default seven seasons, 512 at most",
    )
    unroll: int = Field(
        default=0,
        ge=0,
        le=1_000_000,
        description="steps of a segment, which goes on in the state that the one before ended in; 0: no segments",
    )
    advance: int = Field(
        default=8,
        ge=1,
        le=1_000_000,
        description="symbols that task 'online' tells before each step of training",
    )
    input_offset: float = Field(
        default=0.0,
        ge=0,
        le=10,
        description="deviation of a random offset on the standardised input while training, "
        "one draw a sequence and feature; classify only",
    )
    gradient_clip: float = Field(
        default=1.0, ge=0, le=1e6, description="largest gradient norm of a step; 0: no clipping"
    )
    patience: int = Field(
        default=30,
        ge=1,
        le=100_000,
        description="epochs without a better validation loss before training stops",
    )
    gradient: Literal["full", "truncated"] = Field(
        default="full",
        description="truncated: as in 1997, an error goes back in time along the state alone; memory only",
    )
    seed: int = Field(
        default=0, ge=0, lt=2**32, description="seeds the split, the weights, the order and the dropout"
    )
    start: str | None = Field(
        default=None, min_length=1, description="run folder whose weights the training starts from"
    )
    start_sha256: str | None = Field(
        default=None, pattern="^[0-9a-f]{64}$", description="hash of these weights as they were"
    )
    freeze: int = Field(
        default=0,
        ge=0,
        le=64,
        description="how many layers, the first ones, keep the weights they start from",
    )
    also_from_nothing: bool = Field(
        default=False,
        description="with a run to start from: train the same from nothing as well, to tell what the start was worth",
    )
    device: Literal["cpu", "cuda", "mps"] = Field(default="cpu", description="where the training runs")
    devices: int = Field(
        default=1,
        ge=1,
        le=4096,
        description="processes that divide each batch between them, each with a device of its own",
    )
    threads: int = Field(
        default=1,
        ge=1,
        le=1024,
        description="CPU threads of each process; small models gain nothing from more, and sums depend on it",
    )
    tensorboard: bool = Field(
        default=False,
        description="also write the history as event files of TensorBoard, into `tensorboard/` of the run folder",
    )

    @model_validator(mode="after")
    def _check_start(self) -> "TrainingConfig":
        if self.freeze and self.start is None:
            raise ValueError(
                f"freeze keeps the weights of another run, got freeze {self.freeze} and no run to start from; "
                "give one, or set freeze to 0"
            )
        if self.also_from_nothing and self.start is None:
            raise ValueError(
                "also_from_nothing is true, but there is no run to start from, so that all is from nothing; "
                "give one, or set it to false"
            )
        return self
