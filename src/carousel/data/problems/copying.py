"""Ten digits are shown, and are to be repeated long after."""

from dataclasses import dataclass
from math import log
from typing import ClassVar

import numpy as np

from carousel.data.problems.problem import Criterion, Examples, Problem

DIGITS = 10
KINDS = 8
GO = 9


@dataclass(frozen=True)
class Copy(Problem):
    """The copy problem: ten digits of 1 to 8, T - 1 zeros, eleven nines.

    The answer is a zero at every step but the last ten, where it is the ten digits.
    """

    length: int = 500

    title = "the copy problem"
    source = "Hochreiter and Schmidhuber 1997, in the form of Arjovsky, Shah and Bengio 2016 and of Bai et al. 2018"
    family = "modern"
    classes = True
    tolerance = 0.5
    least = {"length": 1}
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (
            1000,
        ): "LSTM 0.0204, the trivial level, GRU 0.0197, RNN 0.0202, TCN 3.5e-5 with 16 thousand weights "
        "(Bai et al. 2018)"
    }
    inputs = GO + 1
    outputs = KINDS + 1

    @property
    def trivial(self) -> float:
        return DIGITS * log(KINDS) / (self.length + 2 * DIGITS)

    @property
    def criterion(self) -> Criterion:
        """This library's own: a hundredth of the trivial level; the literature shows curves."""
        return Criterion(loss=self.trivial / 100)

    def draw(self, random: np.random.Generator, count: int) -> Examples:
        digits = random.integers(1, KINDS, size=(DIGITS, count), endpoint=True)
        zeros, nines = np.zeros((self.length - 1, count), int), np.full((DIGITS + 1, count), GO)
        x = np.concatenate([digits, zeros, nines])
        targets = np.zeros_like(x)
        targets[-DIGITS:] = digits
        told = np.ones(x.shape, bool)
        return Examples(x, targets, told, told)
