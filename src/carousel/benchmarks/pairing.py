"""Times taken in rounds: each contestant once a round, so that whatever slows the machine slows all of them."""

import gc
import time
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from carousel.benchmarks.contestants import Contestant

LEAST_ROUNDS = 7
MOST_ROUNDS = 1000
FALL_ASLEEP = 0.005
"""Seconds after which the threads of a runtime no longer spin."""
AWAY = 0.5
"""Seconds after which the memory that a step has freed may be gone: the system takes it back, or a guest's host."""


class Ratio(NamedTuple):
    """How many times as long one takes as the other: median and quartiles of the ratios of single rounds."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, times: Sequence[float], others: Sequence[float]) -> "Ratio":
        low, median, high = np.quantile(np.divide(times, others), [0.25, 0.5, 0.75])
        return cls(float(median), float(low), float(high))

    def scaled(self, factor: float) -> "Ratio":
        return Ratio(self.median * factor, self.low * factor, self.high * factor)


def take_times(
    contestants: Mapping[str, Contestant], seconds: float, clock: Callable[[], float] = time.perf_counter
) -> dict[str, list[float]]:
    """Seconds of every contestant's step in every round.

    The order rotates from round to round. Where the runtime changes from one contestant to the next, the threads of
    the last one are given time to fall asleep. Then, and after the others took longer than `AWAY`, a contestant runs
    once untimed: what is timed is a step that follows upon its own last one, as in a training.

    Args:
        contestants: by any name.
        seconds: after which no further round begins, once `LEAST_ROUNDS` are done.
        clock: in seconds.
    """
    times: dict[str, list[float]] = {name: [] for name in contestants}
    order, runtime, left = list(contestants), "", {}
    for name, contestant in contestants.items():
        contestant.step()
        runtime, left[name] = contestant.runtime, clock()
    gc.collect()
    gc.disable()
    try:
        end = clock() + seconds
        for done in range(MOST_ROUNDS):
            if done >= LEAST_ROUNDS and clock() > end:
                break
            for name in order:
                step, before, runtime = contestants[name].step, runtime, contestants[name].runtime
                if runtime != before:
                    time.sleep(FALL_ASLEEP)
                if runtime != before or clock() - left[name] > AWAY:
                    step()
                begin = clock()
                step()
                left[name] = clock()
                times[name].append(left[name] - begin)
            order.append(order.pop(0))
    finally:
        gc.enable()
    return times
