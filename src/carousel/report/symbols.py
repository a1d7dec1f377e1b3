"""What the report of a model of text shows: how it learnt, how it compares with compressors, and what it writes."""

from collections.abc import Mapping
from typing import Any

from carousel.errors import CarouselError
from carousel.report.chapter import Chapter
from carousel.report.figures import Curve, learning_curves
from carousel.report.page import ReportFigure
from carousel.style import percent
from carousel.training import Run, SymbolModel
from carousel.training.symbols.generation import written

LENGTH, TEMPERATURE, SEED = 800, 0.8, 0

RIGHT = Curve("accuracy", "accuracy (share of symbols told right)", percent, is_share=True)


def chapter(run: Run, metrics: Mapping[str, Any], utterance: str | None) -> Chapter:
    """The chapter of a run on text, which has no sequences to look into."""
    if utterance is not None:
        raise CarouselError(f"run '{run.folder}' is on text and has no sequence '{utterance}'; leave it out")
    model = run.load_model()
    assert isinstance(model, SymbolModel)
    task, validation, test = run.task, metrics["validation"], metrics["test"]
    facts = {"validation": task.shown(validation)}
    if test:
        rivals = {name: f"{bits:.3f} bits a symbol" for name, bits in test["rivals"].items()}
        facts |= {"test": task.told(test), **rivals}
    rows = run.history()
    history = {name: [row[name] for row in rows] for name in rows[0]}
    curves = learning_curves(history, metrics["best_epoch"], loss="bits a symbol", score=RIGHT)
    caption = (
        "Loss and accuracy after each epoch. Training numbers are averages over the epoch, with dropout; validation "
        "numbers are taken at its end, without. The ring marks the epoch that was kept."
    )
    finding = f"it needs {task.shown(validation)} on the validation part"
    return Chapter(
        finding=f"{finding}. {task.verdict(test)}".rstrip(". ") if test else finding,
        facts=facts,
        figures=(ReportFigure("learning_curves", caption, curves),),
        sample=written(model, LENGTH, TEMPERATURE, "", SEED),
    )
