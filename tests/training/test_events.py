"""TensorBoard reads the history from the event files, whatever the training went through."""

import errno
import os
import sys

import pytest
import torch

from carousel.errors import CarouselError
from carousel.training import Config, configure, fit, open_run, override, resume
from carousel.training.events import Events
from carousel.training.run import create_folder
from commands import TINY, call, one_object, sentence
from helpers import assert_same
from kills import killed_after

MEMORY = {"kind": "memory", "problem": "copy", "length": 5, "hidden_size": 4, "sequences": 20, "held_out": 10}
ONLINE = {"hidden_size": 4, "epochs": 2, "batch_size": 2, "unroll": 8}


@pytest.fixture(scope="module")
def watched(tiny):
    return override(tiny, {"tensorboard": True})


@pytest.fixture(scope="module")
def drawn():
    """One that takes no time."""
    return override(Config(), {**MEMORY, "epochs": 4, "tensorboard": True})


@pytest.fixture(scope="module")
def run(watched, tmp_path_factory):
    return fit(watched, tmp_path_factory.mktemp("run"), progress=False)


def scalars_in(folder) -> dict[str, list[tuple[int, float]]]:
    """Step and value of all scalars, as TensorBoard has them in memory."""
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    return {
        tag: [(event.step, event.value) for event in events.Scalars(tag)] for tag in events.Tags()["scalars"]
    }


def assert_holds_the_history(folder) -> None:
    """All epochs, once and in order."""
    found, rows = scalars_in(folder), open_run(folder).history()
    told = {}
    for column in rows[0].keys() - {"epoch", "seconds"}:
        part, _, score = column.partition("_")
        tag = f"{score}/{part}" if part in ("train", "validation") else column
        told[tag] = [row[column] for row in rows]
    assert found.keys() == told.keys() | {"learning_rate"}
    assert all([step for step, _ in scalars] == [*range(1, len(rows) + 1)] for scalars in found.values())
    for tag, values in told.items():
        assert [value for _, value in found[tag]] == pytest.approx(values, rel=1e-6)


def test_tensorboard_reads_the_history_and_no_bit_of_the_model_changes(run, finished):
    assert_holds_the_history(run.folder)
    assert not (finished.folder / "tensorboard").exists()
    wanted = finished.load_model().state_dict()
    for name, weights in run.load_model().state_dict().items():
        assert_same(weights, wanted[name])


def test_the_step_size_is_that_which_an_epoch_began_with(run):
    optimizer = torch.optim.AdamW([torch.zeros(1, requires_grad=True)], lr=0.03)
    steps = -(-216 // 64)  # a fifth of 270 utterances validates
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 0.03, total_steps=3 * steps)
    wanted = []
    for step in range(3 * steps):
        if step % steps == 0:
            wanted += schedule.get_last_lr()
        optimizer.step()
        schedule.step()
    assert [rate for _, rate in scalars_in(run.folder)["learning_rate"]] == pytest.approx(wanted, rel=1e-6)


@pytest.mark.parametrize("replacement", [9, 12], ids=["before the row", "before the checkpoint"])
def test_a_training_that_was_killed_tells_each_epoch_once(replacement, drawn, tmp_path):
    folder = tmp_path / "run"
    with killed_after(replacement):
        fit(drawn, folder, progress=False)
    resume(folder, progress=False)
    assert len(list((folder / "tensorboard").iterdir())) == 2
    assert_holds_the_history(folder)


def test_a_file_that_is_cut_short_hides_nothing_behind_it(drawn, tmp_path):
    folder = tmp_path / "run"
    with killed_after(9):
        fit(drawn, folder, progress=False)
    (file,) = (folder / "tensorboard").iterdir()
    os.truncate(file, file.stat().st_size - 10)  # in the midst of epoch 3
    resume(folder, progress=False)
    assert_holds_the_history(folder)


def test_a_training_killed_in_its_first_epoch_can_be_begun_again_in_its_folder(drawn, tmp_path):
    folder = create_folder(drawn, tmp_path / "run")
    Events(folder / "tensorboard").write(1, {"train_loss": 9.0})
    fit(drawn, folder, progress=False)
    assert_holds_the_history(folder)


def test_a_task_without_a_validation_part_writes_them_too(tmp_path):
    (tmp_path / "text.txt").write_text("to be or not to be " * 10)
    config = override(configure(tmp_path / "text.txt", "online")[0], {**ONLINE, "tensorboard": True})
    assert_holds_the_history(fit(config, tmp_path / "run", progress=False).folder)


def test_without_tensorboard_the_sentence_says_how_to_get_it(drawn, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "tensorboard.compat.proto.event_pb2", None)
    assert sentence(call("fit", *TINY, "--epochs", 1, "--tensorboard")) == (
        "event files need the package tensorboard; run pip install 'carousel-lstm[tensorboard]', or set tensorboard to "
        "false"
    )
    assert list(tmp_path.iterdir()) == []
    fit(override(drawn, {"tensorboard": False}), tmp_path / "run", progress=False)


def test_the_command_asks_for_them(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    said = one_object(call("fit", *TINY, "--epochs", 1, "--tensorboard", "--json"))
    assert open_run(said["run"]).config.training.tensorboard
    assert_holds_the_history(tmp_path / said["run"])


def test_a_disk_that_is_full_gets_a_sentence(watched, tmp_path, monkeypatch):
    from tensorboard.summary.writer.record_writer import RecordWriter

    def refuse(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(RecordWriter, "write", refuse)
    with pytest.raises(CarouselError) as error:
        fit(watched, tmp_path / "run", progress=False)
    assert str(error.value) == (
        f"cannot write '{tmp_path / 'run'}': No space left on device; free some space or choose another place"
    )
    assert not (tmp_path / "run").exists()
