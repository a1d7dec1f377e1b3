"""Starting from another run: its layer is taken over, its head where it answers the same, and layers may be frozen."""

from dataclasses import replace

import pytest
import torch

from carousel.data import load, write_npz
from carousel.errors import CarouselError
from carousel.training import Config, configure, fit, load_config, override, resume, start_from
from commands import call, sentence
from steps import after_steps, press_ctrl_c

TRAIN, _ = load("japanese_vowels")
SMALL = [
    "layer=lstm",
    "hidden_size=4",
    "num_layers=2",
    "batch_size=64",
    "epochs=2",
    "recipe=first",
    "dropout=0",
]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    return fit(override(Config(), SMALL), tmp_path_factory.mktemp("first"), progress=False)


@pytest.fixture(scope="module")
def two_men(tmp_path_factory):
    """A file of two of the nine men, under names of their own."""
    path = tmp_path_factory.mktemp("own") / "two.npz"
    chosen = TRAIN.select(TRAIN.labels < 2)
    write_npz(path, replace(chosen, classes=("anna", "bert", *TRAIN.classes[2:])))
    return path


def weights(run) -> dict[str, torch.Tensor]:
    return {name: weight.detach() for name, weight in run.load_model().named_parameters()}


STILL = ["learning_rate=1e-12", "weight_decay=0", "epochs=1", "batch_size=64", "also_from_nothing=false"]


def test_the_layer_is_taken_over_and_a_new_head_is_drawn(first, two_men, tmp_path):
    config, _ = configure(two_men, changes=[*start_from(first.folder), *STILL])
    assert config.model == first.config.model
    run = fit(config, tmp_path / "run", progress=False)
    old, new = weights(first), weights(run)
    for name in old:
        if name.startswith("layer."):
            torch.testing.assert_close(new[name], old[name])
    assert new["head.weight"].shape == (2, 8)
    assert not torch.equal(run.load_model().mean, first.load_model().mean)


def test_the_same_task_takes_the_head_over_too(first, tmp_path):
    run = fit(override(Config(), [*start_from(first.folder), *STILL]), tmp_path / "run", progress=False)
    old, new = weights(first), weights(run)
    for name in old:
        torch.testing.assert_close(new[name], old[name])


@pytest.mark.parametrize("layers", [0, 1, 2])
def test_frozen_layers_stay_as_they_are(layers, first, two_men, tmp_path):
    changes = [*start_from(first.folder), f"freeze={layers}", *STILL[2:]]
    run = fit(configure(two_men, changes=changes)[0], tmp_path / "run", progress=False)
    old, new = weights(first), weights(run)
    for name in old:
        if name.startswith("layer."):
            frozen = int(name.partition("_l")[2][0]) < layers
            assert torch.equal(new[name], old[name]) == frozen, name


def test_a_resumed_run_does_not_start_again(first, two_men, tmp_path, monkeypatch):
    changes = [*start_from(first.folder), "freeze=1", "epochs=3", "batch_size=8", "also_from_nothing=false"]
    config, _ = configure(two_men, changes=changes)
    whole = fit(config, tmp_path / "whole", progress=False)
    after_steps(monkeypatch, 6, press_ctrl_c)
    fit(config, tmp_path / "run", progress=False)
    monkeypatch.undo()
    resume(tmp_path / "run", progress=False)
    one, other = tmp_path / "run" / "model.safetensors", whole.folder / "model.safetensors"
    assert one.read_bytes() == other.read_bytes()


def test_weights_that_changed_since_are_said(first, two_men, tmp_path):
    config, _ = configure(two_men, changes=start_from(first.folder))
    changed = override(config, [f"start_sha256='{'0' * 64}'"])
    with pytest.raises(CarouselError, match="model.safetensors' has changed since this run was made"):
        fit(changed, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()


def test_a_layer_that_does_not_fit_gets_a_sentence(first, tmp_path):
    config = override(Config(), [*start_from(first.folder), "hidden_size=5"])
    with pytest.raises(CarouselError) as error:
        fit(config, tmp_path / "run", progress=False)
    assert str(error.value) == (
        f"the layer of run '{first.folder}' does not fit: its bias_hh_l0 has shape (16,), wanted (20,); "
        "give data with the same number of features, and the same settings of the model"
    )
    assert not (tmp_path / "run").exists()


def test_too_many_frozen_layers_or_nothing_to_freeze(first, tmp_path):
    with pytest.raises(CarouselError, match="freeze is 3, but the model has 2 layers; lower it"):
        fit(override(Config(), [*start_from(first.folder), "freeze=3"]), tmp_path / "run", progress=False)
    got = sentence(call("fit", "--freeze", 1))
    assert got.endswith("got freeze 1 and no run to start from; give one, or set freeze to 0")


def test_the_command(first, two_men, tmp_path):
    result = call(
        "fit", two_men, "--from", first.folder, "--freeze", 1, "--epochs", 1, "--out", tmp_path / "run"
    )
    assert result.exit_code == 0, result.stderr
    config = load_config(tmp_path / "run" / "config.yaml")
    assert (config.training.start, config.training.freeze) == (str(first.folder), 1)
    assert "there is no run folder" in sentence(call("fit", two_men, "--from", tmp_path / "none"))
    assert "leave out all but --resume" in sentence(call("fit", "--resume", "r", "--from", first.folder))
