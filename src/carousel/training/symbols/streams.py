"""A text as B streams side by side, each read in segments of K steps in order."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from carousel.data import Text

NOTHING = -1
"""Stands where there is no symbol: before the first of a stream."""

SHORTEST = 1000
"""Symbols that a stream has at least, where the text is longer: each stream begins without knowing what was before."""


class SymbolBatch(NamedTuple):
    """One segment of each of B streams: K steps that each see a symbol and tell the next.

    Attributes:
        symbols: int64 [past + K + 1, B]: `past` symbols before the segment, its K, and the one behind it. `NOTHING`
            before the beginning of a stream.
        starts: bool [B], whether the state starts anew, or goes on from the batch before.
    """

    symbols: Tensor
    starts: Tensor


class _Segments(Dataset[SymbolBatch]):
    def __init__(self, streams: npt.NDArray[Any], steps: int, past: int) -> None:
        self.streams = streams  # [length + 1, B]
        self.steps = steps
        self.past = past

    def __len__(self) -> int:
        return -(-(len(self.streams) - 1) // self.steps)

    def __getitem__(self, index: int) -> SymbolBatch:
        if index >= len(self):
            raise IndexError(index)
        first = index * self.steps
        segment = torch.from_numpy(self.streams[max(first - self.past, 0) : first + self.steps + 1]).long()
        missing = max(self.past - first, 0)
        if missing:
            segment = torch.cat([segment.new_full((missing, segment.shape[1]), NOTHING), segment])
        return SymbolBatch(segment, torch.full((segment.shape[1],), index == 0))


def segments(text: Text, batch_size: int, steps: int, past: int) -> DataLoader[SymbolBatch]:
    """A loader of all segments in order.

    The documents are read as one text, one behind the other, cut into streams of equal length. Up to B - 1 symbols at
    the end are left out, so that the streams end together.

    Args:
        text: at least two symbols.
        batch_size: B, at most: streams of a short text are not cut shorter than `SHORTEST`.
        steps: K, of a segment; the last one may be shorter.
        past: symbols that each segment is shown from before it.
    """
    symbols = np.concatenate(text.documents)
    told = len(symbols) - 1  # the first symbol is told by nothing
    count = max(1, min(batch_size, told // SHORTEST))
    length = told // count
    # Each stream ends with the symbol that the next one begins with.
    streams = np.stack([symbols[i * length : (i + 1) * length + 1] for i in range(count)], axis=1)
    return DataLoader(
        _Segments(streams, steps, past),
        batch_size=None,
        num_workers=0,
        generator=torch.Generator(),  # the loader draws from it what it does not use
    )
