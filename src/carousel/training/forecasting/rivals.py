"""The simpler means that a forecaster is compared with on the same origins and leads, beside the naive ones."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from carousel.training.forecasting.autoregression import Autoregression
from carousel.training.forecasting.batches import SeriesBatch
from carousel.training.forecasting.forecaster import Forecast, SeriesForecaster
from carousel.training.forecasting.parts import Part
from carousel.training.forecasting.rival import LeftOutError, Rival
from carousel.training.forecasting.scaling import moments_of
from carousel.training.forecasting.volatility import Constant, Garch


class Rivals(NamedTuple):
    """Those that could be learnt, one for each target, and why others could not.

    Attributes:
        found: by name.
        left_out: by name, the end of a sentence.
    """

    found: dict[str, list[Rival]]
    left_out: dict[str, str]

    def told(self, batch: SeriesBatch, forecast: Forecast) -> dict[str, tuple[Tensor, Tensor]]:
        """Means and deviations of each, [O, B, H, D], at the origins of a forecast."""
        return {name: _of_targets(of_target, batch, forecast) for name, of_target in self.found.items()}


def learnt(model: SeriesForecaster, test: Part) -> Rivals:
    """The autoregression, and for normal distributions the constant one; GARCH where forecasts are relative to nothing.

    They learn from what lies before the test part; without that, there are none.
    """
    if test.past is None:
        return Rivals({}, {})
    learning, choosing = test.past
    horizon, series = model.horizon, test.series
    moments = moments_of(series, choosing.ends)
    wanted: dict[str, Callable[[int], Rival]] = {
        "ar": lambda target: Autoregression(learning, choosing, moments, target, horizon)
    }
    if model.config.task.output == "gaussian":
        wanted["constant"] = lambda target: Constant(series, moments, target, horizon)
        if model.base == "none":
            wanted["garch"] = lambda target: Garch(choosing, target, horizon)
    rivals = Rivals({}, {})
    for name, make in wanted.items():
        try:
            rivals.found[name] = [make(target) for target in range(len(series.targets))]
        except LeftOutError as error:
            rivals.left_out[name] = str(error)
    return rivals


def _of_targets(rivals: list[Rival], batch: SeriesBatch, forecast: Forecast) -> tuple[Tensor, Tensor]:
    means = torch.zeros(forecast.y.shape, dtype=torch.float64)
    deviations = torch.ones_like(means)
    start = forecast.origins.start
    places = zip(batch.segment.tolist(), batch.first.tolist(), batch.steps.tolist(), strict=True)
    for column, (segment, first, steps) in enumerate(places):
        if steps <= start:
            continue
        for target, rival in enumerate(rivals):
            mean, deviation = rival.told(segment, first + start, first + steps)
            means[: steps - start, column, :, target] = torch.tensor(mean)
            deviations[: steps - start, column, :, target] = torch.tensor(deviation)
    return means, deviations
