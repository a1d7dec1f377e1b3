"""The same variants compared on several data sets: what each of them gains on each."""

from collections.abc import Sequence
from dataclasses import dataclass

from carousel.experiments.comparison.result import Comparison
from carousel.experiments.comparison.sentences import LEVEL
from carousel.experiments.comparison.statistics import Difference, holm


@dataclass(frozen=True)
class Gain:
    """What a variant gains on one data set, in its score, turned so that more is better.

    Attributes:
        mean: over the seeds.
        interval: of 95 %; None where there is no spread to tell it from.
        p: after Holm's correction for all gains of the overview.
    """

    mean: float
    interval: tuple[float, float] | None
    p: float

    @property
    def is_told(self) -> bool:
        """Whether it can be told from chance."""
        return self.p < LEVEL


@dataclass(frozen=True)
class Line:
    """One variant on all data sets.

    Attributes:
        name: of the variant.
        against: the variant that it is compared with.
        gains: one a comparison.
    """

    name: str
    against: str
    gains: tuple[Gain, ...]

    @property
    def better(self) -> int:
        """On how many data sets it is better on average."""
        return sum(gain.mean > 0 for gain in self.gains)


@dataclass(frozen=True)
class Overview:
    """The result of `compare_data_sets`.

    Attributes:
        comparisons: one a data set.
        lines: one a variant, but the first, which nothing is compared with.
    """

    comparisons: tuple[Comparison, ...]
    lines: tuple[Line, ...]


def overview_of(comparisons: Sequence[Comparison]) -> Overview:
    """What comparisons of the same variants tell together; all their differences are corrected for as one family.

    Args:
        comparisons: one a data set, of at least two seeds each.
    """
    tests = {
        (row.name, row.against, index): (row.difference, comparison.higher_is_better)
        for index, comparison in enumerate(comparisons)
        for row in comparison.rows
        if row.against and row.difference
    }
    corrected = holm([difference.p for difference, _ in tests.values() if difference.p is not None])
    gains = {key: _gain(*test, p) for (key, test), p in zip(tests.items(), corrected, strict=True)}
    lines = dict.fromkeys((name, against) for name, against, _ in gains)
    return Overview(
        tuple(comparisons),
        tuple(
            Line(name, against, tuple(gains[name, against, index] for index in range(len(comparisons))))
            for name, against in lines
        ),
    )


def _gain(difference: Difference, higher_is_better: bool, p: float) -> Gain:
    if higher_is_better:
        return Gain(difference.mean, difference.interval, p)
    interval = difference.interval and (-difference.interval[1], -difference.interval[0])
    return Gain(-difference.mean, interval, p)
