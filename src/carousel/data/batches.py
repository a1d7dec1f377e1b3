"""Ragged sequences as zero-padded batches for PyTorch."""

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias, cast

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from torch.utils.data import DataLoader, Dataset

from carousel.data.sequences import Sequences

Item: TypeAlias = tuple[npt.NDArray[np.float32], int | None]


class Batch(NamedTuple):
    """B sequences side by side; T is the longest of them.

    Attributes:
        x: float32 [T, B, F], zero after the end of each sequence.
        lengths: int64 [B], the number of steps of each.
        labels: int64 [B], or None without labels.
    """

    x: Tensor
    lengths: Tensor
    labels: Tensor | None


class _Items(Dataset[Item]):
    def __init__(self, sequences: Sequences) -> None:
        self.sequences = sequences

    def __len__(self) -> int:
        return len(self.sequences)

    def __getitem__(self, index: int) -> Item:
        labels = self.sequences.labels
        return self.sequences.values[index], None if labels is None else int(labels[index])


def collate(items: Sequence[Item]) -> Batch:
    """Pad values [T_i, F] with their labels to one batch. All items have a label, or none has."""
    values = [torch.from_numpy(value) for value, _ in items]
    labels = [label for _, label in items if label is not None]
    return Batch(
        x=pad_sequence(values),
        lengths=torch.tensor([len(value) for value in values]),
        labels=torch.tensor(labels) if labels else None,
    )


def batches(
    sequences: Sequences, batch_size: int, *, shuffle: bool = False, seed: int = 0
) -> DataLoader[Batch]:
    """A loader of `Batch`, every sequence once per pass; the last batch may be smaller.

    With `shuffle` each pass has its own order; the same `seed` gives the same orders again. The loader draws from its
    own generator and leaves PyTorch's global one alone.

    Raises:
        ValueError: if `batch_size` is not a positive integer.
    """
    loader = DataLoader(
        _Items(sequences),
        batch_size=batch_size,
        shuffle=shuffle,
        collate_fn=collate,
        num_workers=0,
        generator=torch.Generator().manual_seed(seed),
    )
    # PyTorch names a loader's type after the items of the data set, not after what collate_fn makes of them.
    return cast("DataLoader[Batch]", loader)
