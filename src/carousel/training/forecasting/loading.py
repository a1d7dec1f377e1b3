"""Batches of a series in the order in which a model is trained, scored, or asked for a forecast."""

from collections.abc import Callable, Iterator, Sequence
from itertools import chain, islice
from typing import TypeAlias

import numpy as np
import torch
from torch.utils.data import DataLoader, Dataset, Sampler

from carousel.training.forecasting.batches import Reach, Reader, SeriesBatch
from carousel.training.forecasting.parts import Part
from carousel.training.forecasting.pieces import Stretch, at_once, ending, side_by_side, tiles

LEAST_BATCHES = 32
"""Batches in an epoch, at least: a short series is gone over several times between two looks at the validation part."""
MOST_HISTORY = 512
MOST_NUMBERS = 2**22
"""Numbers in the largest array that a head makes while a model is scored; the batches are made to fit."""
Order: TypeAlias = list[list[Stretch]]


def history_of(wanted: int | None, season: int | None, horizon: int) -> int:
    """The steps that a forecast has behind it in training: as wanted, or seven seasons: a week of days."""
    return wanted or min(max(7 * (season or 1), 2 * horizon, 32), MOST_HISTORY)


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
    part: Part,
    reach: Reach,
    groups: Sequence[str],
    *,
    batch_size: int,
    history: int,
    unroll: int,
    generator: torch.Generator,
) -> DataLoader[SeriesBatch]:
    """Batches to learn from; a pass has each origin of the part about once, or in a short series several times.

    Args:
        part: the training part, whose origins are all steps of its segments from the first on.
        reach: how far a step looks.
        groups: the names that the batch's `group` counts.
        batch_size: stretches side by side.
        history: steps that are read before the first origin that counts, and so many that then count; as far as
            there are any.
        unroll: 0 for pieces read whole, in any order; otherwise the steps of a stretch, which goes on where the one
            before ended.
        generator: all that is random comes from it.
    """
    size = max(history, -(-part.origins // batch_size)) if unroll else history

    def draw(random: np.random.Generator) -> Order:
        pieces = tiles(part.stops, size, history, random)
        return [*side_by_side(pieces, batch_size, unroll)] if unroll else at_once(pieces, batch_size)

    count = max(LEAST_BATCHES, -(-part.origins // (batch_size * (unroll or history))))
    reader = Reader(part.series, part.ends, reach, groups)
    return _loader(reader, _Shuffled(draw, count, generator), generator)


def validation_batches(
    part: Part, reach: Reach, groups: Sequence[str], history: int | None, batch_size: int, numbers: int
) -> DataLoader[SeriesBatch]:
    """Batches in which each origin of a part stands once, in pieces as those of training, to be read again and again.

    Args:
        part: the origins, and what may be read.
        reach: how far a step looks.
        groups: the names that the batch's `group` counts.
        history: steps that are read before the first origin of a piece, and so many that then count; None for segments
            read whole.
        batch_size: pieces side by side, at most.
        numbers: how many are made for each origin and lead.
    """
    order = _in_order(part, reach, history, history, batch_size, numbers)
    return _loader(Reader(part.series, part.ends, reach, groups), [*order], None)


def scoring_batches(
    part: Part,
    reach: Reach,
    groups: Sequence[str],
    *,
    warm_up: int | None,
    size: int | None,
    batch_size: int,
    numbers: int,
) -> Iterator[SeriesBatch]:
    """Batches in which each origin of a part stands once and in order, the state carried along each piece.

    Args:
        part: the origins, and what may be read.
        reach: how far a step looks.
        groups: the names that the batch's `group` counts.
        warm_up: steps that are read before the first origin of a piece; None for all.
        size: origins of a piece; 1 puts exactly `warm_up` steps, or all there are, before each; None for all.
        batch_size: pieces side by side, at most.
        numbers: how many are made for each origin and lead.
    """
    order = _in_order(part, reach, warm_up, size, batch_size, numbers)
    return map(Reader(part.series, part.ends, reach, groups).batch, order)


def _in_order(
    part: Part, reach: Reach, warm_up: int | None, size: int | None, batch_size: int, numbers: int
) -> Iterator[list[Stretch]]:
    """The pieces of a part, side by side, in stretches that fit into memory."""
    pieces = ending(part.stops, part.counted, warm_up, size)
    first = [*islice(pieces, batch_size)]
    streams = max(1, len(first))
    steps = max(1, min(1024, MOST_NUMBERS // (streams * reach.horizon * numbers)))
    return side_by_side(chain(first, pieces), streams, steps)


def _loader(
    reader: Reader, order: Sampler[list[Stretch]] | Order, generator: torch.Generator | None
) -> DataLoader[SeriesBatch]:
    return DataLoader(_Batches(reader), batch_size=None, sampler=order, num_workers=0, generator=generator)
