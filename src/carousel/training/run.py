"""The run folder: what a training leaves behind, and every way in which it can be unfit to read."""

import csv
import shutil
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from carousel.errors import CarouselError, did_you_mean
from carousel.files import cannot_write, is_unfinished, write_atomically
from carousel.training.config import Config, load_config, to_yaml
from carousel.training.metrics import read_metrics
from carousel.training.model import SequenceModel
from carousel.training.parts import (
    CONFIG,
    HISTORY,
    LOCK,
    METRICS,
    MODEL,
    TENSORBOARD,
    cannot_read,
    damaged,
    read_text,
    train_again,
)
from carousel.training.tasks import Task, task_of
from carousel.training.weights import load_model, read_label


@dataclass(frozen=True)
class Run:
    """A run folder with a configuration and a model; `open_run` makes it.

    Attributes:
        folder: where it is.
        config: the complete configuration that replays it.
    """

    folder: Path
    config: Config

    @property
    def task(self) -> Task[Any, Any]:
        """The kind of task that it was trained for."""
        return task_of(self.config)

    def load_model(self) -> SequenceModel:
        """The model of the best epoch, on the CPU, in evaluation mode.

        Raises:
            CarouselError: the file is damaged or does not fit the configuration.
        """
        return load_model(self.folder / MODEL, self.config)

    def metrics(self) -> dict[str, Any]:
        """What `metrics.json` says: status, best epoch, validation and test scores, kernel, versions.

        The best epoch and its scores are those that the model itself is labelled with, the number of epochs that of
        the history: a training killed while it writes may leave a `metrics.json` that is an epoch off.

        Raises:
            CarouselError: a file is missing, damaged or of a newer format.
        """
        metrics = read_metrics(self.folder / METRICS, self.task.metrics).model_dump()
        label = read_label(self.folder / MODEL, self.config)
        epochs = len(self.history())
        if label.epoch > epochs:
            raise damaged(self.folder / HISTORY)
        known = {"best_epoch": label.epoch, "epochs": epochs, "validation": label.validation.model_dump()}
        return metrics | known

    def history(self) -> list[dict[str, float]]:
        """The rows of `history.csv`, one for each epoch.

        Raises:
            CarouselError: the file is missing or damaged.
        """
        path = self.folder / HISTORY
        try:
            header, *lines = csv.reader(read_text(path).splitlines())
            rows = [dict(zip(header, map(float, line), strict=True)) for line in lines]
        except (ValueError, csv.Error) as error:
            raise damaged(path) from error
        epochs = [row.get("epoch") for row in rows]
        if set(header) != set(self.task.columns) or not rows or epochs != list(range(1, len(rows) + 1)):
            raise damaged(path)
        return rows


def open_run(folder: str | Path) -> Run:
    """Open a run folder.

    Raises:
        CarouselError: the folder is missing, is no run, is half-written, or has a configuration that cannot be read.
    """
    folder = Path(folder)
    try:
        _require_run(folder)
    except OSError as error:
        raise cannot_read(folder, error) from error
    return Run(folder, load_config(folder / CONFIG))


def _require_run(folder: Path) -> None:
    if not folder.is_dir():
        raise CarouselError(f"there is no run folder '{folder}'; {_nearby(folder)}")
    missing = [name for name in (CONFIG, MODEL) if not (folder / name).is_file()]
    if len(missing) == 2:
        raise CarouselError(f"'{folder}' is not a run: it has no {CONFIG}; {_nearby(folder)}")
    if missing == [MODEL]:
        raise CarouselError(
            f"run '{folder}' is half-written: {MODEL} is missing, its training ended before the first epoch; "
            f"{train_again(folder)}"
        )
    if missing == [CONFIG]:
        raise CarouselError(
            f"run '{folder}' is half-written: {CONFIG} is missing; bring it back or train again"
        )


def _nearby(folder: Path) -> str:
    """Where to look instead: the runs in this folder, or beside it if it is missing, or how to make one."""
    place = folder if folder.is_dir() else folder.parent
    runs = [str(path.parent) for path in place.glob(f"*/{CONFIG}")]
    return did_you_mean(str(folder), runs) if runs else "`carousel fit` makes one and prints its name"


def create_folder(config: Config, out: str | Path | None = None) -> Path:
    """Make a run folder that holds its configuration and nothing else.

    Args:
        config: the run.
        out: the folder; see `claim_folder`.

    Raises:
        CarouselError: `out` is there and holds something else, or the disk does not let itself be written.
    """
    folder = claim_folder(config, out)
    try:
        write_atomically(folder / CONFIG, to_yaml(config))
    except CarouselError:
        with suppress(OSError):
            folder.rmdir()
        raise
    return folder


def claim_folder(config: Config, out: str | Path | None = None) -> Path:
    """Make an empty folder for a run.

    One that holds the run's configuration or its data, and nothing else, is taken: a training killed in its first epoch
    leaves it, and so does who puts the data there first.

    Args:
        config: the run.
        out: the folder; by default the first free `runs/<recipe>-<layer>-<n>` under the current one.

    Raises:
        CarouselError: `out` is there and holds something else, or the disk does not let itself be written.
    """
    folder = Path("runs") if out is None else Path(out)
    try:
        if out is None:
            folder = _first_free(folder, f"{config.recipe}-{config.model.layer}")
        elif folder.exists() and not _is_unused(folder, config):
            raise CarouselError(f"'{folder}' is there already and not an empty folder; choose another")
        else:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    return folder


def discard_folder(folder: Path, config: Config) -> None:
    """Remove the folder of a run that came to nothing; its data, should it lie there, stays."""
    paths = [path for path in folder.iterdir() if not _is_data(path, config)] if folder.is_dir() else []
    for path in paths:
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)
    with suppress(OSError):
        folder.rmdir()


def _is_unused(folder: Path, config: Config) -> bool:
    """Whether the folder is empty, or holds this configuration or its data and nothing else."""
    if not folder.is_dir():
        return False
    left = [
        path
        for path in folder.iterdir()
        if path.name not in (LOCK, TENSORBOARD) and not _is_data(path, config) and not is_unfinished(path)
    ]
    return all(path.name == CONFIG and read_text(path) == to_yaml(config) for path in left)


def _is_data(path: Path, config: Config) -> bool:
    return config.data.file is not None and path.absolute() == Path(config.data.file).absolute()


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
