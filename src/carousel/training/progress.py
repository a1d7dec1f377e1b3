"""The training as one moving line on a terminal, or a plain line now and then elsewhere."""

import time
from typing import Any

import pytorch_lightning as pl
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Column

from carousel.training.tasks import Task

LINES = 10  # how many plain lines a whole training prints
PAUSE = 0.1  # seconds between two movements of the bar
NARROW = 64  # columns below which the losses leave no room for a bar


class ProgressBar(pl.Callback):
    """A headline, then epoch, loss, the validation score and time left, on standard error."""

    def __init__(self, epochs: int, headline: str, task: Task[Any, Any]) -> None:
        self.epochs = epochs
        self.headline = headline
        self.task = task
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/" + str(epochs)),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[metrics]}"),
            TimeRemainingColumn(table_column=Column(no_wrap=True)),
            console=self._console,
            expand=True,
            disable=not self._console.is_terminal,
        )
        self._line = self._bar.add_task("fit", total=None, epoch=1, metrics="")

    def on_train_start(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        self._console.print(self.headline, soft_wrap=self._bar.disable, highlight=False)
        self._bar.update(self._line, total=self.epochs * int(trainer.num_training_batches))
        self._steps = trainer.global_step
        self._next = 0.0
        self._bar.start()

    def on_train_batch_end(self, trainer: pl.Trainer, model: pl.LightningModule, *step: Any) -> None:
        self._steps += 1
        if not self._bar.disable and time.monotonic() >= self._next or trainer.is_last_batch:
            self._next = time.monotonic() + PAUSE
            self._bar.update(self._line, completed=self._steps, epoch=trainer.current_epoch + 1)

    def on_train_epoch_end(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        epoch = trainer.current_epoch + 1
        now = {name: float(value) for name, value in trainer.callback_metrics.items()}
        score = self.task.shown(self.task.validation_scores(now))
        validation = f"val {now['validation_loss']:.2f} · " if self.task.chooses else ""
        losses = f"loss {now['train_loss']:.2f} · {validation}"
        self._bar.update(self._line, metrics=("" if self._console.width < NARROW else losses) + score)
        if self._bar.disable and epoch % max(self.epochs // LINES, 1) == 0:
            judged = (
                f"validation loss {now['validation_loss']:.3f}, validation {self.task.noun} {score}"
                if self.task.chooses
                else f"{score} before it was learnt"
            )
            line = f"epoch {epoch}/{self.epochs}: loss {now['train_loss']:.3f}, {judged}"
            self._console.print(line, soft_wrap=True, highlight=False)

    def on_train_end(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        self._bar.stop()

    def on_exception(self, trainer: pl.Trainer, model: pl.LightningModule, exception: BaseException) -> None:
        self._bar.stop()
