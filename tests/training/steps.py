"""A training in the middle of which something happens."""

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest

from carousel.training.classifier import SequenceClassifier


def after_steps(monkeypatch: pytest.MonkeyPatch, steps: int, action: Callable[[Any], object]) -> None:
    """Have the training do something at its `steps`-th batch; an epoch has four."""
    original, seen = SequenceClassifier.training_step, []

    def step(model, batch, index):
        seen.append(index)
        if len(seen) == steps:
            action(model)
        return original(model, batch, index)

    monkeypatch.setattr(SequenceClassifier, "training_step", step)


def press_ctrl_c(*arguments: object) -> None:
    """What a user does, wherever it is called from; whatever it is given does not matter."""
    os.kill(os.getpid(), signal.SIGINT)
