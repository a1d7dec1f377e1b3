"""What a forecast is told relative to: nothing, the last value, or the value one season before.

The same two, persistence and the seasonal naive forecast, are what every forecast is compared with. Rows of
targets are [L + K + H, B, D]: `reach` L rows from before the K origins, the origins n, and H rows after them.
Only measured values are repeated; where none was measured within the last L rows, a base is 0, the mean of
standardised targets.
"""

from collections.abc import Sequence
from typing import Literal

import torch
from torch import Tensor

Base = Literal["none", "last", "season"]


def persistence(y: Tensor, observed: Tensor, reach: int, horizon: int) -> Tensor:
    """At each origin the last value measured up to it, for every lead: [K, B, H, D].

    Args:
        y: targets [L + K + H, B, D].
        observed: whether each was measured.
        reach: L, at least 1; an origin repeats nothing older than L - 1 steps.
        horizon: H.
    """
    newest = _last_observed(y[: len(y) - horizon], observed[: len(y) - horizon], reach)
    return newest[reach:].unsqueeze(2).expand(-1, -1, horizon, -1)


def seasonal(y: Tensor, observed: Tensor, reach: int, horizon: int, season: int) -> Tensor:
    """At each origin and lead the value as many whole seasons before as lie in the past: [K, B, H, D].

    Where that was not measured: `persistence`. `reach` must be at least `season`.
    """
    origins = torch.arange(reach, len(y) - horizon, device=y.device).unsqueeze(1)
    leads = torch.arange(1, horizon + 1, device=y.device)
    rows = origins + leads - season * ((leads + season - 1) // season)
    found, fallback = y[rows].movedim(1, 2), persistence(y, observed, reach, horizon)
    return torch.where(observed[rows].movedim(1, 2), found, fallback)


def base_of(kind: Base, y: Tensor, observed: Tensor, reach: int, horizon: int, season: int | None) -> Tensor:
    """The base [K, B, H, D] that a configuration names; without a season, the last value takes its place."""
    if kind == "none":
        return y.new_zeros(len(y) - reach - horizon, y.shape[1], horizon, y.shape[2])
    if kind == "last" or season is None:
        return persistence(y, observed, reach, horizon)
    return seasonal(y, observed, reach, horizon, season)


def naive_of(season: int | None) -> tuple[Base, ...]:
    """The naive forecasts that a series has."""
    return ("last",) if season is None else ("last", "season")


def seen_by_layer(features: Sequence[str], targets: Sequence[str], base: Base) -> list[int]:
    """Which of the features the layer sees, by position.

    Targets whose forecasts are told relative to a base come in by their changes alone: a level that rises over the
    years would leave all that was seen in training.
    """
    return [column for column, name in enumerate(features) if base == "none" or name not in targets]


def ahead(rows: Tensor, horizon: int) -> Tensor:
    """What lies 1 to H steps ahead of K origins, [K, B, H, D]; the rows [K - 1 + H, B, D] begin one after the first."""
    return rows.unfold(0, horizon, 1).movedim(-1, 2)


def _last_observed(y: Tensor, observed: Tensor, reach: int) -> Tensor:
    """In each row the last value measured in it or in the reach - 1 rows before, else 0."""
    rows = torch.arange(len(y), device=y.device).view(-1, 1, 1)
    latest = torch.where(observed, rows, -reach).cummax(dim=0).values
    values = y.gather(0, latest.clamp(min=0))
    return torch.where(rows - latest < reach, values, 0.0)
