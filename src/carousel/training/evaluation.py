"""A trained model on sequences: scores and probabilities."""

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy
from torchmetrics.functional.classification import multiclass_confusion_matrix

from carousel.data import Sequences, batches, load
from carousel.errors import CarouselError, did_you_mean
from carousel.training.classifier import SequenceClassifier
from carousel.training.environment import cpu_threads
from carousel.training.run import open_run


def evaluate(run: str | Path, sequences: Sequences | None = None) -> dict[str, Any]:
    """Score the best epoch of a run.

    Args:
        run: the run folder.
        sequences: labelled sequences with the run's features; by default the test part of the run's own data set.

    Returns:
        `loss` (mean cross-entropy in nats), `accuracy`, `confusion` ([C, C] counts, a row for each true class)
        and `classes`.

    Raises:
        CarouselError: the run cannot be opened, or the sequences have no labels, other features, unknown classes, or
            values so large that the answer is not finite.
    """
    opened = open_run(run)
    if sequences is None:
        _, sequences = load(opened.config.data.dataset)
    return score(opened.load_model(), sequences)


def predict(run: str | Path, sequences: Sequences) -> npt.NDArray[np.float32]:
    """Class probabilities [N, C] of the best epoch of a run; the columns are `open_run(run).load_model().classes`.

    Raises:
        CarouselError: the run cannot be opened, or the sequences have other features or values so large that the
            answer is not finite.
    """
    _, probabilities = _predict(run, sequences)
    return probabilities


def prediction_table(run: str | Path, sequences: Sequences) -> pd.DataFrame:
    """`predict` as a table: sequence, predicted, and a column `probability_<class>` for each class."""
    classes, probabilities = _predict(run, sequences)
    table = pd.DataFrame(probabilities, columns=[f"probability_{name}" for name in classes])
    table.insert(0, "sequence", sequences.ids)
    table.insert(1, "predicted", [classes[best] for best in probabilities.argmax(axis=1)])
    return table


def score(model: SequenceClassifier, sequences: Sequences) -> dict[str, Any]:
    """What `evaluate` returns, for a model in memory in evaluation mode."""
    logits = _logits(model, sequences)
    labels = _labels(model, sequences)
    confusion = multiclass_confusion_matrix(logits, labels, num_classes=len(model.classes))
    return {
        "loss": float(cross_entropy(logits.double(), labels)),
        "accuracy": float((logits.argmax(dim=1) == labels).double().mean()),
        "confusion": confusion.tolist(),
        "classes": list(model.classes),
    }


def _predict(run: str | Path, sequences: Sequences) -> tuple[tuple[str, ...], npt.NDArray[np.float32]]:
    opened = open_run(run)
    model = opened.load_model()
    logits = _logits(model, sequences)
    return model.classes, logits.softmax(dim=1).numpy()


@torch.no_grad()
def _logits(model: SequenceClassifier, sequences: Sequences) -> Tensor:
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
