"""From a file of one's own data to a configuration: what it holds, and what can be asked about it."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from carousel.errors import CarouselError, did_you_mean
from carousel.training.config import Config, validated
from carousel.training.source import sha256
from carousel.training.tasks import TASKS

SEQUENCES = (".npz",)
TABLES = (".csv",)


def configure(
    file: str | Path,
    kind: str | None = None,
    *,
    target: Sequence[str] = (),
    time: str | None = None,
    group: Sequence[str] = (),
    known: Sequence[str] = (),
) -> tuple[Config, list[str]]:
    """The configuration of a first training on a file, and a sentence for each thing that was inferred or found.

    Args:
        file: the data.
        kind: of task; by default what the file suggests.
        target: columns of a table to learn to tell: numbers to forecast, or the label.
        time: column of the times.
        group: columns whose values tell the series or sequences of a table apart.
        known: columns that are known ahead of time.

    Raises:
        CarouselError: the file cannot be read, or does not fit the task or the columns.
    """
    file = Path(file).absolute()
    roles: dict[str, Any] = {"target": target, "time": time, "group": group, "known": known}
    digest = sha256(file)
    if kind is None:
        kind, found = _suggested(file)
    elif kind in TASKS:
        found = []
    else:
        raise CarouselError(f"there is no task '{kind}'; {did_you_mean(kind, TASKS)}")
    if file.suffix.lower() not in TABLES and (
        named := [f"--{name}" for name, value in roles.items() if value]
    ):
        raise CarouselError(
            f"{', '.join(named)}: '{file}' is no table and has no columns to name; leave it out"
        )
    content = {
        "recipe": re.sub("[^A-Za-z0-9_-]+", "_", file.stem).strip("_") or "data",
        "data": {"file": str(file), "sha256": digest},
        "task": {"kind": kind},
    }
    return validated(content, "settings"), found


def _suggested(file: Path) -> tuple[str, list[str]]:
    extension = file.suffix.lower()
    if extension in (*SEQUENCES, *TABLES):
        return "classify", ["task: classify, as the file holds sequences"]
    return "symbols", ["task: symbols, as the file is text"]
