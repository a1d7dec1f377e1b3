"""Keeps the run folder true while the training goes on: whatever ends it, the best epoch so far is on disk."""

import time
from math import inf
from pathlib import Path
from typing import Any

import pytorch_lightning as pl

from carousel.files import write_atomically
from carousel.training.classifier import SequenceClassifier
from carousel.training.environment import versions
from carousel.training.run import HISTORY, save_metrics, save_model

COLUMNS = (
    "epoch",
    "train_loss",
    "train_accuracy",
    "validation_loss",
    "validation_loss_error",
    "validation_accuracy",
    "gradient_norm",
    "seconds",
)


class Recorder(pl.Callback):
    """After each epoch: one more row of history, and the model if this is the best epoch so far.

    The best epoch is the latest whose validation loss lies within one standard error of the lowest: a small validation
    part cannot tell such epochs apart, and the later one has the more settled weights (the one-standard-error rule of
    Breiman et al., Classification and Regression Trees, 1984, section 3.4.3).

    `metrics.json` says "interrupted" until `complete` is called, so it is right even after a power cut.
    """

    def __init__(self, folder: Path, model: SequenceClassifier) -> None:
        self.folder = folder
        self.model = model
        self.rows: list[dict[str, float]] = []
        self.best: dict[str, float] | None = None
        self._lowest = {"validation_loss": inf, "validation_loss_error": 0.0}
        self._start = 0.0

    def on_train_start(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        self._start = time.perf_counter()

    def on_train_epoch_end(self, trainer: pl.Trainer, model: pl.LightningModule) -> None:
        known = {"epoch": trainer.current_epoch + 1, "seconds": time.perf_counter() - self._start}
        row = {
            name: known[name] if name in known else float(trainer.callback_metrics[name]) for name in COLUMNS
        }
        self.rows.append(row)
        lines = [",".join(COLUMNS), *(",".join(f"{row[name]:.9g}" for name in COLUMNS) for row in self.rows)]
        write_atomically(self.folder / HISTORY, "\n".join(lines) + "\n")
        if row["validation_loss"] < self._lowest["validation_loss"]:
            self._lowest = row
        if (
            row["validation_loss"]
            <= self._lowest["validation_loss"] + self._lowest["validation_loss_error"]
            < inf
        ):
            save_model(self.folder, self.model)
            self.best = row
        if self.best:
            self._save("interrupted", self.best, test=None)

    def complete(self, test: dict[str, Any]) -> None:
        """Close the run with its test score."""
        assert self.best is not None
        self._save("complete", self.best, test)

    def _save(self, status: str, best: dict[str, float], test: dict[str, Any] | None) -> None:
        metrics = {
            "status": status,
            "best_epoch": int(best["epoch"]),
            "epochs": len(self.rows),
            "parameters": sum(parameter.numel() for parameter in self.model.parameters()),
            "seconds": self.rows[-1]["seconds"],
            "validation": {"loss": best["validation_loss"], "accuracy": best["validation_accuracy"]},
            "test": test,
            "versions": versions(),
        }
        save_metrics(self.folder, metrics)
