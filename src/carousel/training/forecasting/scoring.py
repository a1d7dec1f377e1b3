"""A trained forecaster at work: scored over a part of a series, and asked what lies beyond its end."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import torch
from torch import Tensor

from carousel.data.series import Series
from carousel.errors import CarouselError, did_you_mean
from carousel.training.environment import cpu_threads
from carousel.training.forecasting.batches import SeriesBatch
from carousel.training.forecasting.forecaster import Forecast, SeriesForecaster
from carousel.training.forecasting.loading import scoring_batches
from carousel.training.forecasting.parts import Part
from carousel.training.forecasting.rivals import learnt
from carousel.training.forecasting.scores import NAIVE, Pairs, ScoreSums
from carousel.training.tally import Tally


@torch.no_grad()
def passes(model: SeriesForecaster, part: Part) -> Iterator[tuple[SeriesBatch, Forecast]]:
    """The forecasts of every origin of a part, in batches.

    The layer begins `history` steps before each origin, so that it says the same there whether others are asked or not:
    what is scored is what is predicted. With `unroll` it begins with the segment, and the state is carried along.

    Raises:
        CarouselError: the series does not have the features and groups of the model, or an answer is not finite.
    """
    require_fit(model, part.series)
    training = model.config.training
    batches = scoring_batches(
        part,
        model.reach,
        model.groups,
        warm_up=model.warm_up,
        size=None if model.warm_up is None else 1,
        batch_size=training.batch_size,
        numbers=model.head.numbers,
    )
    state = None
    with cpu_threads(training.threads):
        for batch in batches:
            forecast, state = model(batch, state)
            _require_finite(part.series, batch, forecast)
            if (batch.counted.clamp(min=0) < batch.steps).any():
                yield batch, forecast


def score(model: SeriesForecaster, part: Part) -> dict[str, Any]:
    """The loss of a model in evaluation mode, and its scores beside naive ones: `loss` and `ScoreSums.result`.

    Raises:
        CarouselError: see `passes`; or nothing can be scored.
    """
    sums = ScoreSums(model.output, len(model.groups), model.horizon, len(model.targets))
    rivals = learnt(model, part)
    losses = Tally()
    for batch, forecast in passes(model, part):
        losses.add(model.losses(forecast))
        said = (
            forecast.y,
            forecast.points,
            *(forecast.base(kind, model.season) for kind in ("last", "season")),
        )
        y, points, *naive = map(forecast.in_units, said)
        normals = rivals.told(batch, forecast)
        numbers = dict(zip(NAIVE, naive, strict=True)) | {
            name: mean for name, (mean, _) in normals.items() if name == "ar"
        }
        sums.add(Pairs(y, forecast.counted, points, numbers, normals, batch.group))
    if sums.count == 0:
        raise CarouselError(
            "there is nothing to score: no target was measured where it could be forecast; "
            "give longer series or fill the column"
        )
    return {
        "loss": float(losses.mean),
        **sums.result(model.targets, model.naive_errors.double().numpy()),
        "left_out": rivals.left_out,
    }


class Ahead(NamedTuple):
    """The forecasts from one origin.

    Attributes:
        segment: the segment that it lies in.
        origin: its row.
        points: [H, D, P], in the unit of the targets.
    """

    segment: int
    origin: int
    points: Tensor


def from_origins(model: SeriesForecaster, part: Part) -> list[Ahead]:
    """What a model in evaluation mode says from each origin of a part, in order.

    Raises:
        CarouselError: see `passes`.
    """
    found = []
    for batch, forecast in passes(model, part):
        points = forecast.in_units(forecast.points)
        columns = zip(
            *(x.tolist() for x in (batch.segment, batch.first, batch.counted, batch.steps)), strict=True
        )
        for column, (segment, first, counted, steps) in enumerate(columns):
            found += [
                Ahead(segment, first + step, points[step - forecast.origins.start, column])
                for step in range(max(0, counted), steps)
            ]
    return sorted(found)


def beyond(model: SeriesForecaster, series: Series) -> list[Ahead]:
    """What a model in evaluation mode says about the H steps after the last measured row of each group.

    Raises:
        CarouselError: see `passes`; or a feature that is known ahead of time has no row for a step to forecast.
    """
    last = _last_of_groups(series)
    if model.known:
        _require_known(model, series, last)
    firsts = tuple(last.get(segment, 0) for segment in range(len(series)))
    stops = tuple(first + (segment in last) for segment, first in enumerate(firsts))
    ends = tuple(
        min(stop + model.horizon, length) for stop, length in zip(stops, series.lengths.tolist(), strict=True)
    )
    return from_origins(model, Part(series, firsts, stops, ends))


def _last_of_groups(series: Series) -> dict[int, int]:
    """Of each group the segment and the row in which a target was measured last, by segment.

    Raises:
        CarouselError: a group has no such row.
    """
    newest = series.newest()
    missing = next((group for group in series.groups if group not in newest), None)
    if missing is not None:
        raise CarouselError(
            f"series '{missing}' has no measured target to forecast from; give at least one row with a number"
        )
    return dict(newest.values())


def _require_known(model: SeriesForecaster, series: Series, last: dict[int, int]) -> None:
    for segment, row in last.items():
        there = int(series.lengths[segment]) - row - 1
        if there < model.horizon:
            raise CarouselError(
                f"series '{series.groups[segment]}' has {there} rows after its last measured target, wanted "
                f"{model.horizon} with {', '.join(model.known)}, which are known ahead of time; add them"
            )


def require_fit(model: SeriesForecaster, series: Series) -> None:
    """Refuse a series that is not of the kind that the model was trained on.

    Raises:
        CarouselError: other features, targets or known features, or a group that the model does not know.
    """
    for role in ("features", "targets", "known"):
        wanted, got = getattr(model, role), getattr(series, role)
        if wanted != got:
            raise CarouselError(
                f"the series have the {role} {', '.join(got) or 'none'}, the run was trained on "
                f"{', '.join(wanted) or 'none'}; give the same in the same order"
            )
    unknown = next((name for name in series.groups if name not in model.groups), None)
    if unknown is not None:
        raise CarouselError(
            f"the run does not know the series '{unknown}', whose mean and deviation it learns in training "
            f"({did_you_mean(unknown, model.groups)}); leave its rows out, or train with it, starting from this run: "
            "`carousel fit DATA --from RUN`"
        )


def _require_finite(series: Series, batch: SeriesBatch, forecast: Forecast) -> None:
    finite = forecast.points.flatten(2).isfinite().all(dim=2).all(dim=0)
    if not finite.all():
        segment = int(batch.segment[int(finite.int().argmin())])
        raise CarouselError(
            f"the model's forecast for series '{series.groups[segment]}' is not a finite number; "
            "its values may be too large, or the weights of the run damaged"
        )
