"""What a forecaster takes from the training part before any weight is learnt: scales, the base and its error."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple, get_args

import numpy as np
import numpy.typing as npt
import torch

from carousel.data.series import Series
from carousel.training.forecasting.bases import Base, ahead, base_of, naive_of, seen_by_layer
from carousel.training.forecasting.batches import Reach
from carousel.training.forecasting.loading import scoring_batches
from carousel.training.forecasting.parts import Part
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
        buffers: those of a `SeriesForecaster`, by name.
    """

    base: Base
    buffers: dict[str, npt.NDArray[np.float32]]


def learn(part: Part, horizon: int, base: Base | None = None) -> Learnt:
    """Learn from the training part; without a `base`, take the one with the least error over all leads."""
    series = part.series
    moments = moments_of(series, part.ends)
    errors = {
        kind: np.maximum(error * TO_DEVIATION, LEAST_SPREAD)
        for kind, error in base_errors(part, moments, horizon).items()
    }
    chosen = base or _least(errors)
    seen = seen_by_layer(series.features, series.targets, chosen)
    mean, std = moments.mean.copy(), moments.std.copy()
    mean[series.target_columns], std[series.target_columns] = 0, 1  # they come standardised, group by group
    surprises = [errors[kind][0] for kind in naive_of(series.season)]
    naive_errors = naive_errors_of(series, part.ends)
    arrays = {
        "mean": np.concatenate([mean[seen], *np.zeros_like(surprises)]),
        "std": np.concatenate([std[seen], *surprises]),
        "level": moments.level,
        "scale": moments.scale,
        "spread": errors[chosen],
        "naive_errors": np.where(naive_errors > 0, naive_errors, moments.scale),
    }
    return Learnt(chosen, {name: array.astype(np.float32) for name, array in arrays.items()})


def _least(errors: Mapping[Base, Array]) -> Base:
    return min(errors, key=lambda kind: float(errors[kind].mean()))


def base_errors(part: Part, moments: Moments, horizon: int) -> Mapping[Base, Array]:
    """The mean absolute error [H, D] of each base over all origins of the part, in standardised units."""
    series = part.series
    kinds: tuple[Base, ...] = get_args(Base)
    reach = Reach(series.season or 1, horizon)
    sums = {kind: torch.zeros(horizon, len(series.targets), dtype=torch.float64) for kind in kinds}
    count = torch.zeros(horizon, len(series.targets), dtype=torch.float64)
    level, scale = torch.from_numpy(moments.level), torch.from_numpy(moments.scale)
    groups = sorted(set(series.groups))
    for batch in scoring_batches(
        part, reach, groups, warm_up=0, size=None, batch_size=16, numbers=len(series.targets)
    ):
        y = (batch.rows[..., series.target_columns].double() - level[batch.group]) / scale[batch.group]
        y = torch.where(batch.observed, y, 0.0)
        truth, measured = (ahead(rows[reach.past + 1 :], horizon) for rows in (y, batch.observed))
        count += measured.sum(dim=(0, 1))
        for kind in kinds:
            error = (truth - base_of(kind, y, batch.observed, *reach, series.season)).abs()
            sums[kind] += torch.where(measured, error, 0.0).sum(dim=(0, 1))
    return {kind: _filled((total / count).numpy()) for kind, total in sums.items()}


def _filled(errors: Array) -> Array:
    """Errors [H, D]; at leads that no truth was measured at, that of the farthest lead before, or else 1."""
    found = errors.copy()
    for lead in range(len(found)):
        before = found[lead - 1] if lead else np.ones(found.shape[1])
        found[lead] = np.where(np.isnan(found[lead]), before, found[lead])
    return found


def naive_errors_of(series: Series, ends: Sequence[int]) -> Array:
    """What absolute errors are scaled by, [G, D], in the unit of the targets (Hyndman and Koehler 2006).

    The mean absolute error of the value one season before, or where there is no season of the last value for
    the next step, over the rows before `ends` [S]; NaN for a group without a pair of such rows.
    """
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
