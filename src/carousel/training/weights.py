"""`model.safetensors`: the weights of the best epoch, and on a label in the same file what they are for."""

import json
from collections.abc import Mapping
from pathlib import Path

import torch
from pydantic import ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from carousel.errors import CarouselError
from carousel.training.config import Config
from carousel.training.label import Label
from carousel.training.model import SequenceModel
from carousel.training.parts import CONFIG, cannot_read, damaged
from carousel.training.tasks import task_of


def weights_file(model: SequenceModel, epoch: int, validation: Mapping[str, float]) -> bytes:
    """The content of the file for a model as it is after `epoch`."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    label = {**model.names, "epoch": epoch, "validation": validation}
    return _ordered(save(tensors, {name: json.dumps(value) for name, value in label.items()}))


def _ordered(content: bytes) -> bytes:
    """The same file with the names of its header in order: as safetensors writes it, they change from call to call."""
    size = int.from_bytes(content[:8], "little")
    header = json.dumps(json.loads(content[8 : 8 + size]), sort_keys=True).encode()
    header += b" " * (-len(header) % 8)
    return len(header).to_bytes(8, "little") + header + content[8 + size :]


def read_label(path: Path, config: Config) -> Label:
    """The label of a file of weights.

    Raises:
        CarouselError: the file is missing or damaged.
    """
    label, _ = _read(path, config, with_tensors=False)
    return label


def load_model(path: Path, config: Config) -> SequenceModel:
    """The model, on the CPU, in evaluation mode; the caller's random numbers are left alone.

    Raises:
        CarouselError: the file is damaged or does not fit the configuration.
    """
    label, tensors = _read(path, config, with_tensors=True)
    task = task_of(config)
    with torch.device("meta"):  # shapes alone: a wrong configuration must not cost its memory
        _check_fit(path, tensors, task.model(config, **label.names))
    with torch.random.fork_rng(devices=()):
        model: SequenceModel = task.model(config, **label.names)
    model.load_state_dict(tensors)
    return model.eval()


def _read(path: Path, config: Config, with_tensors: bool) -> tuple[Label, dict[str, torch.Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            label = task_of(config).label.model_validate(file.metadata() or {})
            names = file.keys() if with_tensors else ()
            return label, {name: file.get_tensor(name) for name in names}
    except OSError as error:
        raise cannot_read(path, error) from error
    except (SafetensorError, ValidationError) as error:
        raise damaged(path) from error


def _check_fit(path: Path, tensors: Mapping[str, torch.Tensor], model: SequenceModel) -> None:
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    got = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for name in sorted(wanted.keys() | got.keys()):
        if wanted.get(name) != got.get(name):
            raise CarouselError(
                f"'{path}' does not fit the {CONFIG} beside it: {name} has shape {got.get(name, 'none')}, "
                f"wanted {wanted.get(name, 'none')}; bring back the {CONFIG} it was trained with"
            )
