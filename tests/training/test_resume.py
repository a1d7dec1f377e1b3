"""A training that was killed goes on to the same bits, and whatever stands in its way is said and left alone."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from carousel.data import load, write_npz
from carousel.errors import CarouselError
from carousel.training import configure, fit, open_run, override, resume
from carousel.training.lock import locked
from commands import TINY, call, one_object, sentence
from killed import SETTINGS
from kills import killed_after
from steps import after_steps, press_ctrl_c

KILLER = Path(__file__).with_name("killed.py")
SMALL = ("layer=lstm", "hidden_size=4", "epochs=4", "batch_size=64", "learning_rate=0.03", "input_offset=0.3")


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("own") / "mine.npz"
    write_npz(path, load("japanese_vowels")[0].select(range(0, 270, 2)))
    return path


@pytest.fixture(scope="module")
def config(file):
    return override(configure(file)[0], SMALL)


@pytest.fixture(scope="module")
def whole(config, tmp_path_factory):
    """A run that was never killed."""
    return fit(config, tmp_path_factory.mktemp("whole"), progress=False)


def killed_at(replacement: int, config, folder: Path) -> Path:
    """A run that ended just before a file was replaced for the so manieth time."""
    with killed_after(replacement):
        fit(config, folder, progress=False)
    return folder


@pytest.fixture
def interrupted(config, tmp_path) -> Path:
    """Killed after two whole epochs: the configuration, then four files an epoch."""
    return killed_at(1 + 2 * 4, config, tmp_path / "run")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def assert_same_run(one: Path, other: Path) -> None:
    """The same bits, but for the seconds."""
    assert (one / "model.safetensors").read_bytes() == (other / "model.safetensors").read_bytes()
    histories = [
        [line.rpartition(",")[0] for line in (folder / "history.csv").read_text().splitlines()]
        for folder in (one, other)
    ]
    assert histories[0] == histories[1]
    metrics = [json.loads((folder / "metrics.json").read_text()) | {"seconds": 0} for folder in (one, other)]
    assert metrics[0] == metrics[1]
    assert metrics[0]["status"] == "complete"


def test_twenty_kills_at_random_moments_change_no_bit(file, tmp_path):
    folder, wanted = tmp_path / "killed", tmp_path / "whole"
    command = [sys.executable, str(KILLER), str(folder), str(file), "1", "20"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    killer = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    fit(override(configure(file)[0], SETTINGS), wanted, progress=False)
    output, errors = killer.communicate(timeout=300)
    assert (killer.returncode, errors) == (0, "")
    assert int(output) >= 20
    assert_same_run(folder, wanted)
    assert sorted(contents(folder)) == sorted(contents(wanted))


@pytest.mark.parametrize("replacement", range(5, 18))
def test_a_kill_between_any_two_files_changes_no_bit(replacement, config, whole, tmp_path):
    folder = killed_at(replacement, config, tmp_path / "run")
    again = resume(folder, progress=False)
    assert again.metrics()["status"] == "complete"
    assert_same_run(folder, whole.folder)


def test_ctrl_c_and_more_than_one_resume_change_no_bit(config, whole, tmp_path, monkeypatch):
    after_steps(monkeypatch, 2 * 2 + 1, press_ctrl_c)
    folder = fit(config, tmp_path / "run", progress=False).folder
    assert open_run(folder).metrics()["status"] == "interrupted"
    monkeypatch.undo()
    after_steps(monkeypatch, 2 + 1, press_ctrl_c)
    resume(folder, progress=False)
    assert open_run(folder).metrics()["epochs"] == 3
    monkeypatch.undo()
    assert resume(folder, progress=False).metrics()["status"] == "complete"
    assert_same_run(folder, whole.folder)


def test_a_training_that_had_stopped_early_is_not_trained_further(config, tmp_path):
    stuck = override(config, ["learning_rate=1e-12", "weight_decay=0", "patience=2", "epochs=50"])
    wanted = fit(stuck, tmp_path / "whole", progress=False)
    folder = Path(shutil.copytree(wanted.folder, tmp_path / "run"))
    metrics = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps(metrics | {"status": "interrupted", "test": None}))
    resume(folder, progress=False)
    assert_same_run(folder, wanted.folder)


def test_a_run_that_has_no_model_yet_begins_anew(config, whole, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.yaml").write_text((whole.folder / "config.yaml").read_text())
    (folder / ".lock").touch()
    (folder / ".history.csv.123").write_text("half")
    resume(folder, progress=False)
    assert_same_run(folder, whole.folder)
    assert sorted(contents(folder)) == sorted(contents(whole.folder))


def test_a_run_may_be_moved_and_its_progress_says_where_it_goes_on(interrupted, whole, tmp_path, capfd):
    moved = interrupted.rename(tmp_path / "elsewhere")
    resume(moved)
    assert "epoch 3/4: loss" in capfd.readouterr().err
    assert_same_run(moved, whole.folder)


def refused(folder: Path) -> str:
    """The sentence of a resume that is refused and leaves every file as it was."""
    before = contents(folder)
    with pytest.raises(CarouselError) as error:
        resume(folder, progress=False)
    assert contents(folder) == before
    return str(error.value)


def test_a_complete_run(whole):
    assert refused(whole.folder) == (
        f"run '{whole.folder}' is complete, there is nothing to resume; "
        f"its report is drawn by `carousel report {whole.folder}`"
    )


@pytest.mark.parametrize("damage", [b"", b"PK\x03\x04", b"no checkpoint", None, "half", "one bit"])
def test_a_damaged_checkpoint(damage, interrupted):
    path = interrupted / "checkpoints" / "last.ckpt"
    content = path.read_bytes()
    if damage == "half":
        path.write_bytes(content[: len(content) // 2])
    elif damage == "one bit":
        middle = len(content) // 2
        path.write_bytes(content[:middle] + bytes([content[middle] ^ 1]) + content[middle + 1 :])
    elif damage is None:
        torch.save({"weights": torch.zeros(3)}, path)
    else:
        path.write_bytes(damage)
    sentence = refused(interrupted)
    assert sentence == (
        f"'{path}' is damaged or not what its name says, so the training cannot go on from it; bring it back, or "
        f"train again with `carousel fit {interrupted / 'config.yaml'}`"
    )


class Bomb:
    def __reduce__(self):
        return os.mkdir, ("exploded",)


def test_a_checkpoint_that_would_run_code_does_not(interrupted, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save(
        {"state_dict": Bomb(), "callbacks": {}, "loops": {}}, interrupted / "checkpoints" / "last.ckpt"
    )
    assert "is damaged or not what its name says" in refused(interrupted)
    assert not (tmp_path / "exploded").exists()


def test_a_missing_checkpoint(interrupted):
    path = interrupted / "checkpoints" / "last.ckpt"
    path.unlink()
    assert refused(interrupted) == (
        f"'{path}' is missing, so the training cannot go on after its 2 epochs; bring it back, or "
        f"train again with `carousel fit {interrupted / 'config.yaml'}`"
    )


@pytest.mark.parametrize(
    "settings, words",
    [(["seed=9"], "is not of the configuration in config.yaml"), ([], "tell of different trainings")],
)
def test_a_checkpoint_of_another_run(settings, words, interrupted, config, tmp_path):
    other = killed_at(1 + 2 * 4, override(config, settings), tmp_path / "other")
    shutil.copy(other / "checkpoints" / "last.ckpt", interrupted / "checkpoints" / "last.ckpt")
    assert words in refused(interrupted)


def test_data_that_changed_since(config, tmp_path):
    path = tmp_path / "mine.npz"
    shutil.copy(config.data.file, path)
    folder = killed_at(1 + 4, override(configure(path)[0], SMALL), tmp_path / "run")
    write_npz(path, load("japanese_vowels")[1])
    assert f"'{path}' has changed since this run was made" in refused(folder)


def test_another_process_in_the_same_folder(interrupted, config):
    with locked(interrupted):
        before = contents(interrupted)
        sentence = f"another process is training in '{interrupted}'; wait for it, or end it and resume"
        with pytest.raises(CarouselError) as error:
            resume(interrupted, progress=False)
        assert str(error.value) == sentence
        assert contents(interrupted) == before


def test_a_folder_that_another_process_has_just_made_is_left_to_it(config, tmp_path):
    folder = tmp_path / "run"
    folder.mkdir()
    with locked(folder):
        with pytest.raises(CarouselError, match="^another process is training in"):
            fit(config, folder, progress=False)
        assert (folder / "config.yaml").exists()


@pytest.mark.parametrize("code", [errno.EROFS, errno.EACCES])
def test_a_read_only_folder(code, interrupted, monkeypatch):
    def refuse(lock, **options):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("carousel.training.lock.FileLock.acquire", refuse)
    assert refused(interrupted) == (
        f"cannot write '{interrupted / '.lock'}': {os.strerror(code)}; free some space or choose another place"
    )


def test_a_disk_that_is_full_when_the_checkpoint_is_written(config, tmp_path, monkeypatch):
    original = os.replace

    def replace(source, target):
        if str(target).endswith("last.ckpt") and (tmp_path / "run" / "checkpoints" / "last.ckpt").exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        original(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(CarouselError, match=r"last.ckpt': No space left on device; .* so far is kept in"):
        fit(config, tmp_path / "run", progress=False)
    monkeypatch.undo()
    assert resume(tmp_path / "run", progress=False).metrics()["status"] == "complete"


def test_no_run(tmp_path):
    with pytest.raises(CarouselError, match="there is no run folder"):
        resume(tmp_path / "none")
    with pytest.raises(CarouselError, match=r"is not a run: it has no config.yaml"):
        resume(tmp_path)


def test_the_command(interrupted, whole, tmp_path):
    found = one_object(call("fit", "--resume", interrupted, "--json"))
    assert (found["run"], found["status"]) == (str(interrupted), "complete")
    assert_same_run(interrupted, whole.folder)
    assert (interrupted / "report.html").exists()
    assert "is complete, there is nothing to resume" in sentence(call("fit", "--resume", interrupted))


@pytest.mark.parametrize(
    "more", [["japanese_vowels"], ["--seed", "1"], TINY, ["--out", "x"], ["--task", "classify"]]
)
def test_the_command_takes_nothing_beside_resume(more):
    assert sentence(call("fit", "--resume", "r", *more)) == (
        "--resume goes on with the run's own configuration; leave out all but --resume r"
    )
