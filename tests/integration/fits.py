"""What a client does: train its network by its own means, and hand back what can be compared.

A module of `clients/` has PACKAGE and MODEL, the names it goes by; `swap`, which puts carousel's layers into its network;
and `fit(prepare, steps)`, which trains from a fixed seed and calls `prepare` with the network before the first step.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np
from torch import nn

Prepare = Callable[[nn.Module], Any]


@dataclass
class Watch:
    """The losses of a training and the moments at which its steps ended."""

    losses: list[float] = field(default_factory=list)
    moments: list[float] = field(default_factory=list)

    def step(self, loss: Any) -> None:
        self.losses.append(float(loss))
        self.moments.append(time.perf_counter())

    @property
    def seconds(self) -> float:
        """From the end of the first step, which warms up, to the end of the last."""
        return self.moments[-1] - self.moments[0]


@dataclass
class Fit:
    """A trained network, how it went, and how to ask it for a forecast."""

    network: nn.Module
    watch: Watch
    forecast: Callable[[], np.ndarray]


def callbacks(lightning: ModuleType, prepare: Prepare, watch: Watch) -> list[Any]:
    """Callbacks that prepare the network and watch its losses.

    Args:
        lightning: the package of the Trainer, `pytorch_lightning` or `lightning.pytorch`.
        prepare: called with the network before its optimiser is made.
        watch: told of every step's loss.
    """

    class Preparing(lightning.Callback):
        def setup(self, trainer, pl_module, stage):
            if stage == "fit":
                prepare(pl_module)

    class Watching(lightning.Callback):
        def on_train_batch_end(self, trainer, pl_module, outputs, batch, batch_idx):
            watch.step(outputs["loss"])

    return [Preparing(), Watching()]
