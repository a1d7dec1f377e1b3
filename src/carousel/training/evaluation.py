"""A trained model on data: scores and predictions."""

import re
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from carousel.data import Sequences
from carousel.data.rolls import LONGEST
from carousel.errors import CarouselError
from carousel.training.classifier import SequenceClassifier
from carousel.training.config import Config
from carousel.training.in_memory import not_naming, write_frame
from carousel.training.music.composition import composed
from carousel.training.music.model import MusicModel
from carousel.training.run import Run, open_run
from carousel.training.symbols.generation import written
from carousel.training.symbols.model import SymbolModel
from carousel.training.tasks.classify import answers


def evaluate(run: str | Path, data: Any = None) -> dict[str, Any]:
    """Score the best epoch of a run.

    Args:
        run: the run folder.
        data: with the run's features, labelled where the task has labels, or a pandas frame or the path of a file,
            which are read as the run's own would be; by default the test part of the run's data.

    Returns:
        `loss` and what else the task tells. Of a classifier: `loss` (mean cross-entropy in nats), `accuracy`,
        `confusion` ([C, C] counts, a row for each true class) and `classes`.

    Raises:
        CarouselError: the run cannot be opened, or the data has no labels, other features, unknown classes, or
            values so large that the answer is not finite.
    """
    opened = open_run(run)
    data = opened.task.prepare(opened.config).test if data is None else _read(opened.task.read, opened, data)
    return opened.task.score(opened.load_model(), data)


def predict(run: str | Path, sequences: Sequences) -> npt.NDArray[np.float32]:
    """Class probabilities [N, C] of the best epoch of a classifier; the columns are `load_model().classes` of the run.

    Raises:
        CarouselError: the run cannot be opened or is no classifier, or the sequences have other features or values so
            large that the answer is not finite.
    """
    model = open_run(run).load_model()
    if not isinstance(model, SequenceClassifier):
        raise CarouselError(
            f"run '{run}' is of task '{model.config.task.kind}', which has no class probabilities; "
            "prediction_table gives what it predicts"
        )
    return answers(model, sequences).softmax(dim=1).numpy()


def prediction_table(run: str | Path, data: Any) -> pd.DataFrame:
    """What the best epoch of a run predicts for data with its features, or for a frame or a file of such, as a table.

    Of a classifier: sequence, predicted, and a column `probability_<class>` for each class.

    Raises:
        CarouselError: the run cannot be opened, or the data has other features or values so large that the answer is
            not finite.
    """
    opened = open_run(run)
    return opened.task.table(opened.load_model(), _read(opened.task.read_to_answer, opened, data))


def csv_of(table: pd.DataFrame) -> str:
    """A table as CSV text that does nothing when a spreadsheet opens it.

    A text that a spreadsheet would take for a formula, such as the name of a series in somebody's file, gets an
    apostrophe in front (OWASP, CSV Injection). One that is a number, such as "-5", is left alone.
    """
    texts = table.select_dtypes(["object", "string"]).columns
    return table.assign(**{name: table[name].map(_harmless) for name in texts}).to_csv(index=False)


def _harmless(cell: Any) -> Any:
    is_formula = isinstance(cell, str) and cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    return f"'{cell}" if is_formula and not re.fullmatch(r"[+-]?\d+([.,]\d+)?", cell) else cell


def generate(
    run: str | Path, length: int = 500, temperature: float = 1.0, prompt: str = "", seed: int = 0
) -> str:
    """Text that the best epoch of a run writes, where its task is the next symbol.

    Args:
        run: the run folder.
        length: how many symbols, at most ten million.
        temperature: 1 draws each symbol as the model says, less draws what is likely more often, 0 takes the likeliest.
        prompt: what the model reads before it writes; it is not repeated.
        seed: of the draws.

    Raises:
        CarouselError: the run cannot be opened or is of another task, an argument is out of range, or the prompt has
            a character that the model does not know.
    """
    model = open_run(run).load_model()
    if not isinstance(model, SymbolModel):
        raise CarouselError(
            f"run '{run}' is of task '{model.config.task.kind}', whose predictions are about data; "
            "give it a file with --data FILE"
        )
    return written(model, length, temperature, prompt, seed)


def compose(
    run: str | Path, length: float = 64, temperature: float = 1.0, seed: int = 0
) -> npt.NDArray[np.uint8]:
    """A piece that the best epoch of a run composes, where its task is music, as a piano roll [T, 88].

    Args:
        run: the run folder.
        length: in beats, of at most 100,000 frames; `config.task.frame` of the run says how many of them a frame has.
        temperature: 1 draws each key as the model says, less draws what is likely more often, 0 takes the keys that are
            likelier to sound than not.
        seed: of the draws.

    Raises:
        CarouselError: the run cannot be opened or is of another task, or an argument is out of range.
    """
    model = open_run(run).load_model()
    if not isinstance(model, MusicModel):
        raise CarouselError(f"run '{run}' is of task '{model.config.task.kind}', wanted one of task 'music'")
    frame = model.config.task.frame
    if not frame <= length <= LONGEST * frame:
        raise CarouselError(
            f"a piece wants a length of a frame to {LONGEST:,}, {frame:g} to {LONGEST * frame:,g} beats, got {length:g}"
        )
    return composed(model, round(length / frame), temperature, seed)


def _read(how: Callable[[Config, Path], Any], run: Run, data: Any) -> Any:
    if isinstance(data, pd.DataFrame):
        with TemporaryDirectory() as folder:
            file = write_frame(data, Path(folder))
            with not_naming(file):
                return how(run.config, file)
    return how(run.config, Path(data)) if isinstance(data, (str, PathLike)) else data
