"""How good forecasts are: sums over origins, kept by group, lead and target, and the scores that are made of them."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from carousel.training.forecasting.outputs import Gaussian, Output, pinball

Array = npt.NDArray[np.float64]
NAIVE = ("persistence", "seasonal")
"""What there always is to compare with: the last value, the value one season before."""


class Pairs(NamedTuple):
    """Origins and leads side by side, [K, B, H, D], in the unit of the targets.

    Attributes:
        y: the truth.
        counted: whether it was measured, and counts.
        points: [K, B, H, D, P] what the model said.
        rivals: what others said, [K, B, H, D] each: those of `NAIVE`, and `ar` if it is scored.
        normals: means and deviations of other normal distributions, where the model says one.
        group: [B] position of the group.
    """

    y: Tensor
    counted: Tensor
    points: Tensor
    rivals: Mapping[str, Tensor]
    normals: Mapping[str, tuple[Tensor, Tensor]]
    group: Tensor


class ScoreSums:
    """Sums over origins, [G, H, D] each, in float64: memory does not grow with the series.

    Args:
        output: what a model says.
        groups: G.
        horizon: H.
        targets: D.
    """

    def __init__(self, output: Output, groups: int, horizon: int, targets: int) -> None:
        self.output = output
        self._shape = groups, horizon, targets
        self._sums: dict[str, Tensor] = {}
        self._least = np.full(targets, np.inf)

    def add(self, pairs: Pairs) -> None:
        """Count what counts among the pairs."""
        y, points = pairs.y.double(), pairs.points.double()
        self._count("count", torch.ones_like(y), pairs)
        for rival, value in {"forecast": self.output.middle(points), **pairs.rivals}.items():
            error = (y - value.double()).abs()
            self._count(f"{rival} absolute", error, pairs)
            self._count(f"{rival} squared", error.square(), pairs)
            self._count(f"{rival} relative", error / y.abs(), pairs)
        if self.output.levels:
            quantiles = self.output.quantiles(points)
            self._count("pinball", pinball(quantiles, y, self.output.levels).mean(dim=-1), pairs)
            for level, quantile in zip(self.output.levels, quantiles.unbind(dim=-1), strict=True):
                self._count(f"below {level}", (y < quantile).double() + 0.5 * (y == quantile).double(), pairs)
        if isinstance(self.output, Gaussian):
            self._count("crps", self.output.crps(points, y), pairs)
            self._count("nll", self.output.losses(points, y), pairs)
            for rival, (mean, deviation) in pairs.normals.items():
                theirs = torch.stack([mean, mean + deviation], dim=-1)
                self._count(f"{rival} nll", self.output.losses(theirs, y), pairs)
        least = torch.where(pairs.counted, y, torch.inf).amin(dim=(0, 1, 2)).cpu().numpy()
        self._least = np.minimum(self._least, least)

    def _count(self, name: str, values: Tensor, pairs: Pairs) -> None:
        by_stretch = torch.where(pairs.counted, values, 0.0).sum(dim=0)
        sums = self._sums.setdefault(name, by_stretch.new_zeros(self._shape))
        sums.index_add_(0, pairs.group, by_stretch)

    @property
    def count(self) -> int:
        """How many pairs of an origin and a lead counted, over all targets."""
        return int(self._sums["count"].sum()) if self._sums else 0

    def result(self, targets: Sequence[str], naive_errors: Array) -> dict[str, Any]:
        """The scores; a score that makes no sense, or for which there is nothing to count, is None.

        Args:
            targets: the D names.
            naive_errors: [G, D], the mean absolute error of the seasonal naive forecast one step ahead in the
                training part, which absolute errors are scaled by (Hyndman and Koehler 2006).

        Returns:
            `pairs`, how many counted; `mase` of each rival, the mean over groups and targets; `nll`, the mean over
            all pairs of normal distributions, else None; `targets`, for each the scores of each rival and
            `by_lead`, their mean absolute errors at each lead; `levels` and `below`, the share of truths below each
            quantile, all targets together; `coverage`, for each central band its nominal and its measured share.
        """
        rivals = [name.removesuffix(" absolute") for name in self._sums if name.endswith(" absolute")]
        scaled = {rival: self._scaled(rival, naive_errors) for rival in rivals}
        below = {level: self._per_pair(f"below {level}") for level in self.output.levels}
        bands = [(low, high) for low, high in zip(below, reversed(below), strict=True) if low < high]
        return {
            "pairs": self.count,
            "mase": {rival: _mean(values) for rival, values in scaled.items()},
            "nll": self._likelihoods() if "nll" in self._sums else None,
            "targets": {
                name: self._of_target(
                    index, {rival: _mean(values[:, index]) for rival, values in scaled.items()}
                )
                for index, name in enumerate(targets)
            },
            "levels": list(below),
            "below": list(below.values()),
            "coverage": [
                {"nominal": round(high - low, 6), "measured": below[high] - below[low]} for low, high in bands
            ],
        }

    def _likelihoods(self) -> dict[str, float]:
        theirs = {name.removesuffix(" nll"): name for name in self._sums if name.endswith(" nll")}
        return {rival: self._per_pair(name) for rival, name in {"forecast": "nll", **theirs}.items()}

    def _scaled(self, rival: str, naive_errors: Array) -> Array:
        """Mean absolute errors in terms of the naive ones, [G, D]; NaN where there is none."""
        total, count = self._numpy(f"{rival} absolute").sum(axis=1), self._numpy("count").sum(axis=1)
        return np.where(count > 0, total / np.maximum(count, 1) / naive_errors, np.nan)

    def _of_target(self, index: int, mase: dict[str, float | None]) -> dict[str, Any]:
        count = self._numpy("count")[..., index].sum(axis=0)
        has_ratio = self._least[index] > 0
        scores: dict[str, Any] = {"ar": None}
        for rival in mase:
            absolute, squared, relative = (
                self._numpy(f"{rival} {kind}")[..., index].sum(axis=0)
                for kind in ("absolute", "squared", "relative")
            )
            scores[rival] = {
                "mae": _ratio(absolute.sum(), count.sum()),
                "rmse": _root(_ratio(squared.sum(), count.sum())),
                "mape": _ratio(relative.sum(), count.sum()) if has_ratio else None,
                "mase": mase[rival],
                "by_lead": [_ratio(*pair) for pair in zip(absolute, count, strict=True)],
                "rmse_by_lead": [_root(_ratio(*pair)) for pair in zip(squared, count, strict=True)],
            }
        for name in ("pinball", "crps", "nll"):
            total = self._numpy(name)[..., index].sum() if name in self._sums else 0.0
            scores[name] = _ratio(total, count.sum()) if name in self._sums else None
        return scores

    def _per_pair(self, name: str) -> float:
        return float(self._numpy(name).sum() / max(self.count, 1))

    def _numpy(self, name: str) -> Array:
        sums = self._sums.get(name)
        return np.zeros(self._shape) if sums is None else sums.cpu().numpy()


def _ratio(total: float, count: float) -> float | None:
    return float(total / count) if count else None


def _root(mean: float | None) -> float | None:
    return None if mean is None else mean**0.5


def _mean(values: Array) -> float | None:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else None
