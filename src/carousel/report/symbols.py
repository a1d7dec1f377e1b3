"""What the report of a model of text shows: how it learnt, how it compares with compressors, and what it writes."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

import carousel
from carousel.data.text import decode, encode
from carousel.errors import CarouselError
from carousel.report.chapter import Chapter, columns_of
from carousel.report.code_length import code_length
from carousel.report.figures import PARTS, Curve, Names, learning_curves
from carousel.report.letters import letters
from carousel.report.page import ReportFigure
from carousel.style import percent
from carousel.training import Run, SymbolModel
from carousel.training.symbols.coder import OnlineCoder
from carousel.training.symbols.generation import beginning, drawn
from carousel.training.symbols.rivals import bits_of_rivals

LENGTH, TEMPERATURE, SEED = 800, 0.8, 0
LETTERS = 72
PLACES = 12

RIGHT = Curve("accuracy", "accuracy (share of symbols told right)", percent, is_share=True)
ONLINE = Names(trained="replay", judged="coding", kept="last")


def chapter(run: Run, metrics: Mapping[str, Any], sequence: str | None) -> Chapter:
    """The chapter of a run on text, which has no sequences to look into."""
    if sequence is not None:
        raise CarouselError(f"run '{run.folder}' is on text and has no sequence '{sequence}'; leave it out")
    model = run.load_model()
    assert isinstance(model, SymbolModel)
    task, validation, test = run.task, metrics["validation"], metrics["test"]
    is_online = isinstance(model, OnlineCoder)
    facts = {"text of that epoch" if is_online else "validation": task.shown(validation)}
    if test:
        rivals = {name: f"{bits:.3f} bits a symbol" for name, bits in test["rivals"].items()}
        facts |= {"code length" if is_online else "test": task.told(test), **rivals}
    finding = (
        f"it needs {task.shown(validation)} on the {'text of that epoch' if is_online else 'validation part'}"
    )
    said = drawn(model, LENGTH, TEMPERATURE, "", SEED)
    return Chapter(
        finding=f"{finding}. {task.verdict(test)}".rstrip(". ") if test else finding,
        facts=facts,
        figures=(
            *([_code_length(run, model)] if isinstance(model, OnlineCoder) else []),
            _curves(run, metrics, is_online),
            *([_letters(model, model.lstm, said[:LETTERS])] if model.lstm else []),
        ),
        sample=decode(said, model.alphabet),
    )


def _curves(run: Run, metrics: Mapping[str, Any], is_online: bool) -> ReportFigure:
    names = ONLINE if is_online else PARTS
    curves = learning_curves(
        columns_of(run), metrics["best_epoch"], loss="bits a symbol", score=RIGHT, names=names
    )
    compared = (
        "Loss and accuracy of each epoch, which is a stretch of the text. Coding: of its symbols before they were "
        "learnt from. Replay: of what was read again to learn from it, with dropout."
        if is_online
        else "Loss and accuracy after each epoch. Training numbers are averages over the epoch, with dropout; "
        "validation numbers are taken at its end, without. The ring marks the epoch that was kept."
    )
    return ReportFigure("learning_curves", compared, curves)


def _code_length(run: Run, model: OnlineCoder) -> ReportFigure:
    content = np.concatenate(run.task.prepare(run.config).test.text.documents).tobytes()
    told = int(model.bits.isfinite().sum())
    places = sorted({max(1, told * step // PLACES) for step in range(1, PLACES + 1)})
    packed = [bits_of_rivals(b"", content[:place]) for place in places]
    rivals = {
        name: [one[name] / place for one, place in zip(packed, places, strict=True)] for name in packed[0]
    }
    caption = (
        "What a byte took on average up to each place of the text, before the model had learnt from it, and what "
        "compressors need for the text up to there."
    )
    return ReportFigure("code_length", caption, code_length(model.bits[:told], rivals, places))


@torch.no_grad()
def _letters(model: SymbolModel, layer: carousel.LSTM, symbols: NDArray[np.int64]) -> ReportFigure:
    said = torch.from_numpy(symbols)
    x = model.coded(torch.cat([torch.from_numpy(encode(beginning(model), model.alphabet)).long(), said]))
    chances = model.head(layer(x)[0])[:-1].softmax(dim=1).gather(1, said.unsqueeze(1)).squeeze(1)
    signals = {name: signal[1:] for name, signal in layer.trace(x).items()}
    figure = letters(
        [decode(symbol, model.alphabet) for symbol in said.unsqueeze(1).numpy()],
        chances,
        signals,
        "What the model wrote, letter by letter",
    )
    caption = (
        "The first letters that the model wrote. Above, the chance that it gave each one; below, gates and state of "
        "the first layer as it read it: the units whose state varies most, those that keep it longest on top."
    )
    return ReportFigure("writing", caption, figure)
