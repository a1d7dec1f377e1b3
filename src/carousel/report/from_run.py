"""The report of a run, drawn from its folder and from the data it names."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from carousel.report import classify, forecast, memory, music, symbols
from carousel.report.chapter import UNSEEN, Chapter
from carousel.report.page import ReportContent, ReportFigure, write_report
from carousel.report.start import start_or_nothing
from carousel.training import Run, open_run
from carousel.training.config import to_yaml
from carousel.training.from_nothing import Comparison, comparison_of

CHAPTERS: dict[str, Callable[[Run, Mapping[str, Any], str | None], Chapter]] = {
    "classify": classify.chapter,
    "forecast": forecast.chapter,
    "symbols": symbols.chapter,
    "online": symbols.chapter,
    "music": music.chapter,
    "memory": memory.chapter,
}
"""By kind of task: (run, its metrics, what of the test part was asked for) to what the report says of it."""


def report_run(run_dir: str | Path, sequence: str | None = None) -> Path:
    """Write `report.html` and `figures/*.png` into a run folder and return the path of the page.

    Args:
        run_dir: the run folder.
        sequence: id of the test sequence whose gates are drawn; by default the first one.

    Raises:
        CarouselError: the run cannot be opened, has no such test sequence, or its folder cannot be written.
    """
    run = open_run(run_dir)
    metrics = run.metrics()
    chapter = CHAPTERS[run.config.task.kind](run, metrics, sequence)
    comparison = comparison_of(run)
    compared = [_start(comparison)] if comparison else []
    summary = _summary(run, metrics, chapter.finding)
    content = ReportContent(
        title=f"{run.config.recipe}: {run.config.model.layer} layer",
        summary=f"{summary} {comparison.verdict}" if comparison else summary,
        facts=_facts(run, metrics, chapter.facts),
        figures=(*chapter.figures[:1], *compared, *chapter.figures[1:]),
        configuration=to_yaml(run.config),
        recalls=chapter.recalls,
        sample=chapter.sample,
    )
    return write_report(run.folder, content)


def _summary(run: Run, metrics: Mapping[str, Any], finding: str) -> str:
    why = "the latest whose validation loss is within one standard error of the lowest"
    best = (
        f"epoch {metrics['best_epoch']} of {metrics['epochs']} was kept, {why if run.task.chooses else 'the last'}; "
        f"{finding}"
    )
    is_complete, data = metrics["status"] == "complete", run.config.about
    told = (
        f"Trained on '{data}'; {best}." if is_complete else f"Training on '{data}' was interrupted; {best}."
    )
    if not run.task.chooses:
        return told
    return (
        f"{told} The test part {'was scored once, after training' if is_complete else 'has not been scored'}."
    )


def _start(comparison: Comparison) -> ReportFigure:
    caption = (
        "The same training twice, from the weights of the other run and from nothing, on the same data in the same "
        "order. Rings mark the epochs that were kept, whose models were scored once on the test part."
    )
    return ReportFigure("start_or_nothing", caption, start_or_nothing(comparison))


def _facts(run: Run, metrics: Mapping[str, Any], scores: Mapping[str, str]) -> dict[str, str]:
    model = run.config.model
    directions = "both directions" if model.bidirectional else "one direction"
    past, future = model.context
    extensions = {
        f"{model.peephole} peepholes": model.peephole != "none",
        "input gate": model.input_gate,
        f"window of {past} back and {future} ahead": past or future,
        f"projection to {model.proj_size}": model.proj_size,
    }
    told = ", ".join(name for name, is_there in extensions.items() if is_there)
    layer = f"{model.layer} ({told})" if told else model.layer
    return {
        "layer": f"{layer}, {model.num_layers} × {model.hidden_size} cells, {directions}",
        "parameters": f"{metrics['parameters']:,}",
        "best epoch" if run.task.chooses else "last epoch": f"{metrics['best_epoch']} of {metrics['epochs']}",
        **scores,
        "training time": f"{metrics['seconds']:.1f} s",
        "kernel": metrics["kernel"],
        **({"gates": f"not drawn: {UNSEEN}"} if model.layer == "gru" else {}),
        "seed": str(run.config.training.seed),
        "made with": f"carousel {metrics['versions']['carousel']}, torch {metrics['versions']['torch']}",
    }
