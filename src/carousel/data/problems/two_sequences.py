"""The first values of a noisy sequence say which of two classes it is of."""

from dataclasses import dataclass
from math import sqrt
from typing import ClassVar

import numpy as np

from carousel.data.problems.problem import (
    Criterion,
    Examples,
    Problem,
    before,
    only_at,
    randomness_of,
    some_lengths,
)

NOISE = sqrt(0.2)
"""Deviation of the values that say nothing."""

TARGET_NOISE = sqrt(0.1)
"""Deviation of the noise on the targets of 3c."""


@dataclass(frozen=True)
class TwoSequences3a(Problem):
    """Task 3a: N values of 1 (class 1) or -1 (class 2), then noise, T to 1.1 T in all; the target is 1 or 0.

    The paper itself says that guessing weights at random solves this one sooner.
    """

    length: int = 100
    informative: int = 3

    title = "task 3a, the two-sequence problem"
    source = "Hochreiter and Schmidhuber 1997"
    tolerance = 0.2
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (100, 3): "LSTM after 39,850 sequences (Hochreiter and Schmidhuber 1997)",
        (100, 1): "LSTM after 64,330 sequences (Hochreiter and Schmidhuber 1997)",
        (1000, 3): "LSTM after 452,460 sequences (Hochreiter and Schmidhuber 1997)",
    }
    inputs = 1
    outputs = 1
    criterion = Criterion(right=1.0, error=0.01)
    targets: ClassVar[tuple[float, float]] = (0.0, 1.0)
    signal_noise: ClassVar[float] = 0.0
    target_noise: ClassVar[float] = 0.0

    @property
    def least(self) -> dict[str, int]:
        return {"length": self.informative}

    @property
    def trivial(self) -> float:
        low, high = self.targets
        return ((high - low) / 2) ** 2

    def draw(self, random: np.random.Generator, count: int) -> Examples:
        return self._drawn(random, count, self.target_noise)

    def held_out(self, part: int, count: int) -> Examples:
        """Without noise on the targets."""
        return self._drawn(randomness_of(part), count, 0.0)

    def _drawn(self, random: np.random.Generator, count: int, target_noise: float) -> Examples:
        lengths = some_lengths(random, self.length, count)
        T = int(lengths.max())
        which = random.integers(2, size=count)
        values = random.normal(0, NOISE, (T, count))
        signal = values[: self.informative]
        signal *= self.signal_noise / NOISE
        signal += 2 * which - 1
        answers = np.take(self.targets, which) + random.normal(0, target_noise, count)
        told = only_at(lengths - 1, T)
        x, targets = values * before(lengths, T), told * answers
        return Examples(x.astype(np.float32)[..., None], targets.astype(np.float32)[..., None], told, told)


@dataclass(frozen=True)
class TwoSequences3b(TwoSequences3a):
    """Task 3b: as 3a, and the noise lies on the first values, too."""

    title = "task 3b, the two-sequence problem with noise on the signal"
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (100, 3): "LSTM after 41,740 sequences (Hochreiter and Schmidhuber 1997)",
        (100, 1): "LSTM after 74,950 sequences (Hochreiter and Schmidhuber 1997)",
    }
    criterion = Criterion(right=1 - 5 / 256, error=0.04)
    signal_noise = NOISE


@dataclass(frozen=True)
class TwoSequences3c(TwoSequences3b):
    """Task 3c: as 3b, with targets of 0.8 and 0.2 that are told with noise, and judged without."""

    title = "task 3c, the two-sequence problem with noise on signal and target"
    tolerance = 0.1
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (100, 3): "LSTM after 269,650 sequences (Hochreiter and Schmidhuber 1997)",
        (100, 1): "LSTM after 565,640 sequences (Hochreiter and Schmidhuber 1997)",
    }
    criterion = Criterion(right=1.0, error=0.015)
    targets = (0.2, 0.8)
    target_noise = TARGET_NOISE
