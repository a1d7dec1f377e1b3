"""Numbers ahead of series."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pandas as pd
import torch
from pydantic import AfterValidator, Field, Json

from carousel.data import Series, time_cuts
from carousel.data.steps import Time
from carousel.data.tables import read_table, to_series
from carousel.data.tables.wording import counted
from carousel.errors import CarouselError
from carousel.training.config import Config
from carousel.training.forecasting.bases import Base
from carousel.training.forecasting.batches import reach_of
from carousel.training.forecasting.forecaster import SeriesForecaster
from carousel.training.forecasting.learning import learn
from carousel.training.forecasting.loading import history_of, training_batches, validation_batches
from carousel.training.forecasting.outputs import output_of
from carousel.training.forecasting.parts import Part, cut, whole
from carousel.training.forecasting.scoring import beyond, score
from carousel.training.forecasting.verdict import verdict
from carousel.training.label import Label, Names, different
from carousel.training.metrics import Positive, Scores
from carousel.training.sections import DataConfig, Strict
from carousel.training.source import file_of
from carousel.training.tasks.task import Material, Task

LONGEST_BY_DEFAULT = 48

Error = Annotated[float, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class ForecastScores(Scores):
    """The loss in standardised units, and the absolute error in terms of the naive one in training, over all pairs."""

    mase: Error


class RivalScores(Strict):
    """Errors of one kind of forecast for a target, in its unit; `mape` a share, if all truths are above zero."""

    mae: Error | None
    rmse: Error | None
    mape: Error | None
    mase: Error | None
    by_lead: list[Error | None]
    rmse_by_lead: list[Error | None] = []


class TargetScores(Strict):
    """Errors for one target; of bands also the mean pinball loss, of normal distributions CRPS and NLL in nats."""

    forecast: RivalScores
    persistence: RivalScores
    seasonal: RivalScores
    ar: RivalScores | None = None
    pinball: Error | None
    crps: Error | None
    nll: float | None


class Band(Strict):
    """A central band: the share of truths that it says lie in it, and the share that does."""

    nominal: Share
    measured: Share


class ForecastTestScores(Scores):
    """Scores of the test part beside the naive forecasts and other rivals on the same origins and leads.

    `mase` by rival is the mean over groups and targets, `nll` that of normal distributions over all pairs, in nats.
    `left_out` says why there is none of a rival.
    `below` is the share of truths below the quantile at each of the `levels`.
    """

    pairs: Positive
    mase: dict[str, Error]
    nll: dict[str, float] | None = None
    targets: dict[str, TargetScores]
    levels: list[Share]
    below: list[Share]
    coverage: list[Band]
    left_out: dict[str, str] = {}


class ForecasterLabel(Label):
    """What the weights of a forecaster are for."""

    features: Json[Annotated[Names, Field(min_length=1)]]
    targets: Json[Annotated[Names, Field(min_length=1)]]
    known: Json[Names]
    groups: Json[Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(different)]]
    horizon: Json[Positive]
    season: Json[Positive | None]
    base: Json[Base]
    levels: Json[tuple[Share, ...]] | None = None
    """Of the quantiles; older runs have those of their configuration."""
    validation: Json[ForecastScores]


class Forecast(Task[SeriesForecaster, Part]):
    """Series in a table, cut in time order, to the numbers that follow."""

    noun = "error"
    label = ForecasterLabel
    scores = ForecastScores
    test_scores = ForecastTestScores
    primary = "mase.forecast"
    higher_is_better = False

    def model(self, config: Config, **names: Any) -> SeriesForecaster:
        return SeriesForecaster(config, **names)

    def prepare(self, config: Config) -> Material[Part]:
        return material(config, _read(config, file_of(config.data, "a table")))

    def read(self, config: Config, path: Path) -> Part:
        return whole(_read(config, path))

    def read_to_answer(self, config: Config, path: Path) -> Part:
        season = config.data.table.season if config.data.table else None
        return whole(_read(config, path, horizon_of(config, season)))

    def score(self, model: SeriesForecaster, data: Part) -> dict[str, Any]:
        return score(model, data)

    def table(self, model: SeriesForecaster, data: Part) -> pd.DataFrame:
        """A row for each series, target and lead.

        Columns `group` if there are any, `target`, `time`, `lead`, `forecast`, and unless that is a point
        `lower` and `upper`, the ends of the widest band, which is one of 90 % unless `levels` says otherwise.
        """
        return forecast_table(model, data.series)

    def shown(self, scores: Mapping[str, Any]) -> str:
        """The error in terms of the naive one in training, and of the test part by target, in its unit."""
        if "targets" not in scores:
            return f"MASE {scores['mase']:.3f}"
        errors = [
            f"{name} MAE {target['forecast']['mae']:.4g}"
            + ("" if target["forecast"]["mape"] is None else f" ({100 * target['forecast']['mape']:.2f} %)")
            for name, target in scores["targets"].items()
            if target["forecast"]["mae"] is not None
        ]
        return ", ".join([f"MASE {scores['mase']['forecast']:.3f}", *errors])

    def told(self, scores: Mapping[str, Any]) -> str:
        return f"{self.shown(scores)}; {self.verdict(scores)}"

    def verdict(self, scores: Mapping[str, Any]) -> str:
        return verdict(scores["mase"], scores["nll"], scores["left_out"])

    def primary_of(self, config: Config) -> str:
        """A normal distribution is judged by its likelihood: one around zero may be right, and no number is near it."""
        return "nll.forecast" if config.task.output == "gaussian" else self.primary

    def baselines(self, scores: Mapping[str, Any]) -> dict[str, float]:
        rivals = scores["nll"] or scores["mase"]
        return {name: score for name, score in rivals.items() if name != "forecast"}


def horizon_of(config: Config, season: int | None) -> int:
    """The steps to forecast: as configured, or one season."""
    return config.task.horizon or min(season or LONGEST_BY_DEFAULT, LONGEST_BY_DEFAULT)


def _read(config: Config, path: Path, ahead: int = 0) -> Series:
    schema = config.data.table
    if schema is None:
        raise CarouselError(
            f"the configuration does not say what the columns of '{path}' are; `carousel fit {path}` finds out"
        )
    return to_series(read_table(path, schema), schema, ahead=ahead)


def material(config: Config, series: Series) -> Material[Part]:
    """The parts of a series, and what is learnt from the training part before any weight is.

    Raises:
        CarouselError: a part has no origin whose forecast can be compared with a measured value, or the horizon is
            longer than what there is to learn from.
    """
    task, training, data = config.task, config.training, config.data
    horizon = horizon_of(config, series.season)
    parts = cut(series, *_cuts(series, data))
    for name, part in zip(("training", "validation", "test"), parts, strict=True):
        _require_origins(name, part)
    learning, choosing, testing = parts
    longest = max(learning.ends)
    if horizon >= longest:
        raise CarouselError(
            f"the horizon is {horizon} steps, but no series has more than {longest} rows in a stretch to learn from; "
            f"set a horizon of at most {longest - 1}, better a quarter of that"
        )
    groups = sorted(set(series.groups))
    learnt = learn(learning, horizon, None if task.base == "auto" else task.base)
    history = history_of(training.history, series.season, horizon)
    reach = reach_of(config, series.season, horizon)
    output = output_of(task.output, levels=task.levels)
    numbers = config.model.hidden_size + len(series.targets) * len(output.anchors)
    return Material(
        names={
            "features": series.features,
            "targets": series.targets,
            "known": series.known,
            "groups": groups,
            "horizon": horizon,
            "season": series.season,
            "base": learnt.base,
        },
        buffers=learnt.buffers,
        train=training_batches(
            learning,
            reach,
            groups,
            batch_size=training.batch_size,
            history=history,
            unroll=training.unroll,
            generator=torch.Generator().manual_seed(training.seed),
        ),
        validation=validation_batches(
            choosing, reach, groups, None if training.unroll else history, training.batch_size, numbers
        ),
        test=testing._replace(past=(learning, choosing)),
        headline=f"{counted(len(groups), 'series', 'series')}, {learning.origins:,} steps to learn from, "
        f"{choosing.origins:,} to choose the best epoch; {counted(horizon, 'step')} ahead",
    )


def _cuts(series: Series, data: DataConfig) -> tuple[Time, Time]:
    """Where validation and test begin: as the schema says, which was fitted to what lies before."""
    if data.table is None or data.table.validation_start is None or data.table.test_start is None:
        return time_cuts(series, data.validation_fraction, data.test_fraction)
    first, second = (
        np.datetime64(time, "ns") if isinstance(time, str) else time
        for time in (data.table.validation_start, data.table.test_start)
    )
    return first, second


def _require_origins(name: str, part: Part) -> None:
    for segment, (first, end) in enumerate(zip(part.counted, part.ends, strict=True)):
        if part.series.last_measured(segment, first + 1, end) is not None:
            return
    raise CarouselError(
        f"the {name} part has no measured target that could be forecast from a row before it; "
        "give more rows or another fraction"
    )


def forecast_table(model: SeriesForecaster, series: Series) -> pd.DataFrame:
    """What a model in evaluation mode says comes after the last measured row of each group; see `Forecast.table`."""
    parts = []
    for segment, origin, points in beyond(model, series):
        middle, quantiles = model.output.middle(points), model.output.quantiles(points)
        times = _told(series.times_of(segment, origin + 1 + model.horizon, origin + 1), model.config.data)
        for column, target in enumerate(model.targets):
            part = {
                **({} if model.groups == ("",) else {"group": series.groups[segment]}),
                "target": target,
                "time": times,
                "lead": np.arange(1, model.horizon + 1),
                "forecast": middle[:, column].numpy(),
            }
            if model.output.levels:
                part |= {"lower": quantiles[:, column, 0].numpy(), "upper": quantiles[:, column, -1].numpy()}
            parts.append(pd.DataFrame(part))
    return pd.concat(parts, ignore_index=True)


def _told(times: Any, data: DataConfig) -> Any:
    """Times by the clock of their table's zone, if it has one."""
    schema = data.table
    zone = None if schema is None else schema.time_zone or schema.own_zone
    return times if zone is None else pd.DatetimeIndex(times).tz_localize("UTC").tz_convert(zone)
