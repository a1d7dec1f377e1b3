"""Which epoch is kept: the latest within one standard error of the lowest validation loss.

And that the files of the run agree about it, wherever the process ends.
"""

from types import SimpleNamespace

import pytest
import torch

from carousel.data import load
from carousel.errors import CarouselError
from carousel.training import open_run
from carousel.training.checkpoint import RandomNumbers
from carousel.training.classifier import SequenceClassifier
from carousel.training.config import to_yaml
from carousel.training.processes import Alone
from carousel.training.recorder import Recorder
from carousel.training.tasks import TASKS
from kills import killed_after


def ignored(path):
    """A checkpoint that is not written."""


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
    recorder = Recorder(
        tmp_path,
        SequenceClassifier(tiny, train.features, train.classes),
        RandomNumbers(torch.Generator(), Alone()),
    )
    recorder.on_train_start(SimpleNamespace(), None)
    for epoch, (loss, error, wanted) in enumerate(zip(losses, errors, kept, strict=True)):
        metrics = dict.fromkeys(TASKS["classify"].columns, 0.0) | {
            "validation_loss": loss,
            "validation_loss_error": error,
        }
        recorder.on_train_epoch_end(
            SimpleNamespace(current_epoch=epoch, callback_metrics=metrics, save_checkpoint=ignored), None
        )
        assert (recorder.best and recorder.best["epoch"]) == wanted
        assert (tmp_path / "model.safetensors").exists() == (wanted is not None)


def test_the_epoch_in_which_a_model_says_that_it_has_finished_is_kept_and_the_last(
    tiny, tmp_path, monkeypatch
):
    train, _ = load("japanese_vowels")
    model = SequenceClassifier(tiny, train.features, train.classes)
    recorder = Recorder(tmp_path, model, RandomNumbers(torch.Generator(), Alone()))
    recorder.on_train_start(SimpleNamespace(), None)
    for epoch, (loss, finished) in enumerate([(0.5, False), (0.7, False), (0.6, True)]):
        monkeypatch.setattr(SequenceClassifier, "has_finished", finished)
        metrics = dict.fromkeys(TASKS["classify"].columns, 0.0) | {"validation_loss": loss}
        trainer = SimpleNamespace(current_epoch=epoch, callback_metrics=metrics, save_checkpoint=ignored)
        recorder.on_train_epoch_end(trainer, None)
        assert trainer.should_stop == finished
        assert recorder.best["epoch"] == (3 if finished else 1)


@pytest.mark.parametrize("replacements", range(12))
def test_a_process_that_ends_between_two_files_leaves_a_true_run(tiny, tmp_path, replacements):
    (tmp_path / "config.yaml").write_text(to_yaml(tiny))
    train, _ = load("japanese_vowels")
    model = SequenceClassifier(tiny, train.features, train.classes)
    recorder = Recorder(tmp_path, model, RandomNumbers(torch.Generator(), Alone()))
    recorder.on_train_start(SimpleNamespace(), None)
    losses = [0.9, 0.8, 0.85, 0.7, 0.6]  # the third is not kept, so it replaces two files
    with killed_after(replacements):
        for epoch, loss in enumerate(losses, start=1):
            model.mean.fill_(epoch)
            metrics = dict.fromkeys(TASKS["classify"].columns, 0.0) | {"validation_loss": loss}
            recorder.on_train_epoch_end(
                SimpleNamespace(current_epoch=epoch - 1, callback_metrics=metrics, save_checkpoint=ignored),
                None,
            )
    if replacements < 3:
        with pytest.raises(CarouselError, match="half-written|is not a run"):
            open_run(tmp_path)
        return
    run = open_run(tmp_path)
    metrics = run.metrics()
    assert run.load_model().mean[0] == metrics["best_epoch"]
    assert metrics["validation"]["loss"] == losses[metrics["best_epoch"] - 1]
    assert metrics["epochs"] == len(run.history())
