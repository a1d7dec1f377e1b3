"""A run that starts from another is compared with the same training from nothing, whatever ends either of them."""

import json
from dataclasses import replace

import pytest

from carousel import texts
from carousel.data import load, write_npz
from carousel.errors import CarouselError
from carousel.report.from_run import report_run
from carousel.training import Config, configure, fit, open_run, override, resume, start_from
from carousel.training.from_nothing import comparison_of, from_nothing
from carousel.training.tasks.classify import Classify
from commands import call, one_object, sentence
from steps import after_steps, press_ctrl_c

SMALL = ["layer=lstm", "hidden_size=4", "batch_size=16", "epochs=2", "learning_rate=0.03"]


@pytest.fixture(scope="module")
def first(tmp_path_factory):
    config = override(Config(), [*SMALL, "recipe=first", "epochs=6"])
    return fit(config, tmp_path_factory.mktemp("first"), progress=False)


@pytest.fixture(scope="module")
def config(first, tmp_path_factory):
    """To start from the run, on a file of the other half of what it knows."""
    path = tmp_path_factory.mktemp("own") / "half.npz"
    write_npz(path, load("japanese_vowels")[1].select(range(0, 370, 4)))
    return configure(path, changes=[*start_from(first.folder), *SMALL[2:]])[0]


@pytest.fixture(scope="module")
def run(config, tmp_path_factory):
    return fit(config, tmp_path_factory.mktemp("run"), progress=False)


def kept(folder) -> dict[str, bytes]:
    return {name: (folder / name).read_bytes() for name in ("model.safetensors", "config.yaml")}


def test_the_other_training_is_the_same_but_for_its_start(config, run, tmp_path):
    other = open_run(run.folder / "from_nothing")
    training = config.training
    assert training.also_from_nothing and training.start
    assert other.config == override(config, {"start": None, "start_sha256": None, "also_from_nothing": False})
    alone = fit(other.config, tmp_path / "alone", progress=False)
    assert kept(other.folder) == kept(alone.folder)
    assert kept(other.folder)["model.safetensors"] != kept(run.folder)["model.safetensors"]


def test_nothing_is_frozen_in_it(config):
    frozen = override(config, ["freeze=1"])
    assert from_nothing(frozen).training.freeze == 0
    assert from_nothing(frozen) == from_nothing(config)


def test_the_report_compares(run):
    started, drawn = (
        json.loads((run.folder / place / "metrics.json").read_text()) for place in ("", "from_nothing")
    )
    text = " ".join(report_run(run.folder).read_text().split())
    right, other = (100 * metrics["test"]["accuracy"] for metrics in (started, drawn))
    assert right > other + 20, "so far apart that the sentence must say so"
    said = (
        f"helped: test accuracy {right:.1f} %, from nothing {other:.1f} %: {right - other:.1f} points more."
    )
    assert said in text
    assert "whether another seed would turn this around, it does not show" in text
    assert (run.folder / "figures" / "start_or_nothing.png").exists()


def test_how_soon_the_start_is_as_far(run):
    comparison = comparison_of(run)
    started, drawn = ([row["validation_loss"] for row in one.history()] for one in comparison)
    lowest = min(drawn)
    epoch = next(i for i, loss in enumerate(started, 1) if loss <= lowest)
    said = f"The lowest validation loss from nothing, {lowest:.4g}, came in epoch {drawn.index(lowest) + 1}; "
    assert f"{said}with the start, epoch {epoch} was there." in comparison.verdict


def swapped(comparison):
    """As if the one had been the other."""
    return comparison._replace(
        started=replace(comparison.drawn, config=comparison.started.config), drawn=comparison.started
    )


def test_a_start_that_does_harm_or_makes_no_difference(run):
    comparison = comparison_of(run)
    verdict = swapped(comparison).verdict
    assert "did harm: test accuracy" in verdict and "points less." in verdict
    assert "it never came there." in verdict
    same = comparison._replace(drawn=comparison.started).verdict
    assert "made no difference: test accuracy" in same and ": the same." in same


@pytest.mark.parametrize(
    "scores, said",
    [
        ((0.5, 1.0), "helped: test loss 0.5, from nothing 1: 50.0 % less."),
        ((1.5, 1.0), "did harm: test loss 1.5, from nothing 1: 50.0 % more."),
        ((-0.5, 1.0), "helped: test loss -0.5, from nothing 1: 1.5 less."),
    ],
)
def test_scores_that_are_no_shares(scores, said, run, monkeypatch):
    monkeypatch.setattr(Classify, "primary", "loss")
    monkeypatch.setattr(Classify, "higher_is_better", False)
    monkeypatch.setattr(Classify, "is_share", False)
    monkeypatch.setattr(type(comparison_of(run)), "test_scores", scores)
    assert said in comparison_of(run).verdict


def test_an_end_in_the_second_training_leaves_the_first_and_goes_on(config, run, tmp_path, monkeypatch):
    steps = len(run.task.prepare(config).train) * config.training.epochs
    folder = tmp_path / "run"
    after_steps(monkeypatch, steps + 2, press_ctrl_c)
    with pytest.raises(KeyboardInterrupt) as stop:
        fit(config, folder, progress=False)
    monkeypatch.undo()
    assert str(stop.value) == (
        f"while the same was trained from nothing; the run '{folder}' is complete, "
        f"`carousel fit --resume {folder}` goes on"
    )
    assert open_run(folder).metrics()["status"] == "complete"
    assert comparison_of(open_run(folder)) is None
    assert "from nothing" not in report_run(folder).read_text()
    resume(folder, progress=False)
    assert kept(folder / "from_nothing") == kept(run.folder / "from_nothing")
    with pytest.raises(CarouselError, match="is complete, there is nothing to resume"):
        resume(folder, progress=False)


def test_an_end_in_the_first_training_goes_on_to_both(config, run, tmp_path, monkeypatch):
    folder = tmp_path / "run"
    steps = len(run.task.prepare(config).train)
    after_steps(monkeypatch, steps + 2, press_ctrl_c)
    fit(config, folder, progress=False)
    monkeypatch.undo()
    assert not (folder / "from_nothing").exists(), "the run itself is not complete"
    resume(folder, progress=False)
    assert kept(folder / "from_nothing") == kept(run.folder / "from_nothing")


def test_the_command_compares(config, first, run, tmp_path):
    options = [part for change in SMALL[2:] for part in ("--set", change)]
    out = tmp_path / "run"
    found = one_object(
        call("fit", config.data.file, "--from", first.folder, *options, "--out", out, "--json")
    )
    assert found["from_nothing"] == open_run(out / "from_nothing").metrics()
    assert kept(out / "from_nothing") == kept(run.folder / "from_nothing")
    text = texts.fitted(out, run.metrics(), run.task, out, None, comparison_of(run).verdict)
    won, said = text.split("\n\nbest epoch ")[0].split("\n\n")
    assert won == run.task.verdict(run.metrics()["test"])
    assert said.startswith(f"The start from '{first.folder}' helped: test accuracy ")


def test_it_can_be_left_out(config, tmp_path):
    alone = fit(override(config, {"also_from_nothing": False}), tmp_path / "run", progress=False)
    assert comparison_of(alone) is None
    assert not (alone.folder / "from_nothing").exists()
    got = sentence(call("fit", "--set", "also_from_nothing=true"))
    assert "also_from_nothing is true, but there is no run to start from" in got
