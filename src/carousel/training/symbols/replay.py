"""The order of online coding: what is told next, and which stretches behind it are read again."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from carousel.errors import CarouselError
from carousel.training.symbols.streams import NOTHING, SymbolBatch

EACH = 4000
"""Symbols that each stream of what is read again has at least."""


class Step(NamedTuple):
    """One step of online coding, in positions of the text.

    Attributes:
        told: the first symbol that is told, and where those end that are told now.
        again: the first symbol of each of the stretches that are then learnt from, all of `length` symbols.
        length: of each stretch; none reaches beyond what has been told.
        starts: whether the state of each stretch starts anew, or goes on from the step before.
    """

    told: tuple[int, int]
    again: tuple[int, ...]
    length: int
    starts: tuple[bool, ...]


class OnlineBatch(NamedTuple):
    """What a step reads: `told`, one stream of symbols from position `first` on, and `again`, B stretches."""

    first: int
    told: SymbolBatch
    again: SymbolBatch


class Replay(Sampler[Step]):
    """The steps of one epoch, which is one of several stretches that the text is told in.

    The symbols told last are always learnt from. The other rows of a batch are streams that read on through what has
    been told, from a place drawn at random until they reach the present: the replay streams of Bornschein, Li and
    Hutter (Sequential Learning of Neural Networks for Prequential MDL, 2022).

    Args:
        symbols: T, of the text. The first one is told by nothing.
        advance: symbols that are told in a step.
        length: of a stretch that is learnt from, at most.
        rows: B, stretches in a step, at most: there is one more for every `EACH` symbols that have been told, since a
            short text read often is learnt by heart.
        epochs: in how many parts the text is told.
        generator: draws the places.

    Raises:
        CarouselError: the text is too short for as many epochs.
    """

    def __init__(
        self, symbols: int, advance: int, length: int, rows: int, epochs: int, generator: torch.Generator
    ) -> None:
        self.symbols, self.advance, self.length, self.rows = symbols, advance, length, rows
        self.generator = generator
        self.steps = -(-(symbols - 1) // advance)
        self.steps_in_epoch = -(-self.steps // epochs)
        self.epoch = 0
        if self.steps_in_epoch * (epochs - 1) >= self.steps:
            raise CarouselError(
                f"it has {symbols} symbols, too few to be told in {epochs} epochs of steps of {advance} symbols; "
                "give a longer text, or lower epochs or advance"
            )

    def set_epoch(self, epoch: int) -> None:
        """Lightning calls this before it reads the steps of an epoch."""
        self.epoch = epoch

    def __len__(self) -> int:
        return min(self.steps_in_epoch, self.steps - self.epoch * self.steps_in_epoch)

    def __iter__(self) -> Iterator[Step]:
        first = 1 + self.epoch * self.steps_in_epoch * self.advance
        streams: list[int] = []  # where each goes on; 0 is nowhere
        for begin in range(first, first + len(self) * self.advance, self.advance):
            end = min(begin + self.advance, self.symbols)
            length = min(self.length, end - 1)
            streams += [0] * (min(self.rows - 1, end // EACH) - len(streams))
            starts = [place == 0 or place + length > end for place in streams]
            again = [
                int(torch.randint(1, end - length + 1, (), generator=self.generator)) if anew else place
                for place, anew in zip(streams, starts, strict=True)
            ]
            yield Step((begin, end), (end - length, *again), length, (True, *starts))
            streams = [place + length for place in again]


class _Book(Dataset[OnlineBatch]):
    def __init__(self, symbols: npt.NDArray[Any], past: int) -> None:
        self.symbols = torch.from_numpy(symbols)
        self.past = past

    def __getitem__(self, step: Step) -> OnlineBatch:
        begin, end = step.told
        again = torch.stack([self._read(first, first + step.length) for first in step.again], dim=1)
        return OnlineBatch(
            begin,
            SymbolBatch(self._read(begin, end).unsqueeze(1), torch.tensor([begin == 1])),
            SymbolBatch(again, torch.tensor(step.starts)),
        )

    def _read(self, begin: int, end: int) -> Tensor:
        """The symbols from `begin` to `end`, behind the one and the `past` that are seen before them."""
        first = begin - 1 - self.past
        read = self.symbols[max(first, 0) : end].long()
        return torch.cat([read.new_full((max(-first, 0),), NOTHING), read])


def online(
    symbols: npt.NDArray[Any], *, advance: int, length: int, rows: int, past: int, epochs: int, seed: int
) -> DataLoader[OnlineBatch]:
    """A loader of the steps in which a text [T] is told and learnt, each epoch a part of it; see `Replay`.

    Raises:
        CarouselError: the text is too short for as many epochs.
    """
    generator = torch.Generator().manual_seed(seed)
    replay = Replay(len(symbols), advance, length, rows, epochs, generator)
    # PyTorch wants an index of a sampler to be a number, and passes on whatever it is.
    return DataLoader(
        _Book(symbols, past), sampler=replay, batch_size=None, num_workers=0, generator=generator
    )
