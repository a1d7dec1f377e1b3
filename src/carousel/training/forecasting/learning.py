"""What a forecaster takes from the training part before any weight is learnt: scales, the base, and the base's error."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import torch

from carousel.data.series import Series
from carousel.training.forecasting.bases import Base, ahead, base_of
from carousel.training.forecasting.batches import Reach, Reader
from carousel.training.forecasting.loading import scoring_batches
from carousel.training.forecasting.scaling import Moments, moments_of

Array = npt.NDArray[np.float64]

LEAST_SPREAD = 1e-4
"""Least error of a base, in standardised units: a base without an error in training will have one some day."""
BLOCK = 2**16
"""Rows that are read at a time."""
TO_DEVIATION = (np.pi / 2) ** 0.5
"""The standard deviation of a normal distribution in terms of its mean absolute value."""


class Learnt(NamedTuple):
    """What precedes the weights.

    Attributes:
        base: what forecasts are told relative to.
        moments: what values are standardised by.
        spread: [H, D], the deviation of a target from its base, in standardised units, outliers aside.
        naive_errors: [G, D], the mean absolute error of the seasonal naive forecast for the same step of the next season, or
            of the last value for the next step where there is no season; in the unit of the target. NaN without a pair.
    """

    base: Base
    moments: Moments
    spread: Array
    naive_errors: Array

    @property
    def buffers(self) -> dict[str, npt.NDArray[np.float32]]:
        """The buffers of a `SeriesForecaster`, by name."""
        known = self.naive_errors > 0
        naive = np.where(known, self.naive_errors, self.moments.scale)
        arrays = {**self.moments._asdict(), "spread": self.spread, "naive_errors": naive}
        return {name: array.astype(np.float32) for name, array in arrays.items()}


def learn(series: Series, ends: Sequence[int], horizon: int, base: Base | None = None) -> Learnt:
    """Learn from the rows before `ends` [S]; without a `base`, the one with the least mean absolute error over all leads."""
    moments = moments_of(series, ends)
    errors = base_errors(series, ends, moments, horizon)
    chosen = base or min(errors, key=lambda name: float(errors[name].mean()))
    spread = np.maximum(errors[chosen] * TO_DEVIATION, LEAST_SPREAD)
    return Learnt(chosen, moments, spread, naive_errors_of(series, ends))


def base_errors(series: Series, ends: Sequence[int], moments: Moments, horizon: int) -> Mapping[Base, Array]:
    """The mean absolute error [H, D] of each base over all origins whose truth lies before `ends`, in standardised units."""
    kinds: tuple[Base, ...] = get_args(Base)
    past = series.season or 1
    reader = Reader(series, ends, Reach(past, horizon))
    sums = {kind: torch.zeros(horizon, len(series.targets), dtype=torch.float64) for kind in kinds}
    count = torch.zeros(horizon, len(series.targets), dtype=torch.float64)
    level, scale = torch.from_numpy(moments.level), torch.from_numpy(moments.scale)
    for batch in scoring_batches(reader, [0] * len(series), 0, batch_size=16, units=len(series.targets)):
        y = (batch.rows[..., series.target_columns].double() - level[batch.group]) / scale[batch.group]
        y = torch.where(batch.observed, y, 0.0)
        truth, measured = (ahead(rows[past + 1 :], horizon) for rows in (y, batch.observed))
        count += measured.sum(dim=(0, 1))
        for kind in kinds:
            error = (truth - base_of(kind, y, batch.observed, past, horizon, series.season)).abs()
            sums[kind] += torch.where(measured, error, 0.0).sum(dim=(0, 1))
    return {kind: (total / count.clamp(min=1)).numpy() for kind, total in sums.items()}


def naive_errors_of(series: Series, ends: Sequence[int]) -> Array:
    """See `Learnt.naive_errors`."""
    groups = sorted(set(series.groups))
    lag = series.season or 1
    total, count = np.zeros((2, len(groups), len(series.targets)))
    for segment, end in enumerate(ends):
        group = groups.index(series.groups[segment])
        for first in range(lag, end, BLOCK):
            later, earlier = (
                slice(first, min(first + BLOCK, end)),
                slice(first - lag, min(first + BLOCK, end) - lag),
            )
            values, before = (
                series.values[segment][rows][:, series.target_columns].astype(np.float64)
                for rows in (later, earlier)
            )
            measured = series.observed[segment][later] & series.observed[segment][earlier]
            total[group] += np.where(measured, np.abs(values - before), 0.0).sum(axis=0)
            count[group] += measured.sum(axis=0)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)
