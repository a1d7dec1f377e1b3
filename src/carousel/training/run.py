"""The run folder: what a training leaves behind, and every way in which it can be unfit to read."""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save

from carousel import __version__
from carousel.errors import CarouselError, did_you_mean
from carousel.files import cannot_write, write_atomically
from carousel.training.classifier import SequenceClassifier
from carousel.training.config import Config, load_config, to_yaml

FORMAT = 1
CONFIG, MODEL, METRICS, HISTORY = "config.yaml", "model.safetensors", "metrics.json", "history.csv"
CHECKPOINTS = "checkpoints"


@dataclass(frozen=True)
class Run:
    """A run folder with a configuration and a model; `open_run` makes it.

    Attributes:
        folder: where it is.
        config: the complete configuration that replays it.
    """

    folder: Path
    config: Config

    def load_model(self) -> SequenceClassifier:
        """The model of the best epoch, on the CPU, in evaluation mode.

        Raises:
            CarouselError: the file is damaged or does not fit the configuration.
        """
        return _load_model(self.folder / MODEL, self.config)

    def metrics(self) -> dict[str, Any]:
        """What `metrics.json` says: status, best epoch, validation and test scores, versions.

        Raises:
            CarouselError: the file is missing, damaged or of a newer format.
        """
        path = self.folder / METRICS
        try:
            content = json.loads(_read_text(path))
        except json.JSONDecodeError as error:
            raise _damaged(path) from error
        if not isinstance(content, dict) or not isinstance(content.get("format"), int):
            raise _damaged(path)
        if content["format"] > FORMAT:
            raise CarouselError(
                f"'{path}' has format {content['format']}, carousel {__version__} reads up to format {FORMAT}; "
                "upgrade with `pip install -U carousel-lstm`"
            )
        return content

    def history(self) -> list[dict[str, float]]:
        """The rows of `history.csv`, one for each epoch.

        Raises:
            CarouselError: the file is missing or damaged.
        """
        path = self.folder / HISTORY
        try:
            return [
                {name: float(value) for name, value in row.items()}
                for row in csv.DictReader(_read_text(path).splitlines())
            ]
        except (ValueError, TypeError, csv.Error) as error:
            raise _damaged(path) from error


def open_run(folder: str | Path) -> Run:
    """Open a run folder.

    Raises:
        CarouselError: the folder is missing, is no run, is half-written, or has a configuration that cannot be read.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise CarouselError(f"there is no run folder '{folder}'; {_nearby(folder)}")
    missing = [name for name in (CONFIG, MODEL) if not (folder / name).is_file()]
    if len(missing) == 2:
        raise CarouselError(f"'{folder}' is not a run: it has no {CONFIG}; {_nearby(folder)}")
    if missing == [MODEL]:
        raise CarouselError(
            f"run '{folder}' is half-written: {MODEL} is missing, its training ended before the first epoch; "
            f"train it again with `carousel fit {folder / CONFIG}`"
        )
    if missing == [CONFIG]:
        raise CarouselError(
            f"run '{folder}' is half-written: {CONFIG} is missing; bring it back or train again"
        )
    return Run(folder, load_config(folder / CONFIG))


def _nearby(folder: Path) -> str:
    """Where to look instead: the runs in this folder, or beside it if it is missing, or how to make one."""
    place = folder if folder.is_dir() else folder.parent
    runs = [str(path.parent) for path in place.glob(f"*/{CONFIG}")]
    return did_you_mean(str(folder), runs) if runs else "`carousel fit` makes one and prints its name"


def create_folder(config: Config, out: str | Path | None = None) -> Path:
    """Make a run folder that holds its configuration and nothing else.

    Args:
        config: the run.
        out: the folder; by default the first free `runs/<recipe>-<layer>-<n>` under the current one.

    Raises:
        CarouselError: `out` exists and is not an empty folder, or the disk does not let itself be written.
    """
    folder = Path("runs") if out is None else Path(out)
    try:
        if out is None:
            folder = _first_free(folder, f"{config.recipe}-{config.model.layer}")
        elif folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            raise CarouselError(f"'{folder}' is there already and not an empty folder; choose another --out")
        else:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    try:
        write_atomically(folder / CONFIG, to_yaml(config))
    except CarouselError:
        folder.rmdir()
        raise
    return folder


def _first_free(parent: Path, name: str) -> Path:
    parent.mkdir(exist_ok=True)
    for n in count(1):
        folder = parent / f"{name}-{n}"
        try:
            folder.mkdir()
        except FileExistsError:
            continue
        return folder
    raise AssertionError("unreachable: the numbers do not end")


def save_model(folder: Path, model: SequenceClassifier) -> None:
    """Write the weights, with the names of features and classes, so that the file and the configuration suffice."""
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in model.state_dict().items()}
    about = {"features": json.dumps(model.features), "classes": json.dumps(model.classes)}
    write_atomically(folder / MODEL, save(tensors, about))


def save_metrics(folder: Path, metrics: Mapping[str, Any]) -> None:
    """Write `metrics.json`; `metrics` is everything in it but the format."""
    write_atomically(folder / METRICS, json.dumps({"format": FORMAT, **metrics}, indent=2) + "\n")


def _load_model(path: Path, config: Config) -> SequenceClassifier:
    try:
        with safe_open(path, framework="pt") as file:
            about = file.metadata()
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a mapping)
        features, classes = json.loads(about["features"]), json.loads(about["classes"])
        model = SequenceClassifier(config, features, classes)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error
    _check_fit(path, tensors, model)
    model.load_state_dict(tensors)
    return model.eval()


def _check_fit(path: Path, tensors: Mapping[str, torch.Tensor], model: SequenceClassifier) -> None:
    wanted = {name: tuple(tensor.shape) for name, tensor in model.state_dict().items()}
    got = {name: tuple(tensor.shape) for name, tensor in tensors.items()}
    for name in sorted(wanted.keys() | got.keys()):
        if wanted.get(name) != got.get(name):
            raise CarouselError(
                f"'{path}' does not fit the {CONFIG} beside it: {name} has shape {got.get(name, 'none')}, "
                f"wanted {wanted.get(name, 'none')}; bring back the {CONFIG} it was trained with"
            )


def _read_text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise CarouselError(
            f"run '{path.parent}' is half-written: {path.name} is missing; "
            f"train it again with `carousel fit {path.parent / CONFIG}`"
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise _damaged(path) from error


def _damaged(path: Path) -> CarouselError:
    return CarouselError(
        f"'{path}' is damaged or not what its name says; train again with `carousel fit {path.parent / CONFIG}`"
    )
