"""Whether two variants differ, told from runs that share their seeds."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from scipy import stats  # type: ignore[import-untyped]

CONFIDENCE = 0.95


class Difference(NamedTuple):
    """How much more one variant scores than another.

    Attributes:
        mean: over the seeds.
        interval: in which the mean over all seeds lies with a confidence of 95 %; None where there is no spread to tell
            it from.
        p: how likely a difference at least this large is if there is none; None for a single seed.
    """

    mean: float
    interval: tuple[float, float] | None
    p: float | None


def paired(scores: Sequence[float], others: Sequence[float]) -> Difference:
    """Student's paired t test, two-sided, over seeds.

    Seeds of the same number share what is random and not the variant's own, such as the validation part, so that they
    are compared pair by pair. Where all pairs differ by the same amount, there is no spread to measure it by, and `p`
    is that of the exact sign test, 2^(1-n).

    Args:
        scores: of one variant, one for each seed.
        others: of the other, for the same seeds in the same order.
    """
    differences = np.subtract(scores, others)
    mean, n = float(differences.mean()), len(differences)
    if n == 1:
        return Difference(mean, None, None)
    if np.ptp(differences) <= 1e-9 * np.abs(differences).max():
        return Difference(mean, None, 2.0 ** (1 - n) if mean else 1.0)
    test = stats.ttest_rel(scores, others)
    low, high = test.confidence_interval(CONFIDENCE)
    return Difference(mean, (float(low), float(high)), float(test.pvalue))


def holm(p_values: Sequence[float]) -> list[float]:
    """The p values after Holm's correction for their number (Scandinavian Journal of Statistics 6, 1979).

    Rejecting those below a level errs about any of them with at most that probability, however they depend on another.

    >>> holm([0.01, 0.04, 0.03])
    [0.03, 0.06, 0.06]
    """
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(np.argsort(p_values, kind="stable")):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected
