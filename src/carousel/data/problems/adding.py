"""Two of many numbers are marked; the answer, at the end, is their sum or their product."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from carousel.data.problems.problem import Criterion, Examples, Problem, before, only_at, some_lengths

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Adding(Problem):
    """The adding problem as it is posed today.

    Each step has a value from U(0, 1) and a marker, 1 at two steps anywhere and 0 elsewhere; the target is the sum of
    the two marked values.
    """

    length: int = 600

    title = "the adding problem"
    source = "Bai, Kolter and Koltun 2018, arXiv 1803.01271"
    family = "modern"
    tolerance = 0.08
    least = {"length": 2}
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (600,): "LSTM 0.164, RNN 0.177, GRU 5.3e-5, TCN 5.8e-5 with 70 thousand weights (Bai et al. 2018)"
    }
    inputs = 2
    outputs = 1
    trivial = 1 / 6

    @property
    def criterion(self) -> Criterion:
        """This library's own: a hundredth of the trivial level; the literature shows curves."""
        return Criterion(loss=self.trivial / 100)

    def draw(self, random: np.random.Generator, count: int) -> Examples:
        T = self.length
        values = random.random((T, count))
        one = random.integers(T, size=count)
        other = (one + 1 + random.integers(T - 1, size=count)) % T
        marked = only_at(one, T) | only_at(other, T)
        return _at_the_end(values, marked, (values * marked).sum(axis=0), np.full(count, T))


@dataclass(frozen=True)
class _Marked1997(Problem):
    """Sequences of T to 1.1 T pairs of a value and a marker.

    One of the first ten pairs is marked by 1, and another one of the first T/2 - 1. The first pair and the last have
    the marker -1 whatever falls on them; a mark on the first pair counts as the value `absent`, which the paper says
    of the first mark alone.
    """

    length: int = 100

    source = "Hochreiter and Schmidhuber 1997"
    tolerance = 0.04
    least = {"length": 22}
    inputs = 2
    outputs = 1
    lowest: ClassVar[float]
    absent: ClassVar[float]

    @property
    def on_first(self) -> float:
        """How likely a mark falls on the first pair."""
        return 1 / 10 + 9 / 10 / (self.length // 2 - 2)

    def _answer(self, one: Floats, other: Floats) -> Floats:
        raise NotImplementedError

    def draw(self, random: np.random.Generator, count: int) -> Examples:
        lengths = some_lengths(random, self.length, count)
        T, each = int(lengths.max()), np.arange(count)
        values = random.uniform(self.lowest, 1, (T, count))
        one = random.integers(10, size=count)
        other = random.integers(self.length // 2 - 2, size=count)
        other += other >= one
        markers = np.zeros((T, count))
        markers[one, each] = markers[other, each] = 1
        markers[0] = markers[lengths - 1, each] = -1
        marked = [np.where(step == 0, self.absent, values[step, each]) for step in (one, other)]
        return _at_the_end(values, markers, self._answer(*marked), lengths)


@dataclass(frozen=True)
class Adding1997(_Marked1997):
    """The adding problem of 1997: values from U(-1, 1), target 0.5 + (X1 + X2) / 4."""

    title = "the adding problem of 1997"
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (100,): "LSTM after 74,000 sequences, mean of 10 trials (Hochreiter and Schmidhuber 1997)",
        (500,): "LSTM after 209,000 sequences, mean of 10 trials (Hochreiter and Schmidhuber 1997)",
        (1000,): "LSTM after 853,000 sequences, mean of 10 trials (Hochreiter and Schmidhuber 1997)",
    }
    lowest = -1.0
    absent = 0.0
    criterion = Criterion(right=1.0, error=0.01)

    @property
    def trivial(self) -> float:
        return (2 - self.on_first) / 3 / 16

    def _answer(self, one: Floats, other: Floats) -> Floats:
        return 0.5 + (one + other) / 4


@dataclass(frozen=True)
class Multiplication(_Marked1997):
    """The multiplication problem: values from U(0, 1), target X1 X2."""

    title = "the multiplication problem"
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (100,): "LSTM after 1,273,000 sequences with 13 errors in 2,000, mean of 10 trials "
        "(Hochreiter and Schmidhuber 1997)"
    }
    lowest = 0.0
    absent = 1.0
    criterion = Criterion(right=1 - 12 / 2000)

    @property
    def trivial(self) -> float:
        alone = self.on_first
        return alone / 3 + (1 - alone) / 9 - (alone / 2 + (1 - alone) / 4) ** 2

    def _answer(self, one: Floats, other: Floats) -> Floats:
        return one * other


def _at_the_end(
    values: Floats, markers: npt.NDArray[np.generic], answers: Floats, lengths: npt.NDArray[np.int64]
) -> Examples:
    """Pairs of a value and a marker [T, B], and an answer [B] that is wanted at the last one."""
    T = len(values)
    pairs = np.stack([values, markers], axis=-1) * before(lengths, T)[..., None]
    told = only_at(lengths - 1, T)
    targets = told * answers
    return Examples(pairs.astype(np.float32), targets.astype(np.float32)[..., None], told, told)
