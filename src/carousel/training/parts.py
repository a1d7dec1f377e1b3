"""The parts of a run folder: their names, and the sentences for those that cannot be read."""

from pathlib import Path

from carousel.errors import CarouselError
from carousel.files import as_argument

CONFIG, MODEL, METRICS, HISTORY = "config.yaml", "model.safetensors", "metrics.json", "history.csv"
CHECKPOINT = "checkpoints/last.ckpt"
FROM_NOTHING = "from_nothing"
"""The same training without a run to start from, a run folder inside the other's."""
TENSORBOARD = "tensorboard"
LOCK = ".lock"


def read_text(path: Path) -> str:
    """The text of a part of a run.

    Raises:
        CarouselError: it is missing, cannot be read, or is not text.
    """
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise CarouselError(
            f"run '{path.parent}' is half-written: {path.name} is missing; {train_again(path.parent)}"
        ) from error
    except OSError as error:
        raise cannot_read(path, error) from error
    except UnicodeDecodeError as error:
        raise damaged(path) from error


def cannot_read(path: Path, error: OSError) -> CarouselError:
    return CarouselError(f"cannot read '{path}': {error.strerror}; check the path and its permissions")


def damaged(path: Path) -> CarouselError:
    return CarouselError(f"'{path}' is damaged or not what its name says; {train_again(path.parent)}")


def train_again(folder: Path) -> str:
    return f"train again with `carousel fit {as_argument(folder / CONFIG)}`"
