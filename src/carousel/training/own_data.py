"""From a file of one's own data to a configuration: what it holds, and what can be asked about it."""

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from carousel.data.midi import SUFFIXES as MIDI
from carousel.data.tables import infer_schema, read_table
from carousel.errors import CarouselError, did_you_mean
from carousel.files import as_options
from carousel.training.config import Config, only, override, validated
from carousel.training.source import sha256
from carousel.training.tasks import TASKS

SEQUENCES = (".npz", ".ts")
PARQUET = (".parquet", ".pq")
TABLES = (".csv", ".tsv", *PARQUET)
TEXTS = ("symbols", "online")
"""The tasks that read any file as text."""
NO_TEXTS = (
    *(
        ".npy",
        ".mat",
        ".h5",
        ".hdf5",
        ".pkl",
        ".pickle",
        ".pt",
        ".feather",
        ".arrow",
        ".orc",
        ".json",
        ".jsonl",
    ),
    *(".xls", ".xlsx", ".ods", ".wav", ".flac", ".mp3", ".gz", ".xz", ".bz2", ".zip"),
)
"""What other programs save data as: nobody means them to be learnt letter by letter."""


def configure(
    file: str | Path,
    kind: str | None = None,
    changes: Sequence[str] | Mapping[str, Any] = (),
    *,
    target: Sequence[str] = (),
    time: Sequence[str] = (),
    group: Sequence[str] = (),
    known: Sequence[str] = (),
    date_format: str | None = None,
    time_zone: str | None = None,
    encoding: str | None = None,
) -> tuple[Config, list[str]]:
    """The configuration of a first training on a file, and a sentence for each thing that was inferred or found.

    Args:
        file: the data; of music also a folder.
        kind: of task; by default what the file suggests.
        changes: fields that differ from their defaults, as for `override`.
        target: columns of a table to learn to tell: numbers to forecast, or the label.
        time: columns that together are the time.
        group: columns whose values tell the series or sequences of a table apart.
        known: columns that are known ahead of time.
        date_format: how a table writes times, as of strptime, where they can be read in two ways.
        time_zone: of times that name none, such as "Europe/Berlin".
        encoding: of a `.csv` or `.tsv` file that is not in Unicode, such as "latin-1".

    Raises:
        CarouselError: the file cannot be read, or does not fit the task, the columns or the changes.
    """
    file = Path(file).absolute()
    given: dict[str, Any] = {
        "target": target,
        "time": time,
        "group": group,
        "known": known,
        "date_format": date_format,
        "time_zone": time_zone,
    }
    if kind is not None and kind not in TASKS:
        raise CarouselError(f"there is no task '{kind}'; {did_you_mean(kind, TASKS)}")
    digest = sha256(file)
    is_table = file.suffix.lower() in TABLES and kind not in TEXTS
    named = [name for name, value in {**given, "encoding": encoding}.items() if value]
    if named and not is_table:
        why = f"task '{kind}' reads '{file}' as text" if kind in TEXTS else f"'{file}' is no table"
        raise CarouselError(f"{as_options(named)}: {why}, and only a table takes that; leave it out")
    if encoding and file.suffix.lower() in PARQUET:
        raise CarouselError(
            f"--encoding: '{file}' is no text file, and only one has an encoding; leave it out"
        )
    if is_table:
        return _configured_table(file, digest, kind, changes, given, encoding)
    found = []
    if kind is None:
        kind, why = _suggestion(file)
        found = [why]
    return override(_bare(file, digest, kind), changes), found


def _suggestion(file: Path) -> tuple[str, str]:
    """The kind of task that a file which is no table suggests, and why.

    Raises:
        CarouselError: it suggests none.
    """
    if file.suffix.lower() in SEQUENCES:
        return "classify", "The task is to classify: the file holds sequences."
    if file.is_dir() or file.suffix.lower() in MIDI:
        held = "folder holds MIDI files" if file.is_dir() else "file is MIDI"
        return "music", f"The task is to tell the next frame of music: the {held}."
    if file.suffix.lower() in NO_TEXTS:
        raise CarouselError(
            f"cannot read '{file}': a table is read from {', '.join(TABLES)}, sequences from {' or '.join(SEQUENCES)}, "
            f"not from {file.suffix}; save it as one of these, or say --task symbols to have it learnt as text"
        )
    return "symbols", "The task is to tell the next symbol: the file is text."


def _bare(file: Path, digest: str, kind: str) -> Config:
    content = {
        "recipe": re.sub("[^A-Za-z0-9_-]+", "_", file.stem).strip("_") or "data",
        "data": {"file": str(file), "sha256": digest},
        "task": {"kind": kind},
    }
    return validated(content, "settings")


def _configured_table(
    file: Path,
    digest: str,
    kind: Any,
    changes: Sequence[str] | Mapping[str, Any],
    given: Mapping[str, Any],
    encoding: str | None,
) -> tuple[Config, list[str]]:
    """The schema is found before validation begins, so the shares of the parts must be known before it."""
    shares = override(_bare(file, digest, kind or "forecast"), only("data", changes)).data
    group = given["group"]
    schema, found = infer_schema(
        read_table(file, encoding=encoding, group=[group] if isinstance(group, str) else group),
        task=kind,
        validation_fraction=shares.validation_fraction,
        test_fraction=shares.test_fraction,
        **given,
    )
    config = override(_bare(file, digest, schema.task), changes)
    return config.model_copy(update={"data": config.data.model_copy(update={"table": schema})}), found
