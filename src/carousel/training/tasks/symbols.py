"""The next symbol of texts."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, NamedTuple

import numpy as np
import pandas as pd
import torch
from pydantic import Field, Json

from carousel.data import Text, read_text, text_parts
from carousel.data.opening import naming
from carousel.data.text import encode
from carousel.errors import CarouselError
from carousel.training.config import Config
from carousel.training.environment import cpu_threads
from carousel.training.label import Label, Names
from carousel.training.metrics import Positive, Scores
from carousel.training.source import file_of
from carousel.training.symbols.model import SymbolModel
from carousel.training.symbols.rivals import bits_of_rivals
from carousel.training.symbols.streams import segments
from carousel.training.tally import Tally, count
from carousel.training.tasks.task import Material, Task

Bits = Annotated[float, Field(ge=0)]


class Passage(NamedTuple):
    """A text to be told.

    Attributes:
        text: all of it.
        past: the text before it, which the model has learnt from.
        told: whether the model has told it already, online, while it learnt it.
    """

    text: Text
    past: Text | None = None
    told: bool = False


class SymbolScores(Scores):
    """The mean cross-entropy in bits a symbol, and the share of symbols that were the likeliest."""

    loss: Bits
    accuracy: float = Field(ge=0, le=1)


class SymbolTestScores(SymbolScores):
    """Also how many symbols there are, and the bits a symbol that compressors need for the same text."""

    symbols: Positive
    rivals: dict[str, Bits]


class SymbolLabel(Label):
    """What the weights of a model of symbols are for: its characters; None for bytes."""

    alphabet: Json[Annotated[Names, Field(min_length=1)] | None]
    validation: Json[SymbolScores]


class Symbols(Task[SymbolModel, Passage]):
    """A text, in order: the first part to learn from, then one to choose the epoch by, and the last to be tested on."""

    noun = "cross-entropy"
    writes = "text"
    label: ClassVar[type[Label]] = SymbolLabel
    scores = SymbolScores
    test_scores: ClassVar[type[Scores]] = SymbolTestScores
    primary = "loss"
    higher_is_better = False

    def model(self, config: Config, **names: Any) -> SymbolModel:
        return SymbolModel(config, **names)

    def prepare(self, config: Config) -> Material[Passage]:
        text = self.text(config)
        data, training = config.data, config.training
        with naming(data.name):
            train, validation, test = text_parts(text, data.validation_fraction, data.test_fraction)
            for name, part in {"training": train, "validation": validation, "test": test}.items():
                if _length(part) < 2:
                    raise CarouselError(
                        f"it has {_length(text)} symbols, too few to divide: its {name} part has no symbol with one "
                        "behind it; give a longer text"
                    )
        sizes = training.batch_size, training.unroll, config.model.context[0]
        kind = "bytes" if text.alphabet is None else f"symbols of {text.n_symbols} kinds"
        return Material(
            names={"alphabet": text.alphabet},
            buffers={},
            train=segments(train, *sizes),
            validation=segments(validation, *sizes),
            test=Passage(
                test,
                Text((*train.documents, *validation.documents), text.alphabet, (*train.ids, *validation.ids)),
            ),
            headline=f"{_length(train):,} {kind} to learn from, {_length(validation):,} to choose the best epoch",
        )

    def text(self, config: Config) -> Text:
        """The whole text of a run."""
        return self.read(config, file_of(config.data, "a text")).text

    def read(self, config: Config, path: Path) -> Passage:
        return Passage(read_text(path, config.task.alphabet))

    @torch.no_grad()
    def score(self, model: SymbolModel, data: Passage) -> dict[str, Any]:
        """`loss` in bits a symbol, `symbols`, and `rivals`: what compressors need for the same text."""
        text = _in_alphabet_of(model, data.text)
        return {**_told(model, text), "symbols": _length(text), "rivals": rivals_of(text, data.past)}

    @torch.no_grad()
    def table(self, model: SymbolModel, data: Passage) -> pd.DataFrame:
        """Columns `document`, `symbols` and `bits_per_symbol`, a row for each document."""
        text = _in_alphabet_of(model, data.text)
        rows = [
            (name, len(document), _told(model, Text((document,), text.alphabet, (name,)))["loss"])
            for document, name in zip(text.documents, text.ids, strict=True)
        ]
        return pd.DataFrame(rows, columns=["document", "symbols", "bits_per_symbol"])

    def shown(self, scores: Mapping[str, float]) -> str:
        return f"{scores['loss']:.3f} bits a symbol"

    def told(self, scores: Mapping[str, Any]) -> str:
        right = f"{100 * scores['accuracy']:.1f} % told right"
        return f"{self.shown(scores)} over {scores['symbols']:,} symbols, {right}"

    def verdict(self, scores: Mapping[str, Any]) -> str:
        ours, rivals = scores["loss"], scores["rivals"]
        return (
            f"The model needs {ours:.3f} bits for each symbol of the test part, {compared(ours, rivals)}, "
            f"which saw the same text before it ({listed(rivals)})."
        )

    def baselines(self, scores: Mapping[str, Any]) -> dict[str, float]:
        return dict(scores["rivals"])


def rivals_of(text: Text, past: Text | None = None) -> dict[str, float]:
    """The bits a symbol that compressors need for a text behind its past."""
    needed = bits_of_rivals(b"" if past is None else _bytes(past), _bytes(text))
    return {name: bits / _length(text) for name, bits in needed.items()}


def compared(bits: float, rivals: Mapping[str, float]) -> str:
    """How much fewer or more bits than the best compressor needs."""
    best = min(rivals, key=lambda name: rivals[name])
    mine, other = f"{bits:.3f}", f"{rivals[best]:.3f}"
    change = "fewer" if bits < rivals[best] else "more"
    if mine == other:
        told = "as many as"
    elif not float(other):
        told = f"{bits - rivals[best]:.3f} {change} than"
    else:
        told = f"{100 * abs(bits / rivals[best] - 1):.0f} % {change} than"
    return f"{told} {best}, the best of the compressors"


def listed(rivals: Mapping[str, float]) -> str:
    """The bits a symbol of each compressor."""
    return ", ".join(f"{name} {bits:.3f}" for name, bits in rivals.items())


def _told(model: SymbolModel, text: Text) -> dict[str, float]:
    """The means of the scores over a text."""
    if _length(text) < 2:
        with naming(text.ids[0]):
            raise CarouselError(
                "it has a single symbol, wanted one with another behind it; give a longer text"
            )
    training = model.config.training
    tallies: dict[str, Tally] = {}
    state = None
    with cpu_threads(training.threads):
        for batch in segments(text, training.batch_size, training.unroll, model.past):
            scores, state = model.told(batch, state)
            count(scores, tallies)
    return {name: float(tally.mean) for name, tally in tallies.items()}


def _in_alphabet_of(model: SymbolModel, text: Text) -> Text:
    """The text in the model's own alphabet."""
    if text.alphabet == model.alphabet:
        return text
    documents = []
    for document, name in zip(text.documents, text.ids, strict=True):
        with naming(name):
            documents.append(encode(text.decode(document), model.alphabet))
    return Text(tuple(documents), model.alphabet, text.ids)


def _bytes(text: Text) -> bytes:
    symbols = np.concatenate(text.documents)
    return symbols.astype(np.uint8).tobytes() if text.alphabet is None else text.decode(symbols).encode()


def _length(text: Text) -> int:
    return sum(len(document) for document in text.documents)
