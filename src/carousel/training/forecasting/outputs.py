"""What a forecast says about one number: a value, some quantiles, or a normal distribution.

Each is held as P increasing *points* in the last dimension of a tensor, which move with the unit that the number is
measured in: points of `a + b * y` are `a + b * points`, for b > 0. Of a normal distribution they are the mean
and the mean plus one deviation.
"""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from math import log, pi, sqrt
from statistics import NormalDist
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import softplus

Kind = Literal["point", "quantile", "gaussian"]

LEVELS: dict[Kind, tuple[float, ...]] = {
    "point": (),
    "quantile": (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95),
    "gaussian": tuple(percent / 100 for percent in range(5, 100, 5)),
}
"""The quantiles that are told, unless others are wanted; the outermost are the band that is written and drawn."""
LEAST_STEP = 1e-3
"""Least distance of two points: a likelihood has no bound where a deviation may vanish."""
NORMAL = NormalDist()


class Output(ABC):
    """One way to say what a number will be.

    Attributes:
        anchors: the levels [P] that the points have in a standard normal distribution.
        levels: the levels whose quantiles are scored and shown, increasing and symmetric about 0.5; none for a
            value alone.
    """

    anchors: tuple[float, ...]
    levels: tuple[float, ...]

    @property
    def centre(self) -> int:
        """Which of the points is the middle one."""
        return self.anchors.index(0.5)

    def rest(self) -> Tensor:
        """The raw numbers [P] from which `points` makes the points of a standard normal distribution."""
        wanted = torch.tensor([NORMAL.inv_cdf(level) for level in self.anchors], dtype=torch.float64)
        steps = wanted.diff() - LEAST_STEP
        raw = steps + torch.log(-torch.expm1(-steps))  # the inverse of softplus
        return torch.cat([raw[: self.centre], torch.zeros(1), raw[self.centre :]]).float()

    def points(self, raw: Tensor) -> Tensor:
        """Increasing points [..., P] from any raw numbers [..., P]: the middle one, and steps up and down from it."""
        middle = raw[..., self.centre : self.centre + 1]
        up = middle + (softplus(raw[..., self.centre + 1 :]) + LEAST_STEP).cumsum(dim=-1)
        steps = softplus(raw[..., : self.centre]) + LEAST_STEP
        down = middle - steps.flip(-1).cumsum(dim=-1).flip(-1)
        return torch.cat([down, middle, up], dim=-1)

    def middle(self, points: Tensor) -> Tensor:
        """The forecast as one number [...]: the value, the median or the mean."""
        return points[..., self.centre]

    @abstractmethod
    def losses(self, points: Tensor, y: Tensor) -> Tensor:
        """How far the points [..., P] are off the truth y [...], to be made small; [...]."""

    @abstractmethod
    def quantiles(self, points: Tensor) -> Tensor:
        """The quantiles [..., Q] at the Q `levels`."""


class Point(Output):
    """A value. Its loss is the absolute error, which the median makes least, or the squared one, for the mean."""

    anchors = (0.5,)
    levels = ()

    def __init__(self, squared: bool = False) -> None:
        self.squared = squared

    def losses(self, points: Tensor, y: Tensor) -> Tensor:
        error = y - points[..., 0]
        return error.square() if self.squared else error.abs()

    def quantiles(self, points: Tensor) -> Tensor:
        return points[..., :0]


class Quantile(Output):
    """Quantiles at some levels, which never cross.

    The loss is twice their mean pinball loss: of a median, the absolute error.
    """

    def __init__(self, levels: Sequence[float] = LEVELS["quantile"]) -> None:
        self.anchors = self.levels = tuple(levels)

    def losses(self, points: Tensor, y: Tensor) -> Tensor:
        return 2 * pinball(points, y, self.levels).mean(dim=-1)

    def quantiles(self, points: Tensor) -> Tensor:
        return points


class Gaussian(Output):
    """A normal distribution. The loss is the negative log-likelihood in nats."""

    anchors = (0.5, NORMAL.cdf(1.0))

    def __init__(self, levels: Sequence[float] = LEVELS["gaussian"]) -> None:
        self.levels = tuple(levels)

    def losses(self, points: Tensor, y: Tensor) -> Tensor:
        mean, deviation = self.moments(points)
        return 0.5 * ((y - mean) / deviation).square() + deviation.log() + log(2 * pi) / 2

    def quantiles(self, points: Tensor) -> Tensor:
        mean, deviation = self.moments(points)
        normal = mean.new_tensor([NORMAL.inv_cdf(level) for level in self.levels])
        return mean.unsqueeze(-1) + deviation.unsqueeze(-1) * normal

    def moments(self, points: Tensor) -> tuple[Tensor, Tensor]:
        """Mean and standard deviation, [...] each."""
        return points[..., 0], points[..., 1] - points[..., 0]

    def crps(self, points: Tensor, y: Tensor) -> Tensor:
        """The continuous ranked probability score [...], in the unit of y (Gneiting and Raftery 2007, section 4.2)."""
        mean, deviation = self.moments(points)
        z = (y - mean) / deviation
        density = torch.exp(-0.5 * z.square()) / sqrt(2 * pi)
        return deviation * (z * torch.erf(z / sqrt(2)) + 2 * density - 1 / sqrt(pi))


def output_of(kind: Kind, squared: bool = False, levels: Sequence[float] | None = None) -> Output:
    """The output that a configuration names; `squared` concerns a point alone, `levels` all others."""
    if kind == "point":
        return Point(squared)
    wanted = LEVELS[kind] if levels is None else levels
    return Quantile(wanted) if kind == "quantile" else Gaussian(wanted)


def pinball(quantiles: Tensor, y: Tensor, levels: tuple[float, ...]) -> Tensor:
    """The pinball loss [..., Q] of quantiles [..., Q] at Q levels: what an unbiased quantile makes least on average."""
    level = quantiles.new_tensor(levels)
    error = y.unsqueeze(-1) - quantiles
    return torch.maximum(level * error, (level - 1) * error)
