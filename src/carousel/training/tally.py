"""Mean and standard error of numbers that come in batches, without keeping them."""

from collections.abc import Mapping

import torch
from torch import Tensor

MANY = 256


class Tally:
    """Count, sum and sum of squares, in float64 where the device has it."""

    def __init__(self) -> None:
        self.count = 0
        self._waiting: list[Tensor] = []
        self._moments = torch.zeros(2)

    def add(self, values: Tensor) -> None:
        """Count the values [n]; most often they are only noted, to be summed with others later."""
        self._waiting.append(values)
        self.count += len(values)
        if len(self._waiting) == MANY:
            self._sum_up()

    @property
    def numbers(self) -> tuple[int, list[float]]:
        """Count, and the sums of values and squares, for another tally to include."""
        return self.count, self._sums.tolist()

    def include(self, count: int, sums: list[float]) -> None:
        """Count what another tally has counted."""
        self._moments = self._sums + torch.tensor(sums, dtype=torch.float64)
        self.count += count

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
        if self._waiting:
            self._sum_up()
        return self._moments

    def _sum_up(self) -> None:
        values = torch.cat(self._waiting)
        values = values.to(torch.float32 if values.device.type == "mps" else torch.float64)
        self._moments = self._moments.to(values) + torch.stack([values.sum(), values.square().sum()])
        self._waiting.clear()


def count(scores: Mapping[str, Tensor], tallies: dict[str, Tally]) -> None:
    """Count the values [n] of each score in the tally of its name, which is made for the first."""
    for name, values in scores.items():
        tallies.setdefault(name, Tally()).add(values.detach())
