"""Mean and standard error of numbers that come in batches, without keeping them."""

from collections.abc import Mapping

import torch
from torch import Tensor


class Tally:
    """Count, sum and sum of squares, in float64 where the device has it."""

    def __init__(self) -> None:
        self.count = 0
        self._moments: Tensor | None = None

    def add(self, values: Tensor) -> None:
        """Count the values [n]; nothing waits for the device."""
        dtype = torch.float32 if values.device.type == "mps" else torch.float64
        values = values.to(dtype)
        moments = torch.stack([values.sum(), values.square().sum()])
        self._moments = moments if self._moments is None else self._moments.add_(moments)
        self.count += len(values)

    @property
    def mean(self) -> Tensor:
        """The mean of all values; NaN if there are none."""
        return self._sums[0] / self.count if self.count else self._sums[0] * torch.nan

    @property
    def standard_error(self) -> Tensor:
        """The standard error of the mean; 0 for a single value, which does not tell."""
        if self.count < 2:
            return torch.zeros_like(self._sums[0])
        total, squares = self._sums
        variance = (squares - total * total / self.count) / (self.count - 1)
        error: Tensor = (variance.clamp(min=0) / self.count).sqrt()
        return error

    @property
    def _sums(self) -> Tensor:
        return torch.zeros(2) if self._moments is None else self._moments


def count(scores: Mapping[str, Tensor], tallies: dict[str, Tally]) -> None:
    """Count the values [n] of each score in the tally of its name, which is made for the first."""
    for name, values in scores.items():
        tallies.setdefault(name, Tally()).add(values.detach())
