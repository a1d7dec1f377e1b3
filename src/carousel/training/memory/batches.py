"""Sequences of a problem as batches: new ones in each epoch to learn from, the same ones to be scored on."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import DataLoader, Dataset, Sampler

from carousel.data.problems import Examples, Problem


class MemoryBatch(NamedTuple):
    """`carousel.data.problems.Examples` as tensors."""

    x: Tensor
    targets: Tensor
    told: Tensor
    judged: Tensor
    possible: Tensor | None


class _Fixed(Dataset[MemoryBatch]):
    def __init__(self, parts: list[Examples]) -> None:
        self.parts = parts

    def __len__(self) -> int:
        return len(self.parts)

    def __getitem__(self, index: int) -> MemoryBatch:
        return _as_tensors(self.parts[index])


class _Drawn(Dataset[MemoryBatch]):
    def __init__(self, problem: Problem) -> None:
        self.problem = problem

    def __getitem__(self, draw: tuple[int, int]) -> MemoryBatch:
        seed, count = draw
        return _as_tensors(self.problem.draw(np.random.default_rng(seed), count))


class _Draws(Sampler[tuple[int, int]]):
    """So many sequences a pass: for each batch a seed, drawn from a generator, and how many it has."""

    def __init__(self, sequences: int, batch_size: int, generator: torch.Generator) -> None:
        self.counts = [min(batch_size, sequences - first) for first in range(0, sequences, batch_size)]
        self.generator = generator

    def __len__(self) -> int:
        return len(self.counts)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for count in self.counts:
            yield int(torch.randint(2**62, (), generator=self.generator)), count


def drawn(problem: Problem, sequences: int, batch_size: int, seed: int) -> DataLoader[MemoryBatch]:
    """A loader whose every pass has so many new sequences; the same seed gives the same ones again."""
    generator = torch.Generator().manual_seed(seed)
    draws = _Draws(sequences, batch_size, generator)
    return DataLoader(_Drawn(problem), batch_size=None, sampler=draws, num_workers=0, generator=generator)


def fixed(examples: Examples, batch_size: int) -> DataLoader[MemoryBatch]:
    """A loader of these sequences in order."""
    return DataLoader(_Fixed(examples.cut(batch_size)), batch_size=None, num_workers=0)


def _as_tensors(examples: Examples) -> MemoryBatch:
    x, targets, told, judged = map(torch.from_numpy, examples[:4])
    return MemoryBatch(
        x, targets, told, judged, None if examples.possible is None else torch.from_numpy(examples.possible)
    )
