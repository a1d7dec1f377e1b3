"""What `carousel fit` does, for data that is in memory or in a file."""

import os
import shutil
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from carousel import training
from carousel.data import Sequences, write_npz
from carousel.errors import CarouselError
from carousel.files import cannot_write
from carousel.training import Config, Run
from carousel.training.in_memory import not_naming, write_frame
from carousel.training.run import claim_folder, discard_folder

Names = str | Sequence[str] | None
Data = str | os.PathLike[str] | pd.DataFrame | Sequences

TABLE_OPTIONS = ("target", "time", "group", "known", "date_format", "time_zone")
"""What can be said of a frame."""


def fit(
    data: Data,
    *,
    task: str | None = None,
    target: Names = None,
    time: Names = None,
    group: Names = None,
    known: Names = None,
    date_format: str | None = None,
    time_zone: str | None = None,
    encoding: str | None = None,
    horizon: int | None = None,
    out: str | os.PathLike[str] | None = None,
    progress: bool = True,
    **settings: Any,
) -> Run:
    """Train a model on data of one's own and score it once on its test part, as the command `carousel fit` does.

    Data in memory is written into the run folder, a frame as `data.parquet` and sequences as `data.npz`, and the
    configuration names that file and its hash. So the run replays, resumes and reports without the program that made
    it, as long as its folder stays where it is.

    Args:
        data: a pandas frame with a row for each step, `carousel.data.Sequences`, or the path of a file. An index with a
            name, or of dates, is a column.
        task: classify, forecast or symbols; by default what the data suggests.
        target: columns of a table to learn to tell: numbers to forecast, or the label.
        time: columns that together are the time.
        group: columns whose values tell the series or sequences of a table apart.
        known: columns that are known ahead of time.
        date_format: how a table writes times, as of strptime, where they can be read in two ways.
        time_zone: of times that name none, such as "Europe/Berlin".
        encoding: of a `.csv` or `.tsv` file that is not in Unicode, such as "latin-1".
        horizon: steps to forecast.
        out: the run folder to make; by default the first free `runs/<recipe>-<layer>-<n>` under the current one.
        progress: show on standard error what was inferred, and the progress.
        settings: fields of the configuration by their names, such as `hidden_size=32`.

    Returns:
        The run; `run.metrics()` has its scores, and `carousel.training.prediction_table(run.folder, frame)` predicts.

    Raises:
        CarouselError: the data cannot be read or does not fit the task or the columns, a setting is unknown or out of
            range, or what `carousel.training.fit` raises.
    """
    changes = settings if horizon is None else {"horizon": horizon, **settings}
    given = {
        "target": target,
        "time": time,
        "group": group,
        "known": known,
        "date_format": date_format,
        "time_zone": time_zone,
        "encoding": encoding,
    }
    return trained(data, task, changes, given, out, progress)


def trained(
    data: Data,
    task: str | None,
    changes: Mapping[str, Any],
    given: Mapping[str, Any],
    out: str | os.PathLike[str] | None,
    progress: bool,
) -> Run:
    """A run on data, as `fit` makes it: `changes` are fields of the configuration, `given` is said of a table."""
    folder = None if out is None else Path(out)
    changes = {
        name: value.item() if isinstance(value, np.generic) else value for name, value in changes.items()
    }
    given = {name: value for name, value in given.items() if value}
    if isinstance(data, (str, os.PathLike)):
        config, found = training.configure(Path(data), task, changes, **given)
        _tell(found, progress)
        return training.fit(config, folder, progress)
    with TemporaryDirectory() as place:
        file = _written(data, Path(place), task)
        with not_naming(file):
            config, found = training.configure(file, task, changes, **given)
        _tell(found, progress)
        folder = claim_folder(config, folder)
        config = _with_file(config, folder.absolute() / file.name)
        try:
            shutil.move(file, folder / file.name)
        except OSError as error:
            discard_folder(folder, config)
            raise cannot_write(folder, error) from error
    try:
        with not_naming(folder.absolute() / file.name):
            return training.fit(config, folder, progress)
    finally:
        has_failed = [path.name for path in folder.glob("*")] == [file.name]  # and removed the rest
        if has_failed:
            shutil.rmtree(folder, ignore_errors=True)


def _tell(sentences: Sequence[str], progress: bool) -> None:
    if progress:
        print(*sentences, sep="\n", file=sys.stderr)


def _written(data: pd.DataFrame | Sequences, folder: Path, task: str | None) -> Path:
    if isinstance(data, Sequences):
        file = folder / "data.npz"
        write_npz(file, data)
        return file
    if not isinstance(data, pd.DataFrame):
        raise CarouselError(
            f"data is of type {type(data).__name__}, wanted a pandas DataFrame, carousel.data.Sequences or a path; "
            "convert it"
        )
    if task == "symbols":
        raise CarouselError("a frame has no text to go on with; give task 'symbols' the path of a text file")
    return write_frame(data, folder)


def _with_file(config: Config, file: Path) -> Config:
    return config.model_copy(update={"data": config.data.model_copy(update={"file": str(file)})})
