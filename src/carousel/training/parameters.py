"""How large a model is, told without making it."""

from collections.abc import Mapping
from typing import Any

import torch

from carousel.training.config import Config
from carousel.training.tasks import task_of


def parameter_count(config: Config, names: Mapping[str, Any]) -> int:
    """The number of trained weights of a run's model.

    Args:
        config: the run.
        names: the arguments of the model's constructor beside the configuration, of `Material`.
    """
    with torch.device("meta"):  # counts without allocating
        model = task_of(config).model(config, **names)
    return sum(parameter.numel() for parameter in model.parameters())
