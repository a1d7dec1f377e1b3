"""Each byte of a text before it is learnt from."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from pydantic import Json

from carousel.data.opening import naming
from carousel.errors import CarouselError
from carousel.training.config import Config
from carousel.training.label import Label
from carousel.training.metrics import Positive, Scores
from carousel.training.symbols.coder import OnlineCoder
from carousel.training.symbols.model import SymbolModel
from carousel.training.symbols.replay import online
from carousel.training.tasks.symbols import (
    Bits,
    Passage,
    Symbols,
    SymbolScores,
    compared,
    listed,
    rivals_of,
)
from carousel.training.tasks.task import Material


class OnlineTestScores(Scores):
    """The mean bits a symbol of the whole text, its symbols, and the bits a symbol that compressors need for it."""

    symbols: Positive
    rivals: dict[str, Bits]


class OnlineLabel(Label):
    """What the weights of an online coder are for: a text of so many bytes."""

    length: Json[Positive]
    validation: Json[SymbolScores]


class Online(Symbols):
    """A text, in order: every byte is told, and its code length counted, before the model learns from it.

    One pass, without a part to learn from and another to be tested on: prequential coding (Dawid, 1984). The epochs
    divide the text into stretches, whose bits a symbol stand in the place of validation scores.
    """

    chooses = False
    counted = "code length"
    label = OnlineLabel
    test_scores = OnlineTestScores

    def model(self, config: Config, **names: Any) -> OnlineCoder:
        return OnlineCoder(config, **names)

    def prepare(self, config: Config) -> Material[Passage]:
        text = self.text(config)
        symbols, training = np.concatenate(text.documents), config.training
        with naming(config.data.name):
            steps = online(
                symbols,
                advance=training.advance,
                length=training.unroll,
                rows=training.batch_size,
                past=config.model.context[0],
                epochs=training.epochs,
                seed=training.seed,
            )
        return Material(
            names={"length": len(symbols)},
            buffers={},
            train=steps,
            validation=None,
            test=Passage(text, told=True),
            headline=f"{len(symbols):,} bytes, each told before it is learnt from",
        )

    def score(self, model: SymbolModel, data: Passage) -> dict[str, Any]:
        """Of the run's own text what its training counted: `loss` in bits a symbol, `symbols` and `rivals`.

        Other texts are told by the weights as they are at the end, without learning.

        Raises:
            CarouselError: the training ended before the end of the text.
        """
        if not data.told:
            return super().score(model, data)
        assert isinstance(model, OnlineCoder)
        told = int(model.bits.isfinite().sum())
        if told < len(model.bits):
            raise CarouselError(
                f"{told:,} of {len(model.bits):,} bytes have been told; go on with `carousel fit --resume`, or lower "
                f"learning_rate if the loss was no finite number, it is {model.config.training.learning_rate}"
            )
        return {
            "loss": float(model.bits.double().mean()),
            "symbols": told,
            "rivals": rivals_of(data.text),
        }

    def told(self, scores: Mapping[str, Any]) -> str:
        """Only what was told without learning has an accuracy."""
        how = ", by the final weights, without learning" if "accuracy" in scores else ""
        return f"{self.shown(scores)} over {scores['symbols']:,} symbols{how}"

    def verdict(self, scores: Mapping[str, Any]) -> str:
        ours, rivals = scores["loss"], scores["rivals"]
        return (
            f"Each byte told before it was learnt from, the text takes {ours:.3f} bits a byte, "
            f"{compared(ours, rivals)} ({listed(rivals)})."
        )
