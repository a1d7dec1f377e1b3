"""The report of a run, drawn from its folder and from the data set it names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import carousel
from carousel.data import Sequences, load
from carousel.errors import CarouselError
from carousel.report.figures import confusion, learning_curves
from carousel.report.page import ReportContent, ReportFigure, write_report
from carousel.report.recall import class_recalls
from carousel.report.signals import utterance as draw_utterance
from carousel.style import percent
from carousel.training import Run, SequenceClassifier, open_run
from carousel.training.config import to_yaml


def report_run(run_dir: str | Path, utterance: str | None = None) -> Path:
    """Write `report.html` and `figures/*.png` into a run folder and return the path of the page.

    Args:
        run_dir: the run folder.
        utterance: id of the test sequence whose gates are drawn; by default the first one.

    Raises:
        CarouselError: the run cannot be opened, has no such test sequence, or its folder cannot be written.
    """
    run = open_run(run_dir)
    metrics = run.metrics()
    _, test = load(run.config.data.dataset)
    figures = [_curves(run, metrics)]
    if metrics["test"]:
        figures.append(_confusion(metrics["test"]))
    figures.append(_utterance(run.load_model(), test, _position(test, utterance)))
    content = ReportContent(
        title=f"{run.config.recipe}: {run.config.model.layer} layer",
        summary=_summary(run, metrics),
        facts=_facts(run, metrics),
        figures=tuple(figures),
        configuration=to_yaml(run.config),
        recalls=class_recalls(metrics["test"]["confusion"], metrics["test"]["classes"])
        if metrics["test"]
        else (),
    )
    return write_report(run.folder, content)


def _summary(run: Run, metrics: Mapping[str, Any]) -> str:
    best = (
        f"epoch {metrics['best_epoch']} of {metrics['epochs']} was kept, the latest whose validation loss is "
        "within one standard error of the lowest; "
        f"it recognises {percent(metrics['validation']['accuracy'])} of the validation sequences"
    )
    if metrics["status"] == "complete":
        return (
            f"Trained on '{run.config.data.dataset}'; {best}. The test part was scored once, after training."
        )
    return (
        f"Training on '{run.config.data.dataset}' was interrupted; {best}. The test part has not been scored."
    )


def _facts(run: Run, metrics: Mapping[str, Any]) -> dict[str, str]:
    model = run.config.model
    directions = "both directions" if model.bidirectional else "one direction"
    facts = {
        "layer": f"{model.layer}, {model.num_layers} × {model.hidden_size} cells, {directions}",
        "parameters": f"{metrics['parameters']:,}",
        "best epoch": f"{metrics['best_epoch']} of {metrics['epochs']}",
        "validation": f"{percent(metrics['validation']['accuracy'])}, loss {metrics['validation']['loss']:.3f} nats",
    }
    if metrics["test"]:
        facts["test"] = f"{percent(metrics['test']['accuracy'])}, loss {metrics['test']['loss']:.3f} nats"
    return facts | {
        "training time": f"{metrics['seconds']:.1f} s",
        "kernel": metrics["kernel"],
        "seed": str(run.config.training.seed),
        "made with": f"carousel {metrics['versions']['carousel']}, torch {metrics['versions']['torch']}",
    }


def _curves(run: Run, metrics: Mapping[str, Any]) -> ReportFigure:
    rows = run.history()
    history = {name: [row[name] for row in rows] for name in rows[0]}
    caption = (
        "Loss and accuracy after each epoch. Training numbers are averages over the epoch, with dropout and noise; "
        "validation numbers are taken at its end, without. The ring marks the epoch that was kept."
    )
    return ReportFigure("learning_curves", caption, learning_curves(history, metrics["best_epoch"]))


def _confusion(test: Mapping[str, Any]) -> ReportFigure:
    caption = "Each row is a true class, each column an answer; off the diagonal are the mistakes."
    return ReportFigure("confusion", caption, confusion(test["confusion"], test["classes"], "Test part"))


def _position(test: Sequences, utterance: str | None) -> int:
    if utterance is None:
        return 0
    if utterance not in test.ids:
        raise CarouselError(
            f"the test part has no sequence '{utterance}'; its {len(test)} ids run "
            f"from '{test.ids[0]}' to '{test.ids[-1]}'"
        )
    return test.ids.index(utterance)


def _utterance(model: SequenceClassifier, test: Sequences, position: int) -> ReportFigure:
    sequence = torch.from_numpy(test.values[position])
    true_class = None if test.labels is None else int(test.labels[position])
    of_class = f", class {test.classes[true_class]}" if true_class is not None else ""
    figure = draw_utterance(
        _signals(model, sequence),
        test.features,
        model.prefix_probabilities(sequence),
        model.classes,
        title=f"Test sequence {test.ids[position]}{of_class}",
        true_class=true_class,
    )
    caption = (
        "The features, standardised, and what the first layer made of them in the forward direction. At the bottom, "
        "the whole model's answer had the sequence ended at each frame."
    )
    return ReportFigure("utterance", caption, figure)


@torch.no_grad()
def _signals(model: SequenceClassifier, sequence: Tensor) -> dict[str, Tensor]:
    """The standardised input x [T, F] and the signals of the first layer, forward, [T, d] each."""
    x = model.standardised(sequence)
    layer = model.layer
    if isinstance(layer, nn.LSTM):
        layer = carousel.LSTM.from_torch(layer)
    return {"x": x, **layer.trace(x)}
