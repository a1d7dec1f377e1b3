"""A recurrent layer that says at every step which symbol comes next."""

from collections.abc import Sequence
from math import log
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, embedding, one_hot

from carousel.errors import CarouselError
from carousel.training.carried import State, detached, started
from carousel.training.config import Config
from carousel.training.model import SequenceModel
from carousel.training.symbols.streams import NOTHING, SymbolBatch

BYTES = 256


class SymbolModel(SequenceModel):
    """Embedding or one-hot code of each symbol, recurrent layer, dropout, linear head over the C symbols.

    Streams are read in segments: the state is carried from one batch to the next, without its gradient, and a window
    into the past sees the symbols before the segment.

    Args:
        config: the run; its sections `task`, `model` and `training` are used.
        alphabet: the characters; None for the 256 bytes.

    Raises:
        CarouselError: the configuration is of another task, so that the layer may see what it has to predict.
    """

    def __init__(self, config: Config, alphabet: Sequence[str] | None) -> None:
        if config.task.kind not in ("symbols", "online"):
            raise CarouselError(
                f"a model of symbols wants a configuration of task 'symbols', got '{config.task.kind}'; set task.kind, "
                "so that no layer may look ahead"
            )
        self.alphabet = None if alphabet is None else tuple(alphabet)
        self.n_symbols = BYTES if alphabet is None else len(alphabet)
        size = config.model.embedding_size
        super().__init__(config, size or self.n_symbols)
        self.code = nn.Parameter(torch.empty(self.n_symbols, size).normal_()) if size else None
        self.dropout = nn.Dropout(config.model.dropout)
        self.head = nn.Linear(self.width, self.n_symbols)
        self._carried: dict[bool, State] = {}

    @property
    def names(self) -> dict[str, Any]:
        return {"alphabet": self.alphabet}

    @property
    def past(self) -> int:
        """How many symbols before the one at hand a step sees."""
        return self.config.model.context[0]

    def coded(self, symbols: Tensor) -> Tensor:
        """What the layer sees of symbols [...], [..., F]; zero where there is none."""
        known = symbols.clamp(min=0)
        code = (
            one_hot(known, self.n_symbols).to(self.mean) if self.code is None else embedding(known, self.code)
        )
        return code * (symbols != NOTHING).unsqueeze(-1)

    def forward(self, batch: SymbolBatch, state: State | None = None) -> tuple[Tensor, State]:
        """Logits [K, B, C] of the symbol after each of K steps, and the state after the last one."""
        x = self.coded(batch.symbols[:-1])
        past = {"halo": x[: self.past]} if self.past else {}
        v, state = self.layer(x[self.past :], started(state, batch.starts), **past)
        logits: Tensor = self.head(self.dropout(v))
        return logits, state

    def scores(self, batch: SymbolBatch) -> dict[str, Tensor]:
        """The scores of K * B symbols, in the state that the batch before ended in: see `told`."""
        scores, state = self.told(batch, self._carried.get(self.training))
        self._carried[self.training] = detached(state)
        return scores

    def told(self, batch: SymbolBatch, state: State | None) -> tuple[dict[str, Tensor], State]:
        """Cross-entropy in bits of each of K * B symbols and whether it was the likeliest; the state after them."""
        logits, state = self(batch, state)
        logits, symbols = logits.flatten(0, 1), batch.symbols[self.past + 1 :].flatten()
        right = (logits.detach().argmax(dim=1) == symbols).to(logits)
        return {"loss": cross_entropy(logits, symbols, reduction="none") / log(2), "accuracy": right}, state
