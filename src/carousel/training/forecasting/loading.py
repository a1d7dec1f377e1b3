"""Batches of a series in the order in which a model is trained, scored, or asked for a forecast."""

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias, cast

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from carousel.training.forecasting.batches import Reader, SeriesBatch
from carousel.training.forecasting.pieces import Stretch, at_once, ending, side_by_side, tiles

LEAST_BATCHES = 32
"""Batches in an epoch, at least: a short series is gone over several times between two looks at the validation part."""
MOST_NUMBERS = 2**22
"""Numbers in the largest array that a head makes while a model is scored; the batches are made to fit."""

Order: TypeAlias = list[list[Stretch]]


class _Batches(Dataset[SeriesBatch]):
    def __init__(self, reader: Reader) -> None:
        self.reader = reader

    def __getitem__(self, stretches: Sequence[Stretch]) -> SeriesBatch:
        return self.reader.batch(stretches)


class _Shuffled(Sampler[list[Stretch]]):
    """So many batches a pass, from as many orders, drawn one after the other, as that takes."""

    def __init__(self, draw: Callable[[np.random.Generator], Order], count: int, generator: torch.Generator):
        self.draw, self.count, self.generator = draw, count, generator

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[list[Stretch]]:
        seed = int(torch.randint(2**62, (), generator=self.generator))
        random = np.random.default_rng(seed)
        left = self.count
        while left:
            order = self.draw(random)[:left]
            left -= len(order)
            yield from order


def training_batches(
    reader: Reader, batch_size: int, history: int, unroll: int, generator: torch.Generator
) -> DataLoader[SeriesBatch]:
    """Batches to learn from; a pass has every row that may be read as an origin about once, or several times.

    Args:
        reader: of the training part.
        batch_size: stretches side by side.
        history: steps that are read before the first origin that counts, and so many that then count; as far as there are any.
        unroll: 0 for pieces read whole, in any order; otherwise the steps of a stretch, each going on where the one before ended.
        generator: all that is random comes from it.
    """
    origins = [max(0, end - 1) for end in reader.ends]  # the last row has nothing ahead of it
    total = sum(origins)
    size = max(history, -(-total // batch_size)) if unroll else history

    def draw(random: np.random.Generator) -> Order:
        pieces = tiles(origins, size, history, random)
        return side_by_side(pieces, batch_size, unroll) if unroll else at_once(pieces, batch_size)

    count = max(LEAST_BATCHES, -(-total // (batch_size * (unroll or history))))
    return _loader(reader, _Shuffled(draw, count, generator), generator)


def scoring_batches(
    reader: Reader, counted: Sequence[int], warm_up: int | None, batch_size: int, units: int
) -> DataLoader[SeriesBatch]:
    """Batches whose origins, in each segment from `counted` [S] on, stand once each and in order, the state carried along.

    Args:
        reader: of all rows up to the end of the part that is scored.
        counted: the first origin of each segment.
        warm_up: steps that are read before it; None for all.
        batch_size: segments side by side, at most.
        units: units of the head.
    """
    pieces = ending([max(0, end - 1) for end in reader.ends], counted, warm_up)
    streams = max(1, min(batch_size, len(pieces)))
    steps = max(1, min(1024, MOST_NUMBERS // (streams * reader.reach.horizon * units)))
    return _loader(reader, side_by_side(pieces, streams, steps), None)


def _loader(
    reader: Reader, order: Sampler[list[Stretch]] | Order, generator: torch.Generator | None
) -> DataLoader[SeriesBatch]:
    loader = DataLoader(_Batches(reader), batch_size=None, sampler=order, num_workers=0, generator=generator)
    # PyTorch names a loader's type after the items of the data set, which here are whole batches.
    return cast("DataLoader[SeriesBatch]", loader)
