"""What a training needs of the machine and of the processes that share it, before it begins."""

from math import inf
from typing import Any

import torch

from carousel.errors import CarouselError
from carousel.training.config import Config
from carousel.training.environment import memory
from carousel.training.parameters import parameter_count
from carousel.training.processes import Alone
from carousel.training.tasks import Material


def require_device(device: str, group: Alone) -> None:
    """Raise CarouselError unless each process of this machine can have a device of this kind."""
    available = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not available[device]:
        found = " or ".join(name for name, is_there in available.items() if is_there)
        raise CarouselError(
            f"this machine has no device '{device}' that PyTorch can use; set device to {found}"
        )
    here = {"cpu": inf, "cuda": torch.cuda.device_count(), "mps": 1}[device]
    if group.count_here > here:
        raise CarouselError(
            f"{group.count_here} processes want a device '{device}' each, this machine has {here}; set devices to "
            f"{here}, or start them on several machines by torchrun"
        )


def require_size(config: Config, group: Alone) -> None:
    """Raise CarouselError unless as many processes go on with a run as have begun it."""
    if config.training.devices != group.count:
        raise CarouselError(
            f"the run was trained by {config.training.devices} processes, and torchrun started {group.count}; "
            "resume it by as many"
        )


def require_memory(config: Config, material: Material[Any]) -> None:
    """Raise CarouselError for a model that the memory of this machine cannot hold while it is trained."""
    parameters = parameter_count(config, material.names)
    needed = 4 * 4 * parameters  # bytes of float32 for weights, gradients and the two moments of AdamW
    if needed > memory():
        raise CarouselError(
            f"{parameters:,} parameters need {needed / 1e9:,.1f} GB of memory to train, this machine has "
            f"{memory() / 1e9:,.1f} GB; lower hidden_size or num_layers"
        )
