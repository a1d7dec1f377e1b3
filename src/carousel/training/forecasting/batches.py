"""Stretches of series as batches: each is one slice of the rows of a segment, so that rows may lie on disk."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from carousel.data.series import Series
from carousel.training.config import Config
from carousel.training.forecasting.pieces import Stretch

NUMBERS_IN_BLOCK = 2**22


class Reach(NamedTuple):
    """How far a step looks: `past` L rows before it, `horizon` H rows after it."""

    past: int
    horizon: int


def reach_of(config: Config, season: int | None, horizon: int) -> Reach:
    """A step looks back to what the naive forecasts for the first step of its input window were made of."""
    return Reach((season or 1) + 1 + config.model.context[0], horizon)


class SeriesBatch(NamedTuple):
    """B stretches side by side; K is the longest of them. Step n of a stretch stands in row L + n.

    Attributes:
        rows: float32 [L + K + H, B, F]: L rows before the stretch, its K steps, H rows after it. Zero where
            the segment, or the part of it that may be read, has no row.
        observed: bool [L + K + H, B, D]: whether a target was measured; false where there is no row.
        counted: int64 [B], the first step from which on forecasts count; it may lie before the stretch or after it.
        steps: int64 [B], the steps that the stretch has.
        starts: bool [B], whether the state starts anew, or goes on from the batch before.
        segment: int64 [B], the position of its segment.
        first: int64 [B], the row of the segment that its first step is.
        group: int64 [B], the position of its group.
    """

    rows: Tensor
    observed: Tensor
    counted: Tensor
    steps: Tensor
    starts: Tensor
    segment: Tensor
    first: Tensor
    group: Tensor


class Reader:
    """Reads stretches of a series.

    Args:
        series: where from.
        ends: [S], how many rows of each segment may be read: what lies behind does not exist for the reader.
        reach: how far a step looks.
        groups: the names that the batch's `group` counts, those of the series among them.
    """

    def __init__(self, series: Series, ends: Sequence[int], reach: Reach, groups: Sequence[str]) -> None:
        self.series = series
        self.ends = tuple(ends)
        self.reach = reach
        position = {name: index for index, name in enumerate(groups)}
        self._group = [position[name] for name in series.groups]

    def batch(self, stretches: Sequence[Stretch]) -> SeriesBatch:
        """The stretches as one batch."""
        past, horizon = self.reach
        length = past + max(one.stop - one.start for one in stretches) + horizon
        shape = length, len(stretches)
        rows = np.zeros((*shape, self.series.n_features), np.float32)
        observed = np.zeros((*shape, len(self.series.targets)), bool)
        for column, (piece, start, stop, _) in enumerate(stretches):
            first = max(0, start - past)
            last = min(stop + horizon, self.ends[piece.segment])
            place = slice(first - (start - past), last - (start - past))
            rows[place, column] = self.series.values[piece.segment][first:last]
            observed[place, column] = self.series.observed[piece.segment][first:last]
        return SeriesBatch(
            torch.from_numpy(rows),
            torch.from_numpy(observed),
            torch.tensor([piece.counted - start for piece, start, _, _ in stretches]),
            torch.tensor([stop - start for _, start, stop, _ in stretches]),
            torch.tensor([one.is_first for one in stretches]),
            torch.tensor([one.piece.segment for one in stretches]),
            torch.tensor([one.start for one in stretches]),
            torch.tensor([self._group[one.piece.segment] for one in stretches]),
        )


def in_blocks(
    series: Series, ends: Sequence[int]
) -> Iterator[tuple[int, npt.NDArray[np.float32], npt.NDArray[np.bool_]]]:
    """All rows before `ends` [S] in blocks that fit into memory: segment, values [n, F], observed [n, D]."""
    size = max(1, NUMBERS_IN_BLOCK // series.n_features)
    for segment, end in enumerate(ends):
        for first in range(0, end, size):
            block = slice(first, min(first + size, end))
            yield segment, series.values[segment][block], series.observed[segment][block]
