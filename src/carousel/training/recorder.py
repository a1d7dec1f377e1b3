"""Keeps the run folder true while the training goes on: whatever ends it, the best epoch so far is on disk."""

import time
from math import inf, isfinite
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from carousel.files import write_atomically, write_together
from carousel.training.checkpoint import RandomNumbers
from carousel.training.config import to_yaml
from carousel.training.environment import kernel_of, versions
from carousel.training.events import Events
from carousel.training.metrics import Metrics
from carousel.training.model import SequenceModel
from carousel.training.parts import CHECKPOINT, HISTORY, METRICS, MODEL, TENSORBOARD
from carousel.training.tasks import Task, task_of
from carousel.training.weights import weights_file


class Recorder(pl.Callback):
    """After each epoch: one more row of history, the model if this is the best epoch so far, and a checkpoint.

    Where the run asks for it, TensorBoard is told the row, too, before the checkpoint is written: a training that goes
    on from that has lost no epoch there.

    The best epoch is the latest whose validation loss lies within one standard error of the lowest: a small validation
    part cannot tell such epochs apart, and the later one has the more settled weights (the one-standard-error rule of
    Breiman et al., Classification and Regression Trees, 1984, section 3.4.3). A task that chooses none keeps the last.

    `metrics.json` says "interrupted" until `complete` is called, so it is right even after a power cut. What is
    known so far goes into the checkpoint, which is written after the other files: they are never older than it is.

    Training stops when the validation loss has not become lower for `patience` epochs, or is no number any more, or
    when the model says that it has finished; then its last epoch is kept. One callback does all this, because
    Lightning spends time in every step on each.

    Args:
        folder: the run folder.
        model: what is trained.
        random: goes into the checkpoint, too.
    """

    def __init__(self, folder: Path, model: SequenceModel, random: RandomNumbers) -> None:
        self.folder = folder
        self.model = model
        self.task = task_of(model.config)
        self.random = random
        self.rows: list[dict[str, float]] = []
        self.best: dict[str, float] | None = None
        self._lowest = {"epoch": 0.0, "validation_loss": inf, "validation_loss_error": 0.0}
        self._events = Events(folder / TENSORBOARD) if model.config.training.tensorboard else None
        self._start = 0.0
        self._step_size = 0.0
        self._kernel = ""

    def state_dict(self) -> dict[str, Any]:
        known = {"rows": self.rows, "best": self.best, "lowest": self._lowest, "kernel": self._kernel}
        return known | {"config": to_yaml(self.model.config), "random": self.random.state()}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        self.rows, self.best = state_dict["rows"], state_dict["best"]
        self._lowest, self._kernel = state_dict["lowest"], state_dict["kernel"]
        # Lightning begins to read the data before `on_train_start`.
        self.random.restore_order(state_dict["random"])

    def on_train_start(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        self._start = time.perf_counter() - (self.rows[-1]["seconds"] if self.rows else 0.0)
        self._kernel = kernel_of(self.model.layer)
        self.random.restore()
        self.model.processes.begin()
        trainer.should_stop = self._is_over()

    def on_train_epoch_start(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        self._step_size = trainer.optimizers[0].param_groups[0]["lr"]

    def on_train_epoch_end(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        known = {"epoch": trainer.current_epoch + 1, "seconds": time.perf_counter() - self._start}
        row = {
            name: known[name] if name in known else float(trainer.callback_metrics[name])
            for name in self.task.columns
        }
        self.rows.append(row)
        if row["validation_loss"] < self._lowest["validation_loss"]:
            self._lowest = row
        bound = self._lowest["validation_loss"] + self._lowest["validation_loss_error"]
        is_best = row["validation_loss"] <= bound < inf if self.task.chooses else self._is_finite(row)
        is_best = is_best or self.model.has_finished
        best = row if is_best else self.best
        contents: dict[Path, str | bytes] = {self.folder / HISTORY: history_text(self.task, self.rows)}
        if best:
            contents[self.folder / METRICS] = self._metrics(best).text()
        if is_best:
            scores = self.task.validation_scores(row)
            contents[self.folder / MODEL] = weights_file(self.model, int(row["epoch"]), scores)
        if self.model.processes.is_first:
            if self._events:
                scalars = {name: value for name, value in row.items() if name not in known}
                self._events.write(int(row["epoch"]), scalars | {"learning_rate": self._step_size})
            write_together(contents)  # the model last: `Run.metrics` believes its label
        self.best = best
        trainer.save_checkpoint(self.folder / CHECKPOINT)
        trainer.should_stop = self._is_over()

    def _is_over(self) -> bool:
        if not self.rows:
            return False
        waited = self.rows[-1]["epoch"] - self._lowest["epoch"]
        too_long = self.task.chooses and waited >= self.model.config.training.patience
        return self.model.has_finished or too_long or not self._is_finite(self.rows[-1])

    @staticmethod
    def _is_finite(row: dict[str, float]) -> bool:
        return isfinite(row["validation_loss"])

    def complete(self, test: dict[str, Any]) -> None:
        """Close the run with its test score."""
        assert self.best is not None
        write_atomically(self.folder / METRICS, self._metrics(self.best, test).text())

    def _metrics(self, best: dict[str, float], test: dict[str, Any] | None = None) -> Metrics[Any, Any]:
        return self.task.metrics(
            status="complete" if test else "interrupted",
            best_epoch=int(best["epoch"]),
            epochs=len(self.rows),
            parameters=sum(parameter.numel() for parameter in self.model.parameters()),
            seconds=self.rows[-1]["seconds"],
            kernel=self._kernel,
            validation=self.task.scores(**self.task.validation_scores(best)),
            test=None if test is None else self.task.test_scores(**test),
            versions=versions(),
        )


def history_text(task: Task[Any, Any], rows: list[dict[str, float]]) -> str:
    """The content of `history.csv` after these epochs."""
    cells = [[f"{row[name]:.9g}" for name in task.columns] for row in rows]
    return "".join(",".join(line) + "\n" for line in [task.columns, *cells])
