"""A label for each sequence."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import torch
from pydantic import Field, Json, model_validator
from torch import Tensor
from torch.nn.functional import cross_entropy
from torchmetrics.functional.classification import multiclass_confusion_matrix

from carousel.data import Sequences, batches, load, moments, read, split
from carousel.data.tables import read_table, to_sequences
from carousel.errors import CarouselError, did_you_mean
from carousel.training.classifier import SequenceClassifier
from carousel.training.config import Config
from carousel.training.environment import cpu_threads
from carousel.training.label import Label, Names
from carousel.training.metrics import Count, Scores
from carousel.training.rivals import HeldOut, accuracies, verdict
from carousel.training.source import own_file
from carousel.training.tasks.task import Material, Task

TEST_SEED = 0
"""Cuts the test part off a file: the same for every seed of a run, so that runs can be compared."""


Share = Annotated[float, Field(ge=0, le=1)]


class Accuracy(Scores):
    """How well a part of the data is told apart: mean cross-entropy in nats, share of sequences right."""

    loss: float = Field(ge=0)
    accuracy: Share


class AccuracyByClass(Accuracy):
    """Scores with the counts behind them, [C, C]: a row for each true class, a column for each answer.

    `rivals` is the accuracy of simpler means on the same sequences, `left_out` why there is none of a rival.
    """

    confusion: list[list[Count]]
    classes: list[str] = Field(min_length=2)
    rivals: dict[str, Share] = {}
    left_out: dict[str, str] = {}

    @model_validator(mode="after")
    def _check_square(self) -> "AccuracyByClass":
        if {len(self.confusion), *map(len, self.confusion)} != {len(self.classes)}:
            raise ValueError("confusion wants a row and a column for each class")
        return self


class ClassifierLabel(Label):
    """What the weights of a classifier are for."""

    features: Json[Annotated[Names, Field(min_length=1)]]
    classes: Json[Annotated[Names, Field(min_length=2)]]
    validation: Json[Accuracy]


class Classify(Task[SequenceClassifier, Sequences]):
    """Sequences with a label each, from a known data set or a file, to the class of each."""

    noun = "accuracy"
    label = ClassifierLabel
    scores = Accuracy
    test_scores = AccuracyByClass
    primary = "accuracy"
    higher_is_better = True
    is_share = True

    def model(self, config: Config, **names: Any) -> SequenceClassifier:
        return SequenceClassifier(config, **names)

    def prepare(self, config: Config) -> Material[Sequences]:
        train, test = self._parts(config)
        training = config.training
        kept, held_out = split(train, config.data.validation_fraction, training.seed)
        mean, std = moments(kept)
        return Material(
            names={"features": train.features, "classes": train.classes},
            buffers={"mean": mean, "std": std},
            train=batches(kept, training.batch_size, shuffle=True, seed=training.seed),
            validation=batches(held_out, training.batch_size),
            test=HeldOut(test.values, test.features, test.ids, test.labels, test.classes, past=train),
            headline=f"{len(train.classes)} classes, {len(kept)} sequences to learn from, "
            f"{len(held_out)} to choose the best epoch",
        )

    def read(self, config: Config, path: Path) -> Sequences:
        schema = config.data.table
        if schema is None:
            return read(path)
        return to_sequences(read_table(path, schema), schema)

    def score(self, model: SequenceClassifier, data: Sequences) -> dict[str, Any]:
        """The fields of `AccuracyByClass`; of data whose past is not known, no rivals."""
        logits = answers(model, data)
        labels = _labels(model, data)
        confusion = multiclass_confusion_matrix(logits, labels, num_classes=len(model.classes))
        rivals, left_out = accuracies(data) if isinstance(data, HeldOut) else ({}, {})
        return {
            "loss": float(cross_entropy(logits.double(), labels)),
            "accuracy": float((logits.argmax(dim=1) == labels).double().mean()),
            "confusion": confusion.tolist(),
            "classes": list(model.classes),
            "rivals": rivals,
            "left_out": left_out,
        }

    def table(self, model: SequenceClassifier, data: Sequences) -> pd.DataFrame:
        """Columns `sequence`, `predicted`, and `probability_<class>` for each class."""
        probabilities = answers(model, data).softmax(dim=1).numpy()
        table = pd.DataFrame(probabilities, columns=[f"probability_{name}" for name in model.classes])
        table.insert(0, "sequence", data.ids)
        table.insert(1, "predicted", [model.classes[best] for best in probabilities.argmax(axis=1)])
        return table

    def shown(self, scores: Mapping[str, float]) -> str:
        return f"{100 * scores['accuracy']:.1f} %"

    def told(self, scores: Mapping[str, Any]) -> str:
        return f"accuracy {self.shown(scores)}, loss {scores['loss']:.4f} nats"

    def verdict(self, scores: Mapping[str, Any]) -> str:
        rivals = scores["rivals"]
        return verdict(scores["accuracy"], rivals, scores["left_out"]) if rivals else ""

    def baselines(self, scores: Mapping[str, Any]) -> dict[str, float]:
        return dict(scores["rivals"])

    def _parts(self, config: Config) -> tuple[Sequences, Sequences]:
        """The training part and the test part."""
        if config.data.dataset:
            return load(config.data.dataset)
        sequences = self.read(config, own_file(config.data))
        if len(sequences.classes) < 2:
            raise CarouselError(
                f"'{config.data.file}' has {_count(sequences.classes)}, wanted at least two to tell apart; "
                "add a label for each sequence"
            )
        return split(sequences, config.data.test_fraction, TEST_SEED)


@torch.no_grad()
def answers(model: SequenceClassifier, sequences: Sequences) -> Tensor:
    """Logits [N, C] of the sequences.

    Raises:
        CarouselError: the sequences have other features, or values so large that the answer is not finite.
    """
    unnamed = tuple(f"x{i}" for i in range(len(model.features)))  # what a file without names gets
    if sequences.features not in (model.features, unnamed):
        raise CarouselError(
            f"the sequences have {_named(sequences.features)}, the run was trained on {_named(model.features)}; "
            "give the same features in the same order"
        )
    training = model.config.training
    with cpu_threads(training.threads):
        loader = batches(sequences, training.batch_size)
        logits = torch.cat([model(batch.x, batch.lengths) for batch in loader])
    finite = logits.isfinite().all(dim=1)
    if not finite.all():
        first = sequences.ids[int(finite.int().argmin())]
        raise CarouselError(
            f"the model's answer to sequence '{first}' is not a finite number; "
            "its values may be too large, or the weights of the run damaged"
        )
    return logits


def _count(classes: tuple[str, ...]) -> str:
    return f"only the class '{classes[0]}'" if classes else "no labels"


def _named(features: tuple[str, ...]) -> str:
    shown = ", ".join(features[:3]) + (", ..." if len(features) > 3 else "")
    return f"{len(features)} feature{'s' if len(features) > 1 else ''} ({shown})"


def _labels(model: SequenceClassifier, sequences: Sequences) -> Tensor:
    """Labels [N] as positions in the model's classes, which a file may number differently."""
    if sequences.labels is None:
        raise CarouselError("the sequences have no labels to score against; `carousel predict` needs none")
    position = {name: index for index, name in enumerate(model.classes)}
    unknown = next((name for name in sequences.classes if name not in position), None)
    if unknown is not None:
        raise CarouselError(
            f"the run does not know class '{unknown}'; {did_you_mean(unknown, model.classes)}"
        )
    return torch.tensor([position[sequences.classes[label]] for label in sequences.labels])
