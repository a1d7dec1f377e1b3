"""A training from end to end."""

import csv
import json
import os
import random
import re
import warnings

import numpy as np
import pytest
import torch

from carousel.data import load, moments, split
from carousel.errors import CarouselError
from carousel.training import evaluate, fit, load_config, override
from carousel.training.classifier import SequenceClassifier
from carousel.training.tasks import TASKS
from carousel.training.tasks.classify import Classify
from steps import after_steps


def files(folder):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())


def test_a_run_folder_has_all_its_parts(finished, tiny):
    assert files(finished.folder) == [
        "checkpoints/last.ckpt", "config.yaml", "history.csv", "metrics.json", "model.safetensors",
    ]  # fmt: skip
    assert load_config(finished.folder / "config.yaml") == finished.config == tiny


def test_metrics_say_what_happened(finished):
    metrics = json.loads((finished.folder / "metrics.json").read_text())
    assert metrics.keys() == {
        "format", "status", "best_epoch", "epochs", "parameters", "seconds", "kernel", "validation", "test",
        "versions",
    }  # fmt: skip
    assert (metrics["format"], metrics["status"], metrics["epochs"]) == (1, "complete", 3)
    assert metrics["parameters"] == sum(p.numel() for p in finished.load_model().parameters())
    assert metrics["versions"].keys() == {"carousel", "python", "torch", "pytorch-lightning", "numpy"}
    confusion = np.array(metrics["test"]["confusion"])
    labels = load("japanese_vowels")[1].labels
    assert np.array_equal(confusion.sum(axis=1), np.bincount(labels))
    assert np.trace(confusion) / len(labels) == pytest.approx(metrics["test"]["accuracy"])


def test_history_has_a_row_an_epoch_and_metrics_quote_the_best(finished):
    with open(finished.folder / "history.csv", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == TASKS["classify"].columns
    losses = [float(row["validation_loss"]) for row in rows]
    metrics = finished.metrics()
    best = rows[metrics["best_epoch"] - 1]
    assert float(best["validation_loss"]) == pytest.approx(metrics["validation"]["loss"])
    assert float(best["validation_accuracy"]) == pytest.approx(metrics["validation"]["accuracy"])
    assert losses[-1] < losses[0]
    assert all(float(row["gradient_norm"]) > 0 for row in rows)


def test_the_kept_model_is_that_of_the_best_epoch(finished):
    metrics, config = finished.metrics(), finished.config
    _, held_out = split(load("japanese_vowels")[0], config.data.validation_fraction, config.training.seed)
    validation = evaluate(finished.folder, held_out)
    assert validation["loss"] == pytest.approx(metrics["validation"]["loss"], rel=1e-5)
    assert validation["accuracy"] == pytest.approx(metrics["validation"]["accuracy"])
    test = evaluate(finished.folder)
    assert test == metrics["test"]


def test_later_and_worse_epochs_change_neither_model_nor_scores(tiny, tmp_path, monkeypatch):
    def forget(model):
        torch.nn.init.normal_(model.head.weight, std=100)

    short = fit(override(tiny, ["epochs=3"]), tmp_path / "short", progress=False)
    after_steps(monkeypatch, 4 * 3, forget)
    run = fit(override(tiny, ["epochs=3"]), tmp_path / "run", progress=False)
    losses = [row["validation_loss"] for row in run.history()]
    assert losses[2] > losses[1] == short.history()[1]["validation_loss"]
    metrics = run.metrics()
    assert metrics["best_epoch"] == 2
    assert metrics["validation"]["loss"] == pytest.approx(losses[1])
    assert evaluate(run.folder) == metrics["test"] != short.metrics()["test"]


def test_the_scaling_is_learnt_from_the_kept_training_part_alone(finished):
    config, model = finished.config, finished.load_model()
    kept, _ = split(load("japanese_vowels")[0], config.data.validation_fraction, config.training.seed)
    mean, std = moments(kept)
    assert torch.equal(model.mean, torch.from_numpy(mean))
    assert torch.equal(model.std, torch.from_numpy(std))


@pytest.mark.parametrize("layer", ["augmented", "lstm"])
def test_config_yaml_replays_a_run_to_the_same_numbers(layer, tiny, tmp_path):
    config = override(tiny, [f"layer={layer}", "epochs=2"])
    first = fit(config, tmp_path / "first", progress=False)
    torch.rand(3)
    again = fit(load_config(first.folder / "config.yaml"), tmp_path / "again", progress=False)
    metrics = [run.metrics() | {"seconds": None} for run in (first, again)]
    assert metrics[0] == metrics[1]
    other = fit(override(config, ["seed=1"]), tmp_path / "other", progress=False)
    assert other.metrics()["test"] != metrics[0]["test"]


def test_training_stops_when_validation_no_longer_gets_better(tiny, tmp_path):
    stuck = override(tiny, ["learning_rate=1e-12", "weight_decay=0", "patience=2", "epochs=50"])
    metrics = fit(stuck, tmp_path / "run", progress=False).metrics()
    assert metrics["status"] == "complete"
    assert metrics["epochs"] < 20


def test_the_test_part_is_scored_once(tiny, tmp_path, monkeypatch):
    calls, original = [], Classify.score
    monkeypatch.setattr(Classify, "score", lambda *arguments: calls.append(arguments) or original(*arguments))
    fit(tiny, tmp_path / "run", progress=False)
    assert len(calls) == 1


def test_gradients_are_clipped_after_their_norm_is_noted(tiny, tmp_path, monkeypatch):
    norms, original = [], SequenceClassifier.configure_gradient_clipping

    def clip(model, *arguments, **options):
        original(model, *arguments, **options)
        norms.append(torch.nn.utils.get_total_norm([weight.grad for weight in model.parameters()]).item())

    monkeypatch.setattr(SequenceClassifier, "configure_gradient_clipping", clip)
    run = fit(override(tiny, ["gradient_clip=0.001", "epochs=1"]), tmp_path / "run", progress=False)
    assert max(norms) <= 0.001 * 1.0001
    assert run.history()[0]["gradient_norm"] > 0.01


def test_fit_is_silent_and_leaves_nothing_in_the_current_folder(tiny, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit(override(tiny, ["epochs=1"]), "out", progress=False)
    assert capfd.readouterr() == ("", "")
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_progress_elsewhere_than_on_a_terminal_is_plain_lines_on_standard_error(tiny, tmp_path, capfd):
    fit(override(tiny, ["epochs=20"]), tmp_path / "run")
    out, err = capfd.readouterr()
    assert out == ""
    headline, *lines = err.splitlines()
    assert headline == (
        "tiny: 9 classes, 216 sequences to learn from, 54 to choose the best epoch; torch layer, 657 parameters"
    )
    assert len(lines) == 10
    assert lines[0].startswith("epoch 2/20: loss ")
    assert "validation accuracy" in lines[-1] and "\x1b" not in err


def test_an_unknown_data_set_is_refused_before_anything_is_made(tiny, tmp_path):
    with pytest.raises(CarouselError, match="did you mean 'japanese_vowels'"):
        fit(override(tiny, ["dataset=japanese_vowel"]), tmp_path / "run", progress=False)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_device_is_refused_before_anything_is_made(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    with pytest.raises(CarouselError) as error:
        fit(override(tiny, ["device=cuda"]), tmp_path / "run", progress=False)
    assert str(error.value) == "this machine has no device 'cuda' that PyTorch can use; set device to cpu"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("setting", ["hidden_size=65536", "hidden_size=65536 num_layers=64 layer=augmented"])
def test_a_model_that_does_not_fit_into_memory_is_refused_before_anything_is_made(setting, tiny, tmp_path):
    with pytest.raises(CarouselError) as error:
        fit(override(tiny, setting.split()), tmp_path / "run", progress=False)
    assert re.fullmatch(
        r"[\d,]+ parameters need [\d,.]+ GB of memory to train, this machine has [\d,.]+ GB; "
        "lower hidden_size or num_layers",
        str(error.value),
    )
    assert list(tmp_path.iterdir()) == []


def test_the_random_numbers_of_the_caller_go_on_as_if_nothing_had_happened(tiny, tmp_path):
    def draws():
        return random.random(), np.random.random(), torch.rand(1).item()  # noqa: NPY002

    def seed():
        random.seed(5)
        np.random.seed(5)  # noqa: NPY002
        torch.manual_seed(5)

    seed()
    wanted = draws()
    seed()
    fit(override(tiny, ["epochs=1"]), tmp_path / "run", progress=False).load_model()
    assert draws() == wanted
    assert "PL_GLOBAL_SEED" not in os.environ
