"""Nothing is timed before it has been shown to compute the same."""

from math import inf, isnan

import torch
from torch import Tensor

from carousel.benchmarks.contestants import Values

TOLERANCE = {torch.float32: 1e-5, torch.float64: 1e-12}
"""Largest difference that passes, relative to the largest value: sums over thousands of steps and samples are taken
in another order by each contestant."""


def disagreement(found: Values, wanted: Values) -> str | None:
    """What keeps `found` from being `wanted`, in a few words; None if they agree."""
    if found.keys() != wanted.keys():
        return f"computes {', '.join(found)} instead of {', '.join(wanted)}"
    for name, value in wanted.items():
        if found[name].shape != value.shape or found[name].dtype != value.dtype:
            return f"{name} is {_kind(found[name])} instead of {_kind(value)}"
    worst = max(wanted, key=lambda name: difference(found[name], wanted[name]))
    amount = difference(found[worst], wanted[worst])
    if amount <= TOLERANCE[wanted[worst].dtype]:
        return None
    return f"disagrees by {amount:.1e} in {worst}"


def difference(found: Tensor, wanted: Tensor) -> float:
    """The largest difference relative to the largest value; infinite where something is not a number."""
    amount, largest = float((found - wanted).abs().max()), float(wanted.abs().max())
    if isnan(amount) or isnan(largest):
        return inf
    return amount / largest if largest else inf * amount if amount else 0.0


def _kind(value: Tensor) -> str:
    return f"{list(value.shape)} {value.dtype}"
