"""The progress of a training on terminals of every width."""

import io
import re
from types import SimpleNamespace

import pytest
from rich.console import Console

from carousel.training import TASKS, progress

METRICS = {"train_loss": 2.0912, "validation_loss": 12.034, "validation_accuracy": 0.352}


def last_frame(monkeypatch, width, epochs) -> str:
    screen = io.StringIO()
    console = Console(file=screen, width=width, force_terminal=True, color_system=None)
    monkeypatch.setattr(progress, "Console", lambda **options: console)
    bar = progress.ProgressBar(epochs, "a headline of the training", TASKS["classify"])
    trainer = SimpleNamespace(
        num_training_batches=2,
        current_epoch=epochs - 1,
        callback_metrics=METRICS,
        global_step=0,
        is_last_batch=True,
    )
    bar.on_train_start(trainer, None)
    for _ in range(2):
        bar.on_train_batch_end(trainer, None)
    bar.on_train_epoch_end(trainer, None)
    bar.on_train_end(trainer, None)
    lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue()).splitlines()
    assert lines[0] == "a headline of the training"
    return lines[-1].rpartition("\r")[2]


@pytest.mark.parametrize("epochs", [80, 100_000])
@pytest.mark.parametrize("width", [40, 63, 64, 80, 200])
def test_epoch_bar_accuracy_and_time_left_fit_on_one_line(monkeypatch, width, epochs):
    line = last_frame(monkeypatch, width, epochs)
    losses = "" if width < 64 else r"loss 2\.09 · val 12\.03 · "
    time_left = r"(-:--:--|\d+:\d\d:\d\d)"
    assert re.fullmatch(rf"epoch {epochs}/{epochs} [━╸╺ ]{{3,}} {losses}35\.2 % {time_left}", line), line
    assert len(line) == width


def test_the_headline_breaks_between_words(monkeypatch):
    screen = io.StringIO()
    console = Console(file=screen, width=10, force_terminal=True)
    monkeypatch.setattr(progress, "Console", lambda **options: console)
    bar = progress.ProgressBar(1, "learning from sequences", TASKS["classify"])
    bar.on_train_start(SimpleNamespace(num_training_batches=2, global_step=0), None)
    bar.on_train_end(None, None)
    assert screen.getvalue().startswith("learning \nfrom \nsequences\n")
