"""The run folder: where it is made, and how it is found."""

import errno
import os
import shutil
from pathlib import Path

import pytest
import torch

from carousel.data import batches, load
from carousel.errors import CarouselError
from carousel.training import Config, open_run, override
from carousel.training import run as run_module
from carousel.training.config import to_yaml
from carousel.training.run import create_folder
from refusals import refusal


def test_the_default_folder_is_the_first_free_number(tmp_path, monkeypatch, tiny):
    monkeypatch.chdir(tmp_path)
    assert [str(create_folder(tiny)) for _ in range(3)] == [f"runs/tiny-torch-{n}" for n in (1, 2, 3)]
    shutil.rmtree("runs/tiny-torch-2")
    assert create_folder(tiny) == Path("runs/tiny-torch-2")
    assert create_folder(override(tiny, ["layer=lstm"])) == Path("runs/tiny-lstm-1")


def test_a_folder_is_made_with_its_parents_or_taken_if_empty(tmp_path, tiny):
    assert [path.name for path in create_folder(tiny, tmp_path / "a" / "b").iterdir()] == ["config.yaml"]
    (tmp_path / "empty").mkdir()
    assert create_folder(tiny, tmp_path / "empty") == tmp_path / "empty"


def test_what_is_there_already_is_never_overwritten(tmp_path, tiny):
    (tmp_path / "mine").write_text("x")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "config.yaml").write_text(to_yaml(override(tiny, ["seed=1"])))
    wanted = "is there already and not an empty folder; choose another"
    assert refusal(create_folder, tiny, tmp_path / "run") == f"'{tmp_path / 'run'}' {wanted}"
    assert refusal(create_folder, tiny, tmp_path) == f"'{tmp_path}' {wanted}"
    assert refusal(create_folder, tiny, tmp_path / "mine") == f"'{tmp_path / 'mine'}' {wanted}"
    assert (tmp_path / "mine").read_text() == "x"


def test_what_a_training_killed_in_its_first_epoch_leaves_is_taken_again(tmp_path, tiny):
    folder = create_folder(tiny, tmp_path / "run")
    assert create_folder(tiny, folder) == folder
    (folder / ".config.yaml.4711").write_text("half of a conf")  # killed while it was written
    assert create_folder(tiny, folder) == folder
    (folder / "notes").write_text("mine")
    assert "is there already" in refusal(create_folder, tiny, folder)


def test_a_read_only_disk_gets_a_sentence(tmp_path, monkeypatch, tiny):
    def refuse(*arguments, **options):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(Path, "mkdir", refuse)
    assert refusal(create_folder, tiny, "out") == (
        "cannot write 'out': Read-only file system; free some space or choose another place"
    )
    assert refusal(create_folder, tiny).startswith("cannot write 'runs': Read-only file system")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_no_empty_folder(tmp_path, monkeypatch, tiny):
    def refuse(*arguments):
        raise CarouselError("full")

    monkeypatch.setattr(run_module, "write_atomically", refuse)
    assert refusal(create_folder, tiny, tmp_path / "out") == "full"
    assert list(tmp_path.iterdir()) == []


def test_the_loaded_model_is_the_trained_one(finished):
    model = finished.load_model()
    assert not model.training
    assert model.classes == tuple("123456789")
    assert model.features[0] == "cepstrum_1"
    (batch, *_) = batches(load("japanese_vowels")[1], 5)
    again = open_run(finished.folder).load_model()
    assert torch.equal(
        model.probabilities(batch.x, batch.lengths), again.probabilities(batch.x, batch.lengths)
    )


def test_a_missing_run_names_the_nearest(tmp_path, finished):
    shutil.copytree(finished.folder, tmp_path / "first-run")
    assert refusal(open_run, tmp_path / "frist-run") == (
        f"there is no run folder '{tmp_path / 'frist-run'}'; did you mean '{tmp_path / 'first-run'}'?"
    )


def test_a_missing_run_without_neighbours_says_how_to_make_one(tmp_path):
    sentence = refusal(open_run, tmp_path / "a" / "b")
    assert (
        sentence
        == f"there is no run folder '{tmp_path / 'a' / 'b'}'; `carousel fit` makes one and prints its name"
    )


def test_a_folder_that_is_no_run(tmp_path):
    assert refusal(open_run, tmp_path).startswith(f"'{tmp_path}' is not a run: it has no config.yaml; ")


def test_a_folder_of_runs_lists_them(tmp_path, finished):
    shutil.copytree(finished.folder, tmp_path / "inner")
    assert refusal(open_run, tmp_path) == (
        f"'{tmp_path}' is not a run: it has no config.yaml; did you mean '{tmp_path / 'inner'}'?"
    )


def test_history_and_metrics_of_a_finished_run(finished):
    rows = finished.history()
    metrics = finished.metrics()
    assert [row["epoch"] for row in rows] == [1, 2, 3]
    assert metrics["validation"]["loss"] == pytest.approx(rows[metrics["best_epoch"] - 1]["validation_loss"])
    assert isinstance(finished.config, Config)
