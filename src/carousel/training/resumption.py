"""Whether a training that ended early can go on, and from where."""

from pathlib import Path
from typing import Any

from carousel.errors import CarouselError
from carousel.files import as_argument
from carousel.training.checkpoint import read_checkpoint
from carousel.training.config import Config, load_config, parse_config
from carousel.training.metrics import read_metrics
from carousel.training.parts import CHECKPOINT, CONFIG, HISTORY, METRICS, MODEL, read_text, train_again
from carousel.training.recorder import Recorder, history_text
from carousel.training.run import Run, open_run
from carousel.training.tasks import task_of


def unfinished(folder: Path) -> Run:
    """A run that has not ended; one that was killed in its first epoch may have no model yet.

    Raises:
        CarouselError: the folder is no run, cannot be read, or its training is complete.
    """
    if (folder / MODEL).is_file() or not (folder / CONFIG).is_file():
        run = open_run(folder)
    else:
        run = Run(folder, load_config(folder / CONFIG))
    if (folder / METRICS).is_file():
        metrics = read_metrics(folder / METRICS, run.task.metrics)
        if metrics.status == "complete":
            raise CarouselError(
                f"run '{folder}' is complete, there is nothing to resume; "
                f"its report is drawn by `carousel report {as_argument(folder)}`"
            )
    return run


def checkpoint_of(run: Run) -> Path | None:
    """The checkpoint that a run goes on from; None if it ended so early that it starts anew.

    Raises:
        CarouselError: the checkpoint is missing, damaged, or of another run.
    """
    path = run.folder / CHECKPOINT
    if path.is_file():
        _require_own(run, path)
        return path
    epochs = len(run.history()) if (run.folder / HISTORY).is_file() else 0
    if epochs > 1:  # after the first, a training may be killed before its checkpoint is written
        raise CarouselError(
            f"'{path}' is missing, so the training cannot go on after its {epochs} epochs; bring it back, "
            f"or {train_again(run.folder)}"
        )
    return None


def _require_own(run: Run, path: Path) -> None:
    recorded: dict[str, Any] = read_checkpoint(path)["callbacks"].get(Recorder.__qualname__, {})
    if "config" not in recorded or not _is_of(run.config, recorded["config"]):
        raise CarouselError(
            f"'{path}' is not of the configuration in {CONFIG}; bring back the one that belongs to the other, "
            f"or {train_again(run.folder)}"
        )
    begun = history_text(task_of(run.config), recorded["rows"])
    if not read_text(run.folder / HISTORY).startswith(begun):
        raise CarouselError(
            f"'{path}' and {HISTORY} tell of different trainings; bring back the one that belongs to the other, "
            f"or {train_again(run.folder)}"
        )


def _is_of(config: Config, recorded: str) -> bool:
    try:
        return parse_config(recorded, "checkpoint") == config
    except CarouselError:
        return False
