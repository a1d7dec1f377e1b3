"""The training as one moving line on a terminal, or a plain line now and then elsewhere."""

from typing import Any

import pytorch_lightning as pl
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

LINES = 10  # how many plain lines a whole training prints


class ProgressBar(pl.Callback):
    """A headline, then epoch, loss, validation accuracy and time left, on standard error."""

    def __init__(self, epochs: int, headline: str) -> None:
        self.epochs = epochs
        self.headline = headline
        self._console = Console(stderr=True)
        self._bar = Progress(
            TextColumn("epoch {task.fields[epoch]}/" + str(epochs)),
            BarColumn(),
            TextColumn("{task.fields[metrics]}"),
            TimeRemainingColumn(),
            console=self._console,
            disable=not self._console.is_terminal,
        )
        self._task = self._bar.add_task("fit", total=None, epoch=1, metrics="")

    def on_train_start(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        self._console.print(self.headline, soft_wrap=True, highlight=False)
        self._bar.update(self._task, total=self.epochs * int(trainer.num_training_batches))
        self._bar.start()

    def on_train_batch_end(self, trainer: pl.Trainer, model: pl.LightningModule, *step: Any) -> None:
        self._bar.update(self._task, advance=1, epoch=trainer.current_epoch + 1)

    def on_train_epoch_end(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        epoch = trainer.current_epoch + 1
        now = trainer.callback_metrics
        metrics = (
            f"loss {now['train_loss']:.3f}, validation loss {now['validation_loss']:.3f}, "
            f"validation accuracy {100 * now['validation_accuracy']:.1f} %"
        )
        self._bar.update(self._task, metrics=metrics)
        if self._bar.disable and (epoch % max(self.epochs // LINES, 1) == 0):
            self._console.print(f"epoch {epoch}/{self.epochs}: {metrics}", soft_wrap=True, highlight=False)

    def on_train_end(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        self._bar.stop()

    def on_exception(self, trainer: pl.Trainer, model: pl.LightningModule, exception: BaseException) -> None:
        self._bar.stop()
