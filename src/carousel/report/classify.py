"""What the report of a classifier shows: how it learnt, which classes it confuses, and one sequence from inside."""

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from carousel.data import Sequences
from carousel.errors import CarouselError
from carousel.nn import LSTM
from carousel.report.chapter import UNSEEN, Chapter, columns_of
from carousel.report.figures import confusion, learning_curves
from carousel.report.page import ReportFigure
from carousel.report.recall import class_recalls
from carousel.report.signals import classified_sequence
from carousel.style import percent
from carousel.training import Run, SequenceClassifier


def chapter(run: Run, metrics: Mapping[str, Any], sequence: str | None) -> Chapter:
    """The chapter of a classifier's run; `sequence` is the id of the one in the test part to look into."""
    test: Sequences = run.task.prepare(run.config).test
    model = run.load_model()
    assert isinstance(model, SequenceClassifier)
    scored = {part: metrics[part] for part in ("validation", "test") if metrics[part]}
    figures = [_curves(run, metrics)]
    if metrics["test"]:
        figures.append(_confusion(metrics["test"]))
    position = _position(test, sequence)
    if model.lstm is not None:
        figures.append(_sequence(model, model.lstm, test, position))
    elif sequence is not None:
        raise CarouselError(f"the gates of sequence '{sequence}' cannot be drawn: {UNSEEN}; leave it out")
    return Chapter(
        finding=f"it recognises {percent(metrics['validation']['accuracy'])} of the validation sequences",
        facts={
            part: f"{percent(scores['accuracy'])}, loss {scores['loss']:.3f} nats"
            for part, scores in scored.items()
        }
        | ({"beside others": run.task.verdict(metrics["test"])} if metrics["test"] else {}),
        figures=tuple(figures),
        recalls=class_recalls(metrics["test"]["confusion"], metrics["test"]["classes"])
        if metrics["test"]
        else (),
    )


def _curves(run: Run, metrics: Mapping[str, Any]) -> ReportFigure:
    noise = "dropout and random offsets" if run.config.training.input_offset else "dropout"
    caption = (
        f"Loss and accuracy after each epoch. Training numbers are averages over the epoch, with {noise}; "
        "validation numbers are taken at its end, without. The ring marks the epoch that was kept."
    )
    return ReportFigure("learning_curves", caption, learning_curves(columns_of(run), metrics["best_epoch"]))


def _confusion(test: Mapping[str, Any]) -> ReportFigure:
    caption = "Each row is a true class, each column an answer; off the diagonal are the mistakes."
    return ReportFigure("confusion", caption, confusion(test["confusion"], test["classes"], "Test part"))


def _position(test: Sequences, sequence: str | None) -> int:
    if sequence is None:
        return 0
    if sequence not in test.ids:
        raise CarouselError(
            f"the test part has no sequence '{sequence}'; its {len(test)} ids run "
            f"from '{test.ids[0]}' to '{test.ids[-1]}'"
        )
    return test.ids.index(sequence)


def _sequence(model: SequenceClassifier, layer: LSTM, test: Sequences, position: int) -> ReportFigure:
    sequence = torch.from_numpy(test.values[position])
    true_class = None if test.labels is None else int(test.labels[position])
    of_class = f", class {test.classes[true_class]}" if true_class is not None else ""
    figure = classified_sequence(
        _signals(model, layer, sequence),
        test.features,
        model.prefix_probabilities(sequence),
        model.classes,
        title=f"Test sequence {test.ids[position]}{of_class}",
        true_class=true_class,
    )
    caption = (
        "The features, standardised, and what the first layer made of them in the forward direction. At the bottom, "
        "the whole model's answer had the sequence ended at each step."
    )
    return ReportFigure("sequence", caption, figure)


@torch.no_grad()
def _signals(model: SequenceClassifier, layer: LSTM, sequence: Tensor) -> dict[str, Tensor]:
    """The standardised input x [T, F] and the signals of the first layer, forward, [T, d] each."""
    x = model.standardised(sequence)
    return {"x": x, **layer.trace(x)}
