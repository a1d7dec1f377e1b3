"""A sentence for each way in which the files of a run can be missing, damaged or of something else."""

import errno
import json
import os
import shutil
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from carousel.training import open_run
from carousel.training.tasks import TASKS
from refusals import refusal


@pytest.fixture
def copy(finished, tmp_path) -> Path:
    return Path(shutil.copytree(finished.folder, tmp_path / "run"))


def test_half_written_runs_name_the_missing_file_and_what_to_do(copy):
    (copy / "metrics.json").unlink()
    assert refusal(open_run(copy).metrics) == (
        f"run '{copy}' is half-written: metrics.json is missing; "
        f"train again with `carousel fit {copy / 'config.yaml'}`"
    )
    model = copy / "model.safetensors"
    weights = model.read_bytes()
    model.unlink()
    assert refusal(open_run, copy) == (
        f"run '{copy}' is half-written: model.safetensors is missing, its training ended before the first epoch; "
        f"train again with `carousel fit {copy / 'config.yaml'}`"
    )
    model.write_bytes(weights)
    (copy / "config.yaml").unlink()
    assert refusal(open_run, copy) == (
        f"run '{copy}' is half-written: config.yaml is missing; bring it back or train again"
    )


def test_a_run_of_a_newer_version_says_upgrade(copy):
    metrics = json.loads((copy / "metrics.json").read_text())
    (copy / "metrics.json").write_text(json.dumps(metrics | {"format": 2}))
    sentence = refusal(open_run(copy).metrics)
    assert (
        "has format 2, carousel 0.1.0 reads up to format 1; upgrade with `pip install -U carousel-lstm`"
        in sentence
    )
    config = (copy / "config.yaml").read_text()
    (copy / "config.yaml").write_text(config.replace("format: 1", "format: 2\nnovelty: yes"))
    assert "has format 2" in refusal(open_run, copy)


def test_a_configuration_that_is_no_yaml(copy):
    (copy / "config.yaml").write_text("model: [")
    assert "config.yaml is not readable YAML (line 1)" in refusal(open_run, copy)


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"format": "one"}', '{"format": true}', '{"format": 1}', "\udcff", "[" * 9999],
)
def test_metrics_that_are_not_metrics(copy, content):
    (copy / "metrics.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert "metrics.json' is damaged or not what its name says; train again with" in refusal(
        open_run(copy).metrics
    )


@pytest.mark.parametrize(
    "change",
    [
        {"status": "done"},
        {"status": "interrupted"},
        {"test": None},
        {"test": {"loss": 0.1, "accuracy": 1.0}},
        {"best_epoch": "2"},
        {"best_epoch": 0},
        {"epochs": True},
        {"parameters": 1.5},
        {"seconds": float("nan")},
        {"validation": None},
        {"validation": {"loss": -1, "accuracy": 0.5}},
        {"validation": {"loss": 1, "accuracy": 50}},
        {"versions": [1]},
        {"kernel": 1},
        {"novelty": 1},
    ],
)
def test_metrics_with_a_wrong_value(copy, change):
    path = copy / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | change))
    assert "metrics.json' is damaged" in refusal(open_run(copy).metrics)


@pytest.mark.parametrize(
    "key", ["status", "best_epoch", "epochs", "parameters", "seconds", "test", "versions"]
)
def test_metrics_without_a_key(copy, key):
    path = copy / "metrics.json"
    metrics = json.loads(path.read_text())
    del metrics[key]
    path.write_text(json.dumps(metrics))
    assert "metrics.json' is damaged" in refusal(open_run(copy).metrics)


def test_a_confusion_matrix_that_is_not_square(copy):
    path = copy / "metrics.json"
    metrics = json.loads(path.read_text())
    metrics["test"]["confusion"][3].pop()
    path.write_text(json.dumps(metrics))
    assert "metrics.json' is damaged" in refusal(open_run(copy).metrics)


HEADER = ",".join(TASKS["classify"].columns) + "\n"


@pytest.mark.parametrize(
    "content",
    ["", "\n", "text", HEADER, "epoch\nx\n", "epoch,loss\n1\n", "epoch\n1\n", f"{HEADER}1,2\n",
     f"{HEADER}2{',0' * 7}\n", f"{HEADER}1{',0' * 7}\n1{',0' * 7}\n", f"{HEADER}1{',x' * 7}\n"],
)  # fmt: skip
def test_a_history_that_is_no_table(copy, content):
    (copy / "history.csv").write_text(content)
    assert "history.csv' is damaged or not what its name says" in refusal(open_run(copy).history)
    assert "history.csv' is damaged or not what its name says" in refusal(open_run(copy).metrics)


def test_a_history_that_ends_before_the_kept_epoch(copy):
    lines = (copy / "history.csv").read_text().splitlines(keepends=True)
    best = open_run(copy).metrics()["best_epoch"]
    (copy / "history.csv").write_text("".join(lines[:best]))
    assert "history.csv' is damaged" in refusal(open_run(copy).metrics)


def test_a_folder_or_a_file_that_the_system_refuses_to_open(copy, tmp_path, monkeypatch):
    assert refusal(open_run, tmp_path / ("x" * 300)) == (
        f"cannot read '{tmp_path / ('x' * 300)}': File name too long; check the path and its permissions"
    )
    run = open_run(copy)

    def refuse(*arguments, **options):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(Path, "read_text", refuse)
    wanted = "Permission denied; check the path and its permissions"
    assert refusal(run.history) == f"cannot read '{copy / 'history.csv'}': {wanted}"
    assert refusal(open_run, copy) == f"cannot read '{copy / 'config.yaml'}' as a configuration: {wanted}"


def test_the_command_to_train_again_can_be_pasted(finished, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name, shown in (("a b", "'a b/config.yaml'"), ("-x", "./-x/config.yaml")):
        shutil.copytree(finished.folder, tmp_path / name)
        (tmp_path / name / "metrics.json").unlink()
        assert refusal(open_run(name).metrics).endswith(f"train again with `carousel fit {shown}`")


@pytest.mark.parametrize("length", [0, 4, 100, -1])
def test_truncated_weights(copy, length):
    path = copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:length])
    assert refusal(open_run(copy).load_model) == (
        f"'{path}' is damaged or not what its name says; train again with `carousel fit {copy / 'config.yaml'}`"
    )


def test_weights_without_names(copy):
    save_file({"mean": torch.zeros(3)}, copy / "model.safetensors")
    assert "model.safetensors' is damaged" in refusal(open_run(copy).load_model)


LABEL = {"features": '["a", "b"]', "classes": '["1", "2"]', "epoch": "1"}
LABEL["validation"] = '{"loss": 0.5, "accuracy": 0.5}'


@pytest.mark.parametrize(
    "part, value",
    [
        ("features", "["),
        ("features", "[]"),
        ("features", '"ab"'),
        ("features", '["a", "a"]'),
        ("features", '["a", ""]'),
        ("features", "[1, 2]"),
        ("features", "[" * 9999),
        ("classes", '["1"]'),
        ("classes", '["1", "1"]'),
        ("classes", '{"1": 2}'),
        ("epoch", "0"),
        ("epoch", "true"),
        ("validation", '{"loss": NaN, "accuracy": 0.5}'),
        ("validation", '{"loss": 0.5}'),
    ],
)
def test_weights_with_a_wrong_label(copy, part, value):
    path = copy / "model.safetensors"
    save_file({"mean": torch.zeros(2)}, path, LABEL)
    assert "does not fit the config.yaml" in refusal(open_run(copy).load_model)
    save_file({"mean": torch.zeros(2)}, path, LABEL | {part: value})
    assert "model.safetensors' is damaged" in refusal(open_run(copy).load_model)
    assert "model.safetensors' is damaged" in refusal(open_run(copy).metrics)


def test_weights_are_never_unpickled(copy):
    torch.save({"mean": torch.zeros(3)}, copy / "model.safetensors")
    assert "model.safetensors' is damaged" in refusal(open_run(copy).load_model)


@pytest.mark.parametrize(
    "change, sentence",
    [
        (("hidden_size: 4", "hidden_size: 65536"), "head.weight has shape (9, 8), wanted (9, 131072)"),
        (("hidden_size: 4", "hidden_size: 5"), "head.weight has shape (9, 8), wanted (9, 10)"),
        (("layer: torch", "layer: gru"), "layer.bias_hh_l0 has shape (16,), wanted (12,)"),
        (("num_layers: 1", "num_layers: 2"), "layer.bias_hh_l1 has shape none, wanted (16,)"),
        (("bidirectional: true", "bidirectional: false"), "head.weight has shape (9, 8), wanted (9, 4)"),
    ],
)
def test_weights_of_another_configuration(copy, change, sentence):
    text = (copy / "config.yaml").read_text()
    assert change[0] in text
    (copy / "config.yaml").write_text(text.replace(*change))
    got = refusal(open_run(copy).load_model)
    assert f"does not fit the config.yaml beside it: {sentence}; bring back" in got
