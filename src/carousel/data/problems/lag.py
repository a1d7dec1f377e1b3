"""One symbol at the beginning says which comes at the end; in between are others, the same or random ones."""

from dataclasses import dataclass
from math import log
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from carousel.data.problems.problem import NOTHING, Criterion, Examples, Problem, before, only_at


@dataclass(frozen=True)
class _Between(Problem):
    """Strings (z, a_1, ..., a_{p-1}, z) with z either x or y, of p + 1 symbols; each symbol tells the next one.

    The symbols are numbered a_1, ..., a_{p-1}, x, y.
    """

    length: int = 100

    source = "Hochreiter and Schmidhuber 1997"
    classes = True
    tolerance = 0.25
    least = {"length": 2}
    criterion = Criterion(right=1.0)

    @property
    def inputs(self) -> int:
        return self.length + 1

    @property
    def outputs(self) -> int:
        return self.length + 1

    def _strings(
        self, random: np.random.Generator, middle: npt.NDArray[np.int64]
    ) -> tuple[npt.NDArray[np.int64], ...]:
        """Input and targets [p, B] of the strings around a middle [p - 1, B]."""
        ends = self.length - 1 + random.integers(2, size=(1, middle.shape[1]))
        strings = np.concatenate([ends, middle, ends])
        return strings[:-1], strings[1:]


@dataclass(frozen=True)
class Lag2a(_Between):
    """Task 2a, noise-free: the middle is always the same, so there are two strings."""

    title = "task 2a, the lag without noise"
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (
            100,
        ): "LSTM in all trials, after 5,040 sequences; chunker in 33 %; real-time recurrent learning and "
        "back-propagation through time in none, from p = 10 on (Hochreiter and Schmidhuber 1997)"
    }

    @property
    def trivial(self) -> float:
        return log(2) / self.length

    def draw(self, random: np.random.Generator, count: int) -> Examples:
        middle = np.repeat(np.arange(self.length - 1)[:, None], count, axis=1)
        x, targets = self._strings(random, middle)
        told = np.ones(x.shape, bool)
        return Examples(x, targets, told, told)


@dataclass(frozen=True)
class Lag2b(_Between):
    """Task 2b, no local regularity: the middle is random. An answer is right if it is so at the end of the string."""

    title = "task 2b, the lag without regularity"
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (100,): "LSTM in all trials, after 5,680 sequences (Hochreiter and Schmidhuber 1997)"
    }

    @property
    def trivial(self) -> float:
        return ((self.length - 1) * log(self.length - 1) + log(2)) / self.length

    def draw(self, random: np.random.Generator, count: int) -> Examples:
        x, targets = self._strings(random, random.integers(self.length - 1, size=(self.length - 1, count)))
        return Examples(
            x, targets, np.ones(x.shape, bool), only_at(np.full(count, self.length - 1), self.length)
        )


@dataclass(frozen=True)
class Lag2c(Problem):
    """Task 2c, very long lags: b, then x or y, q + k random ones of p distractors, e, and the same x or y to tell.

    After q distractors each further one comes with probability 9/10. The symbols are numbered: the distractors, b, e,
    x, y; the classes: x, y.
    """

    length: int = 100
    distractors: int = 100

    title = "task 2c, the long lag"
    source = "Hochreiter and Schmidhuber 1997"
    classes = True
    tolerance = 0.2
    least = {"length": 1, "distractors": 1}
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (q, p): f"LSTM after {after} sequences (Hochreiter and Schmidhuber 1997)"
        for q, p, after in (
            (50, 50, "30,000"),
            (100, 100, "31,000"),
            (500, 500, "38,000"),
            (1000, 1000, "49,000"),
            (1000, 100, "135,000"),
            (1000, 50, "203,000"),
        )
    }
    outputs = 2
    trivial = log(2)
    criterion = Criterion(right=1.0)

    @property
    def inputs(self) -> int:
        return self.distractors + 4

    def draw(self, random: np.random.Generator, count: int) -> Examples:
        p, each = self.distractors, np.arange(count)
        ends = 2 + self.length + random.geometric(1 / 10, size=count) - 1  # the step of e
        T = int(ends.max()) + 1
        b, e, first = p, p + 1, p + 2
        x = random.integers(p, size=(T, count))
        which = random.integers(2, size=count)
        x[0], x[1], x[ends, each] = b, first + which, e
        x[~before(ends + 1, T)] = NOTHING
        told = only_at(ends, T)
        return Examples(x, told * which, told, told)
