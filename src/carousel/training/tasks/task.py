"""What the rest of the training floor asks about a kind of task."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

import numpy as np
import numpy.typing as npt
from torch.utils.data import DataLoader

from carousel.training.config import Config
from carousel.training.label import Label
from carousel.training.metrics import Metrics, Scores
from carousel.training.model import SequenceModel

if TYPE_CHECKING:
    import pandas as pd

Model = TypeVar("Model", bound=SequenceModel)
Data = TypeVar("Data")


@dataclass(frozen=True)
class Material(Generic[Data]):
    """The data of a run, cut into its parts.

    Attributes:
        names: the arguments of the model's constructor beside the configuration.
        buffers: what is learnt from the training part before any weight is: values of the model's buffers, by name.
        train: batches to learn from. The loader has a `generator`, from which whatever is random in their order comes
            and which a resumed training sets back; one without would draw from PyTorch's own.
        validation: batches to choose the best epoch by; None where the task does not choose.
        test: what is scored once, after training.
        headline: the parts in a few words.
    """

    names: Mapping[str, Any]
    buffers: Mapping[str, npt.NDArray[np.float32]]
    train: DataLoader[Any]
    validation: DataLoader[Any] | None
    test: Data
    headline: str


class Task(ABC, Generic[Model, Data]):
    """One kind of task: its model, its data and its scores.

    Attributes:
        noun: the score that people look at.
        writes: what a run writes where it is given no data: "text", "music", or nothing.
        reads: whether a run answers files of data.
        chooses: whether the best epoch is chosen by a validation part; else there is none, and the last one is kept.
        label: what the file of weights says about itself.
        scores: of the validation part, in `metrics.json` and on the label; its fields make columns of `history.csv`.
        test_scores: of the test part, in `metrics.json`.
        primary: where in the test scores the number is that runs are compared by, such as "mase.forecast".
        counted: what that number is called where it is none of the test part.
        higher_is_better: whether more of it is better.
        is_share: whether it lies between 0 and 1 and is told in per cent.
    """

    noun: ClassVar[str]
    writes: ClassVar[str] = ""
    reads: ClassVar[bool] = True
    chooses: ClassVar[bool] = True
    label: ClassVar[type[Label]]
    scores: ClassVar[type[Scores]]
    test_scores: ClassVar[type[Scores]]
    primary: ClassVar[str]
    counted: ClassVar[str] = ""
    higher_is_better: ClassVar[bool]
    is_share: ClassVar[bool] = False

    @abstractmethod
    def model(self, config: Config, **names: Any) -> Model:
        """A new model; the names are those of `Material` or of a label."""

    @abstractmethod
    def prepare(self, config: Config) -> Material[Data]:
        """Read the run's data and cut it into its parts.

        Raises:
            CarouselError: the data cannot be read or does not fit the task.
        """

    @abstractmethod
    def read(self, config: Config, path: Path) -> Data:
        """A file of other data, read as a run with this configuration reads it.

        Raises:
            CarouselError: the file cannot be read.
        """

    def read_to_answer(self, config: Config, path: Path) -> Data:
        """A file of data to answer, where that is not read like data to score.

        Raises:
            CarouselError: the file cannot be read.
        """
        return self.read(config, path)

    @abstractmethod
    def score(self, model: Model, data: Data) -> dict[str, Any]:
        """The fields of `test_scores` for a model in evaluation mode.

        Raises:
            CarouselError: the data does not fit the model, or has nothing to score against.
        """

    @abstractmethod
    def table(self, model: Model, data: Data) -> "pd.DataFrame":
        """What a model in evaluation mode predicts, as a table.

        Raises:
            CarouselError: the data does not fit the model.
        """

    @abstractmethod
    def shown(self, scores: Mapping[str, float]) -> str:
        """The score that people look at, with its unit."""

    @abstractmethod
    def told(self, scores: Mapping[str, Any]) -> str:
        """All there is to say about a test score in one line."""

    def verdict(self, scores: Mapping[str, Any]) -> str:
        """Who won, in one sentence, where the test part was also answered by simpler means; else nothing."""
        return ""

    def primary_of(self, config: Config) -> str:
        """`primary`, where it depends on what is asked."""
        return self.primary

    def primary_score(self, config: Config, scores: Mapping[str, Any]) -> float:
        """The number among the test scores that runs are compared by."""
        found: Any = scores
        for name in self.primary_of(config).split("."):
            found = found[name]
        return float(found)

    def is_reached(self, scores: Mapping[str, Any]) -> bool:
        """Whether what is counted was reached at all; else `primary_score` is the most that might have been counted."""
        return True

    def baselines(self, scores: Mapping[str, Any]) -> dict[str, float]:
        """What simpler means reach on the same test part, in terms of `primary_of`, by name."""
        return {}

    @property
    def metrics(self) -> type[Metrics[Any, Any]]:
        """The layout of `metrics.json`."""
        return Metrics[self.scores, self.test_scores]  # type: ignore[name-defined]

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of `history.csv`."""
        scores = tuple(self.scores.model_fields)
        return (
            "epoch",
            *(f"train_{name}" for name in scores),
            "validation_loss",
            "validation_loss_error",
            *(f"validation_{name}" for name in scores if name != "loss"),
            "gradient_norm",
            "seconds",
        )

    def validation_scores(self, row: Mapping[str, float]) -> dict[str, float]:
        """The fields of `scores`, from a row of the history or from what was logged."""
        return {name: float(row[f"validation_{name}"]) for name in self.scores.model_fields}
