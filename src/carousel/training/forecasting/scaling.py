"""Mean and deviation of features and, group by group, of targets, from rows that may be read."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from carousel.data.series import Series
from carousel.training.forecasting.batches import in_blocks

Array = npt.NDArray[np.float64]


class Moments(NamedTuple):
    """What values are standardised by; a deviation is never 0.

    Attributes:
        mean: [F] of each feature.
        std: [F].
        level: [G, D], the mean of the measured targets of each group, in the sorted order of their names.
        scale: [G, D], their deviation.
    """

    mean: Array
    std: Array
    level: Array
    scale: Array


def moments_of(series: Series, ends: Sequence[int]) -> Moments:
    """The moments of the rows before `ends` [S], read in blocks.

    A group without a measured target there takes the mean of the other groups' moments; without a single one, 0 and 1.
    """
    groups = sorted(set(series.groups))
    of_features = _Sums(series.n_features)
    of_targets = {name: _Sums(len(series.targets)) for name in groups}
    for segment, values, observed in in_blocks(series, ends):
        block = values.astype(np.float64)
        of_features.add(block, np.ones_like(block, bool))
        of_targets[series.groups[segment]].add(block[:, series.target_columns], observed)
    mean, std = of_features.moments()
    level, scale = (
        np.stack(part) for part in zip(*(of_targets[name].moments() for name in groups), strict=True)
    )
    return Moments(_filled(mean, 0.0), _filled(std, 1.0), _filled(level, 0.0), _filled(scale, 1.0))


class _Sums:
    """Count, mean and sum of squared distances from it, column by column (Chan, Golub and LeVeque 1983)."""

    def __init__(self, columns: int) -> None:
        self.count, self.mean, self.squares = np.zeros((3, columns))

    def add(self, block: Array, measured: npt.NDArray[np.bool_]) -> None:
        count = measured.sum(axis=0)
        mean = np.where(measured, block, 0.0).sum(axis=0) / np.maximum(count, 1)
        squares = (np.where(measured, block - mean, 0.0) ** 2).sum(axis=0)
        total = np.maximum(self.count + count, 1)
        distance = mean - self.mean
        self.squares += squares + distance**2 * self.count * count / total
        self.mean += distance * count / total
        self.count += count

    def moments(self) -> tuple[Array, Array]:
        """Mean and deviation; NaN without a value, and for a deviation also where all values are equal."""
        known = self.count > 0
        deviation = np.sqrt(self.squares / np.maximum(self.count, 1))
        varies = known & (deviation > 1e-6 * np.maximum(np.abs(self.mean), 1e-30))
        return np.where(known, self.mean, np.nan), np.where(varies, deviation, np.nan)


def _filled(values: Array, otherwise: float) -> Array:
    """NaN replaced by the mean of the groups that have a value, or by `otherwise`."""
    rows = np.atleast_2d(values)
    known = ~np.isnan(rows)
    means = np.where(known, rows, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    fill = np.where(known.any(axis=0), means, otherwise)
    return np.where(np.isnan(values), fill, values)
