"""What the report of a model of music shows: how it learnt, what it told of a piece, and one that it composed."""

from collections.abc import Mapping
from typing import Any

import torch

import carousel
from carousel.data import Sequences
from carousel.errors import CarouselError
from carousel.report.chapter import Chapter, columns_of
from carousel.report.figures import Curve, learning_curves
from carousel.report.page import ReportFigure
from carousel.report.rolls import composition, told_piece
from carousel.style import percent
from carousel.training import MusicModel, Run
from carousel.training.music.composition import composed
from carousel.training.music.model import told
from carousel.training.tasks.music import answers

FRAMES, TEMPERATURE, SEED = 64, 1.0, 0
SHOWN = 96
"""Frames of a piece that are drawn, at most."""

RIGHT = Curve("accuracy", "accuracy (share of keys right)", percent, is_share=True)


def chapter(run: Run, metrics: Mapping[str, Any], name: str | None) -> Chapter:
    """The chapter of a run on music; `name` is that of the test piece to look into."""
    pieces: Sequences = run.task.prepare(run.config).test
    model = run.load_model()
    assert isinstance(model, MusicModel)
    task, test = run.task, metrics["test"]
    facts = {"validation": task.shown(metrics["validation"])}
    if test:
        rivals = {name: f"{loss:.3f} nats a frame" for name, loss in test["rivals"].items()}
        facts |= {"test": task.told(test), **rivals}
    finding = f"it needs {task.shown(metrics['validation'])} on the validation part"
    return Chapter(
        finding=f"{finding}. {task.verdict(test)}".rstrip(". ") if test else finding,
        facts=facts,
        figures=(_curves(run, metrics), _told(model, pieces, name), _composition(model)),
    )


def _curves(run: Run, metrics: Mapping[str, Any]) -> ReportFigure:
    figure = learning_curves(columns_of(run), metrics["best_epoch"], loss="nats a frame", score=RIGHT)
    caption = (
        "Negative log-likelihood of a frame, and of its keys the share told right, after each epoch. Training numbers "
        "are averages over the epoch, with dropout; validation numbers are taken at its end, without. The ring marks "
        "the epoch that was kept."
    )
    return ReportFigure("learning_curves", caption, figure)


@torch.no_grad()
def _told(model: MusicModel, pieces: Sequences, name: str | None) -> ReportFigure:
    if name is not None and name not in pieces.ids:
        raise CarouselError(
            f"the test part has no piece '{name}'; its {len(pieces)} run from '{pieces.ids[0]}' to '{pieces.ids[-1]}'"
        )
    piece = pieces.select([0 if name is None else pieces.ids.index(name)])
    roll, logits = torch.from_numpy(piece.values[0])[:SHOWN], answers(model, piece)[0][:SHOWN]
    figure = told_piece(roll, logits.sigmoid(), told(logits, roll)["loss"], f"Test piece {piece.ids[0]}")
    caption = (
        "A piece of the test part, told frame by frame: how likely the model held each key before the frame was known, "
        "and what sounded."
    )
    return ReportFigure("test_piece", caption, figure)


@torch.no_grad()
def _composition(model: MusicModel) -> ReportFigure:
    roll = composed(model, FRAMES, TEMPERATURE, SEED)
    layer: carousel.LSTM | None = model.lstm
    seen = torch.cat([torch.zeros(1, roll.shape[1]), torch.from_numpy(roll[:-1]).float()])
    signals = {} if layer is None else layer.trace(seen)
    figure = composition(roll, signals, "A piece that the model composed")
    caption = (
        "The keys that were drawn, and gates and state of the first layer as each frame was told: the units whose "
        "state varies most, those that keep it longest on top. `carousel predict RUN --out piece.mid` writes one to "
        "listen to."
    )
    return ReportFigure("composition", caption, figure)
