"""Every way in which a training can end early, and what it leaves behind."""

import errno
import json
import os
import signal

import pytest
import torch

from carousel.data import load, split
from carousel.errors import CarouselError
from carousel.training import evaluate, fit, open_run, override
from carousel.training import recorder as recorder_module
from carousel.training.classifier import SequenceClassifier
from carousel.training.tasks.classify import Classify
from steps import after_steps, press_ctrl_c


def test_a_device_that_runs_out_of_memory_gets_a_sentence(tiny, tmp_path, monkeypatch):
    def run_out(model):
        raise torch.OutOfMemoryError("a long story")

    after_steps(monkeypatch, 2, run_out)
    with pytest.raises(
        CarouselError, match="^the training does not fit into the memory of the device; lower"
    ):
        fit(tiny, tmp_path / "run", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_keeps_the_best_epoch_and_says_interrupted(tiny, tmp_path, monkeypatch):
    handler = signal.getsignal(signal.SIGINT)
    after_steps(monkeypatch, 4 * 2 + 2, press_ctrl_c)
    run = fit(override(tiny, ["epochs=9"]), tmp_path / "run", progress=False)
    metrics = run.metrics()
    assert (metrics["status"], metrics["epochs"], metrics["test"]) == ("interrupted", 2, None)
    assert len(run.history()) == 2
    assert evaluate(run.folder)["accuracy"] > 0
    assert signal.getsignal(signal.SIGINT) is handler


@pytest.mark.parametrize("name", ["history.csv", "metrics.json", "model.safetensors"])
def test_ctrl_c_between_two_files_leaves_them_in_agreement(name, tiny, tmp_path, monkeypatch):
    original, replaced = os.replace, []

    def replace(source, target):
        if str(target).endswith(name):
            replaced.append(target)
            if len(replaced) == 3:
                press_ctrl_c()
        original(source, target)

    monkeypatch.setattr(os, "replace", replace)
    run = fit(override(tiny, ["epochs=9"]), tmp_path / "run", progress=False)
    metrics = json.loads((run.folder / "metrics.json").read_text())
    assert metrics == run.metrics()
    assert metrics["status"] == "interrupted"
    best = run.history()[metrics["best_epoch"] - 1]
    assert metrics["validation"]["loss"] == pytest.approx(best["validation_loss"])
    _, held_out = split(load("japanese_vowels")[0], 0.2, 0)
    assert evaluate(run.folder, held_out)["loss"] == pytest.approx(metrics["validation"]["loss"], rel=1e-5)
    assert not [*run.folder.rglob(".*")]


def test_ctrl_c_in_the_first_epoch_leaves_nothing(tiny, tmp_path, monkeypatch):
    after_steps(monkeypatch, 2, press_ctrl_c)
    with pytest.raises(KeyboardInterrupt, match="before the first epoch ended; nothing is left behind"):
        fit(tiny, tmp_path / "run", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_before_the_first_step_leaves_ctrl_c_working(tiny, tmp_path, monkeypatch):
    handler = signal.getsignal(signal.SIGINT)
    monkeypatch.setattr(SequenceClassifier, "configure_optimizers", press_ctrl_c)
    with pytest.raises(KeyboardInterrupt):
        fit(tiny, tmp_path / "run", progress=False)
    assert signal.getsignal(signal.SIGINT) is handler
    assert list(tmp_path.iterdir()) == []


def test_ctrl_c_while_the_test_part_is_scored_leaves_an_interrupted_run(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(Classify, "score", press_ctrl_c)
    run = fit(tiny, tmp_path / "run", progress=False)
    assert run.metrics()["status"] == "interrupted"


def test_a_kill_at_any_moment_leaves_a_run_that_can_be_used(tiny, tmp_path, monkeypatch):
    def look(model):
        run = open_run(tmp_path / "run")
        assert run.metrics()["status"] == "interrupted"
        assert run.metrics()["epochs"] == len(run.history()) == 1
        assert evaluate(run.folder)["accuracy"] > 0

    after_steps(monkeypatch, 4 + 2, look)
    assert fit(tiny, tmp_path / "run", progress=False).metrics()["status"] == "complete"


def test_a_disk_that_fills_up_leaves_the_best_epoch(tiny, tmp_path, monkeypatch):
    original, replaced = os.replace, []

    def replace(source, target):
        if str(target).endswith("history.csv"):
            replaced.append(target)
            if len(replaced) == 2:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(CarouselError) as error:
        fit(tiny, tmp_path / "run", progress=False)
    path = tmp_path / "run"
    assert str(error.value) == (
        f"cannot write '{path / 'history.csv'}': No space left on device; free some space or choose another place; "
        f"the best epoch so far is kept in '{path}'"
    )
    assert open_run(path).metrics()["epochs"] == 1
    assert not [*path.rglob(".*")]


def test_a_disk_that_is_full_from_the_start_leaves_nothing(tiny, tmp_path, monkeypatch):
    def refuse(*arguments):
        raise CarouselError("cannot write")

    monkeypatch.setattr(recorder_module, "write_together", refuse)
    with pytest.raises(CarouselError, match="^cannot write$"):
        fit(tiny, tmp_path / "run", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_a_checkpoint_that_cannot_be_written_gets_a_sentence(tiny, tmp_path, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(errno.EDQUOT, os.strerror(errno.EDQUOT))

    monkeypatch.setattr("pytorch_lightning.Trainer.save_checkpoint", refuse)
    with pytest.raises(CarouselError, match=f"cannot write '{tmp_path / 'run'}': .*quota.*; free some space"):
        fit(tiny, tmp_path / "run", progress=False)


def test_a_loss_that_is_never_finite_gets_a_sentence(tiny, tmp_path, monkeypatch):
    original = SequenceClassifier.forward
    monkeypatch.setattr(SequenceClassifier, "forward", lambda *arguments: original(*arguments) * float("nan"))
    with pytest.raises(
        CarouselError, match="the loss was never a finite number; lower learning_rate, it is 0.03"
    ):
        fit(tiny, tmp_path / "run", progress=False)
    assert list(tmp_path.iterdir()) == []
