"""Intervals to be measured, kept, and repeated: streams that are the same over and over, without a reset."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from carousel.data.problems.problem import TEST, Criterion, Examples, Problem, before, randomness_of

TRAINING = 10
"""Intervals or periods of a sequence to learn from."""

HELD_OUT = {0: 100, TEST: 1000}
"""Those of a sequence of the validation and of the test part."""

SOURCE = "Gers, Schraudolph and Schmidhuber 2002"


@dataclass(frozen=True)
class _Stream(Problem):
    """A stream of so many intervals, as long as the part it is of asks for."""

    source = SOURCE
    family = "2002"
    inputs = 1
    outputs = 1
    criterion = Criterion(right=1.0)

    def _drawn(self, random: np.random.Generator, count: int, repeats: int) -> Examples:
        raise NotImplementedError

    @property
    def longest(self) -> int:
        return HELD_OUT[TEST] * sum(self.sizes.values())

    def draw(self, random: np.random.Generator, count: int) -> Examples:
        return self._drawn(random, count, TRAINING)

    def held_out(self, part: int, count: int) -> Examples:
        """Longer than what is learnt from."""
        return self._drawn(randomness_of(part), count, HELD_OUT[part])


@dataclass(frozen=True)
class SpikeDelays(_Stream):
    """Measuring spike delays (MSD): spikes that are F + I(n) steps apart; at each, its I(n) of 0..i is to be told.

    The spike before the first interval is at step 0.
    """

    length: int = 10
    choices: int = 1

    title = "measuring spike delays"
    tolerance = 0.49
    least = {"length": 1, "choices": 1}
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (10, 1): "LSTM with and without peepholes, without them often sooner "
        "(Gers, Schraudolph and Schmidhuber 2002)"
    }

    @property
    def trivial(self) -> float:
        return self.choices * (self.choices + 2) / 12

    def _drawn(self, random: np.random.Generator, count: int, repeats: int) -> Examples:
        spikes, intervals = _spikes(random, count, repeats, self.length, self.choices)
        told = spikes.copy()
        told[0] = False
        targets = np.zeros(spikes.shape, np.float32)
        targets.T[told.T] = intervals.T.ravel()
        return Examples(spikes.astype(np.float32)[..., None], targets[..., None], told, told)


@dataclass(frozen=True)
class TimedSpikes(_Stream):
    """Generating timed spikes (GTS), the reverse: the intervals are given, and the spikes are to be told.

    At the step of each spike the input is the I(n) of the interval that begins there, at all others 0; the target is 1
    at the spike that ends an interval and 0 at all other steps. How the paper gives the intervals is this library's
    reading of notes on it.
    """

    length: int = 10
    choices: int = 1

    title = "generating timed spikes"
    tolerance = 0.49
    least = {"length": 1, "choices": 1}
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (10, 1): "LSTM with peepholes; without them, or without a forget gate, not "
        "(Gers, Schraudolph and Schmidhuber 2002)"
    }

    @property
    def trivial(self) -> float:
        share = 1 / (self.length + self.choices / 2)
        return share * (1 - share)

    def _drawn(self, random: np.random.Generator, count: int, repeats: int) -> Examples:
        spikes, intervals = _spikes(random, count, repeats, self.length, self.choices)
        told = before(_last(spikes) + 1, len(spikes))
        begins = spikes & (np.arange(len(spikes))[:, None] < _last(spikes))
        x = np.zeros(spikes.shape, np.float32)
        x.T[begins.T] = intervals.T.ravel()
        targets = spikes.astype(np.float32)
        targets[0] = 0
        return Examples(x[..., None], targets[..., None], told, told)


@dataclass(frozen=True)
class _Periodic(_Stream):
    """Generating a periodic function (PFG): no input; at every step, the function of period F at that step."""

    length: int = 10

    tolerance = 0.3
    least = {"length": 2}

    def wave(self, phase: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The function at a share 0 to 1 of its period, between 0 and 1."""
        raise NotImplementedError

    @property
    def trivial(self) -> float:
        """The variance over a period."""
        return float(self.wave(np.arange(self.length) / self.length).var())

    def _drawn(self, random: np.random.Generator, count: int, repeats: int) -> Examples:
        phase = np.arange(self.length) / self.length
        targets = np.tile(self.wave(phase), repeats)[:, None].repeat(count, axis=1).astype(np.float32)
        told = np.ones(targets.shape, bool)
        return Examples(np.zeros_like(targets)[..., None], targets[..., None], told, told)


@dataclass(frozen=True)
class Cosine(_Periodic):
    """(1 - cos(2 pi t / F)) / 2."""

    title = "generating a cosine"
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (10,): "LSTM with peepholes, without them slowly (Gers, Schraudolph and Schmidhuber 2002)",
        (25,): "LSTM with peepholes, root mean squared error 0.17 ± 0.019; without them not "
        "(Gers, Schraudolph and Schmidhuber 2002)",
    }

    def wave(self, phase: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return (1 - np.cos(2 * np.pi * phase)) / 2


@dataclass(frozen=True)
class Triangle(_Periodic):
    """Up from 0 to 1 in half a period and down again."""

    title = "generating a triangle"
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (10,): "LSTM with peepholes; without them not (Gers, Schraudolph and Schmidhuber 2002)"
    }

    def wave(self, phase: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return 1 - np.abs(1 - 2 * phase)


@dataclass(frozen=True)
class Rectangle(_Periodic):
    """0 in the first half of a period and 1 in the second."""

    title = "generating a rectangle"
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (10,): "LSTM with peepholes; without them not (Gers, Schraudolph and Schmidhuber 2002)"
    }

    def wave(self, phase: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return (phase >= 0.5).astype(np.float64)


def _spikes(
    random: np.random.Generator, count: int, repeats: int, fixed: int, choices: int
) -> tuple[npt.NDArray[np.bool_], npt.NDArray[np.int64]]:
    """Spikes [T, B], the first at step 0, and the choices I [repeats, B] that their intervals F + I are made of."""
    intervals = random.integers(choices, size=(repeats, count), endpoint=True)
    times = np.cumsum(fixed + intervals, axis=0)
    spikes = np.zeros((int(times.max()) + 1, count), bool)
    spikes[0] = True
    spikes[times, np.arange(count)] = True
    return spikes, intervals


def _last(spikes: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """The step of the last spike of each stream."""
    steps: npt.NDArray[np.int64] = len(spikes) - 1 - np.argmax(spikes[::-1], axis=0)
    return steps
