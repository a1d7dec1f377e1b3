"""Which epoch is kept: the latest within one standard error of the lowest validation loss."""

from types import SimpleNamespace

import pytest

from carousel.data import load
from carousel.training.classifier import SequenceClassifier
from carousel.training.recorder import COLUMNS, Recorder


@pytest.mark.parametrize(
    ("losses", "errors", "kept"),
    [
        ([1.0, 0.5, 0.4], [0.0, 0.0, 0.0], [1, 2, 3]),
        ([1.0, 0.5, 0.6], [0.0, 0.0, 0.0], [1, 2, 2]),
        ([1.0, 0.50, 0.58, 0.65], [0.1, 0.1, 0.1, 0.1], [1, 2, 3, 3]),
        ([1.0, 0.50, 0.45, 0.46, 0.48], [0.1, 0.1, 0.02, 0.9, 0.9], [1, 2, 3, 4, 4]),
        ([float("nan"), 0.5, float("nan")], [float("nan"), 0.1, 0.1], [None, 2, 2]),
        ([float("inf"), 0.5], [0.1, 0.1], [None, 2]),
    ],
)
def test_the_best_epoch(tiny, tmp_path, losses, errors, kept):
    train, _ = load("japanese_vowels")
    recorder = Recorder(tmp_path, SequenceClassifier(tiny, train.features, train.classes))
    recorder.on_train_start(None, None)
    for epoch, (loss, error, wanted) in enumerate(zip(losses, errors, kept, strict=True)):
        metrics = dict.fromkeys(COLUMNS, 0.0) | {"validation_loss": loss, "validation_loss_error": error}
        recorder.on_train_epoch_end(SimpleNamespace(current_epoch=epoch, callback_metrics=metrics), None)
        assert (recorder.best and recorder.best["epoch"]) == wanted
        assert (tmp_path / "model.safetensors").exists() == (wanted is not None)
