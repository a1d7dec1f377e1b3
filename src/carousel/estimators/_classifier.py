"""A label for each sequence, with scikit-learn's manners."""

from collections.abc import Mapping
from dataclasses import replace
from os import PathLike
from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.base import ClassifierMixin

from carousel.estimators._estimator import Estimator, value_errors
from carousel.estimators._sequences import as_labels, as_sequences
from carousel.training import SequenceClassifier
from carousel.training.tasks.classify import answers

LEAST_TEST = 1e-6
"""Share of the sequences that the run tests on: one of each class, for whoever calls `fit` tests on others."""


class Classifier(ClassifierMixin, Estimator):  # type: ignore[misc]
    """Learns the label of sequences of any length, by a recurrent layer and the mean of its output over time.

    X is a list of arrays [T_i, F], an array [N, T, F], or rows [N, T] of sequences of one number a step; y has a label
    for each, of any kind. Of each class a share of the sequences, one at least, chooses the best epoch, and one more is
    set aside for the run's own test score: a class needs three. The same seed gives the same numbers.

    Args:
        layer: lstm, vanilla, augmented, torch or gru.
        hidden_size: cells in each layer and direction.
        num_layers: layers stacked on each other.
        bidirectional: read each sequence from both ends.
        dropout: share of signals dropped between layers and before the head.
        epochs: passes over the sequences, at most.
        batch_size: sequences in one step.
        learning_rate: highest step size of AdamW.
        weight_decay: decoupled weight decay of AdamW.
        patience: epochs without a better validation loss before training stops.
        validation_fraction: share of the sequences held out to choose the best epoch.
        seed: of everything random.
        device: cpu, cuda or mps; where the training runs.
        settings: further fields of the configuration, such as `{"context": (2, 1)}`.
        out: a folder for the run, which `carousel report` draws; by default nothing stays on disk.
        progress: show the progress on standard error.

    Attributes:
        classes_: the C classes, in order.
        n_features_in_: F, the numbers of a step.
        n_iter_: the epochs that were trained.
        history_: the losses and accuracies of each epoch.
        metrics_: what `metrics.json` of a run says.

    All methods raise ValueError where X or y, or as `fit` begins a parameter, is not as it should be, and
    `sklearn.exceptions.NotFittedError` before `fit`.
    """

    _kind = "classify"

    def __init__(
        self,
        layer: str = "augmented",
        hidden_size: int = 64,
        num_layers: int = 1,
        bidirectional: bool = True,
        dropout: float = 0.2,
        epochs: int = 80,
        batch_size: int = 32,
        learning_rate: float = 3e-3,
        weight_decay: float = 1e-2,
        patience: int = 30,
        validation_fraction: float = 0.2,
        seed: int = 0,
        device: str = "cpu",
        settings: Mapping[str, Any] | None = None,
        out: str | PathLike[str] | None = None,
        progress: bool = False,
    ) -> None:
        self.layer = layer
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bidirectional = bidirectional
        self.dropout = dropout
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.seed = seed
        self.device = device
        self.settings = settings
        self.out = out
        self.progress = progress

    @value_errors
    def fit(self, X: Any, y: Any) -> "Classifier":
        """Learn the labels y [N] of N sequences X."""
        sequences = as_sequences(X)
        labels, classes, names = as_labels(y, len(sequences))
        self.classes_ = classes
        self.n_features_in_ = sequences.n_features
        self._train(replace(sequences, labels=labels, classes=names), {})
        return self

    @value_errors
    def predict_proba(self, X: Any) -> npt.NDArray[np.float32]:
        """The probability of each class in the order of `classes_`, [N, C]."""
        model = self._require_fitted().model
        assert isinstance(model, SequenceClassifier)
        probabilities = answers(model, as_sequences(X)).softmax(dim=1).numpy()
        columns = [model.classes.index(str(name)) for name in self.classes_]
        return np.ascontiguousarray(probabilities[:, columns])

    def predict(self, X: Any) -> npt.NDArray[Any]:
        """The likeliest class of each sequence, [N]."""
        probabilities = self.predict_proba(X)
        found: npt.NDArray[Any] = self.classes_[probabilities.argmax(axis=1)]
        return found

    def _changes(self) -> dict[str, Any]:
        return {"test_fraction": LEAST_TEST, **super()._changes()}

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        return tags
