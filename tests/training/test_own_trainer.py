"""The models are Lightning modules for whoever brings a trainer, a logger and callbacks of their own."""

import csv

import numpy as np
import pytest
import pytorch_lightning as pl
import torch
from pytorch_lightning.callbacks import EarlyStopping
from pytorch_lightning.loggers import CSVLogger
from torch import nn

from carousel.data import batches, load, moments, split
from carousel.training import Config, SequenceClassifier, SequenceModel, fit, override, task_of
from carousel.training.own_data import configure

TINY = ("hidden_size=4", "batch_size=64", "epochs=2")


class Counter(pl.Callback):
    def __init__(self) -> None:
        self.losses: list[float] = []

    def on_train_batch_end(self, trainer, module, outputs, batch, index) -> None:
        self.losses.append(float(outputs["loss"]))


def own_trainer(folder, *callbacks: pl.Callback) -> pl.Trainer:
    return pl.Trainer(
        max_epochs=2,
        accelerator="cpu",
        logger=CSVLogger(folder),
        callbacks=[*callbacks],
        enable_progress_bar=False,
        enable_model_summary=False,
        enable_checkpointing=False,
        gradient_clip_val=1.0,
        log_every_n_steps=1,
    )


def logged(trainer: pl.Trainer, name: str) -> list[float]:
    with open(f"{trainer.logger.log_dir}/metrics.csv") as file:
        return [float(row[name]) for row in csv.DictReader(file) if row[name]]


pytestmark = pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*isinstance.treespec")


def test_a_classifier_with_batches_of_ones_own(tmp_path):
    torch.manual_seed(0)
    config = override(Config(), TINY)
    kept, held_out = split(load("japanese_vowels")[0], 0.2, seed=0)
    model = SequenceClassifier(config, kept.features, kept.classes)
    model.standardise_by(*map(torch.from_numpy, moments(kept)))
    counter = Counter()
    trainer = own_trainer(tmp_path, counter, EarlyStopping("validation_loss"))
    trainer.fit(model, batches(kept, 64, shuffle=True, seed=0), batches(held_out, 64))
    losses = logged(trainer, "validation_loss")
    assert len(losses) == 2
    assert losses[1] < losses[0]
    assert len(counter.losses) == 2 * 4
    assert len(logged(trainer, "gradient_norm")) == 2


@pytest.mark.parametrize("kind", ["forecast", "symbols"])
def test_the_models_of_other_tasks_with_the_batches_of_their_task(kind, tmp_path):
    torch.manual_seed(0)
    if kind == "forecast":
        file = tmp_path / "waves.csv"
        file.write_text("y\n" + "\n".join(f"{y:.4f}" for y in np.sin(np.arange(200) / 3)))
        settings = ("history=12", "horizon=3")
    else:
        file = tmp_path / "song.txt"
        file.write_text("row, row, row your boat\n" * 60)
        settings = ("unroll=16", "batch_size=4")
    config, _ = configure(file, kind, [*TINY, *settings])
    task = task_of(config)
    material = task.prepare(config)
    model = task.model(config, **material.names)
    for name, value in material.buffers.items():
        model.get_buffer(name).copy_(torch.from_numpy(value))
    assert isinstance(model, SequenceModel)
    counter = Counter()
    trainer = own_trainer(tmp_path, counter)
    trainer.fit(model, material.train, material.validation)
    assert np.isfinite(counter.losses).all()
    assert len(logged(trainer, "validation_loss")) == 2


def test_no_hook_is_noted_at_the_cost_of_a_weight(tiny, tmp_path, monkeypatch):
    searched, original = [], nn.Module.__setattr__

    def look(module, name, value):
        searched.append(name)
        original(module, name, value)

    monkeypatch.setattr(nn.Module, "__setattr__", look)
    run = fit(override(tiny, ["epochs=1"]), tmp_path / "run", progress=False)
    assert "layer" in searched and "_current_fx_name" not in searched
    assert "_current_fx_name" not in run.load_model().state_dict()
