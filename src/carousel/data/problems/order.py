"""Two or three symbols among many that say nothing: the answer, at the end, is in which order they came."""

from dataclasses import dataclass
from math import log
from typing import ClassVar

import numpy as np

from carousel.data.problems.problem import NOTHING, Criterion, Examples, Problem, before, only_at

SYMBOLS = "EBabcdXY"
E, B, FIRST_DISTRACTOR, X = 0, 1, 2, 6


@dataclass(frozen=True)
class Order6a(Problem):
    """Task 6a: E, then a, b, c or d at random, X or Y at a step of 10 to 20 and one of 50 to 60, and at the end B.

    The sequence has 100 to 110 steps, E being step 0. The class is the order of the X and Y, the first one the most
    significant.
    """

    title = "task 6a, the temporal order of two symbols"
    source = "Hochreiter and Schmidhuber 1997"
    classes = True
    tolerance = 0.3
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (): "LSTM after 31,390 sequences, then 1 of 2,560 wrong (Hochreiter and Schmidhuber 1997)"
    }
    inputs = len(SYMBOLS)
    criterion = Criterion(right=1.0, error=0.1)
    places: ClassVar[tuple[tuple[int, int], ...]] = ((10, 20), (50, 60))

    @property
    def outputs(self) -> int:
        return 1 << len(self.places)

    @property
    def trivial(self) -> float:
        return len(self.places) * log(2)

    def draw(self, random: np.random.Generator, count: int) -> Examples:
        lengths, each = random.integers(100, 110, size=count, endpoint=True), np.arange(count)
        T = int(lengths.max())
        x = random.integers(FIRST_DISTRACTOR, X, size=(T, count))
        x[0], x[lengths - 1, each] = E, B
        classes = np.zeros(count, int)
        for first, last in self.places:
            which = random.integers(2, size=count)
            x[random.integers(first, last, size=count, endpoint=True), each] = X + which
            classes = 2 * classes + which
        x[~before(lengths, T)] = NOTHING
        told = only_at(lengths - 1, T)
        return Examples(x, told * classes, told, told)


@dataclass(frozen=True)
class Order6b(Order6a):
    """Task 6b: as 6a with three symbols, at a step of 10 to 20, of 33 to 43 and of 66 to 76."""

    title = "task 6b, the temporal order of three symbols"
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (): "LSTM after 571,100 sequences, then 2 of 2,560 wrong (Hochreiter and Schmidhuber 1997)"
    }
    places = ((10, 20), (33, 43), (66, 76))
