"""A recurrent layer that says at every step what comes next."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from carousel.errors import CarouselError
from carousel.training.carried import State, detached, started
from carousel.training.config import Config
from carousel.training.forecasting.bases import Base, ahead, base_of, naive_of, seen_by_layer
from carousel.training.forecasting.batches import Reach, SeriesBatch, reach_of
from carousel.training.forecasting.head import LeadHead
from carousel.training.forecasting.loading import history_of
from carousel.training.forecasting.outputs import output_of
from carousel.training.model import SequenceModel

LEADS_A_STEP = 6
"""Forecasts for each step that training looks at, about: of a longer horizon every few steps, drawn anew each time.

Forecasts of neighbouring origins are about the same numbers, and would cost a multiple of what the layer does.
"""


class Forecast(NamedTuple):
    """What is said at O origins about leads 1 to H, in standardised units.

    Attributes:
        points: [O, B, H, D, P].
        counted: bool [O, B, H, D], where the truth was measured, and the origin counts.
        targets: [L + K + H, B, D], all rows of the batch.
        observed: bool [L + K + H, B, D], whether they were measured.
        level: [B, 1, D], what 0 stands for.
        scale: [B, 1, D], a standardised unit in units of the target.
        origins: which of the K steps.
        reach: L and H.
    """

    points: Tensor
    counted: Tensor
    targets: Tensor
    observed: Tensor
    level: Tensor
    scale: Tensor
    origins: slice
    reach: Reach

    @property
    def y(self) -> Tensor:
        """The truth, [O, B, H, D]; 0 where there is none."""
        return ahead(self.targets[self.reach.past + 1 :], self.reach.horizon)[self.origins]

    def base(self, kind: Base, season: int | None) -> Tensor:
        """A naive forecast, [O, B, H, D]."""
        return base_of(kind, self.targets, self.observed, *self.reach, season)[self.origins]

    def in_units(self, values: Tensor) -> Tensor:
        """Standardised values [O, B, H, D], or points [O, B, H, D, P], in the unit of the targets."""
        scale, level = self.scale, self.level
        return values * scale + level if values.ndim == 4 else values * scale[..., None] + level[..., None]


class SeriesForecaster(SequenceModel):
    """Standardisation, recurrent layer, dropout, and one head for the leads k = 1 to H: what y[n+k] will be.

    Many to many and direct: every step n is the origin of forecasts for all leads, made of the layer's v[n],
    of what is known ahead of time about step n+k, and of k. They are told relative to a base, such as the
    value one season before, in terms of that base's error in training, and start out as this base with that
    error. All groups share the weights; each group's targets are standardised by its own mean and deviation.

    Args:
        config: the run; its sections `task`, `model` and `training` are used.
        features: names of the F features.
        targets: names of the D features that are forecast.
        known: names of the features known ahead of time.
        groups: names of the G groups.
        horizon: H, the number of leads.
        season: steps of a season; None if there is none.
        base: what forecasts are relative to.
        levels: of the quantiles that are told; None for those of the configuration.

    Raises:
        CarouselError: the configuration is of another task, or a target is known ahead of time.
    """

    level: Tensor
    scale: Tensor
    spread: Tensor
    naive_errors: Tensor

    def __init__(
        self,
        config: Config,
        *,
        features: Sequence[str],
        targets: Sequence[str],
        known: Sequence[str],
        groups: Sequence[str],
        horizon: int,
        season: int | None,
        base: Base,
        levels: Sequence[float] | None = None,
    ) -> None:
        if config.task.kind != "forecast":
            raise CarouselError(
                f"a forecaster wants a configuration of task 'forecast', got '{config.task.kind}'; set task.kind, "
                "so that no layer may look ahead"
            )
        if told := set(targets) & set(known):
            raise CarouselError(
                f"'{min(told)}' is to be forecast and known ahead of time, which cannot both be; name it once"
            )
        seen = seen_by_layer(features, targets, base)
        super().__init__(config, len(seen) + len(naive_of(season)) * len(targets))
        self.features, self.targets, self.known = tuple(features), tuple(targets), tuple(known)
        self.groups, self.horizon, self.season, self.base = tuple(groups), horizon, season, base
        task = config.task
        self.output = output_of(
            task.output, task.point_loss == "squared", task.levels if levels is None else levels
        )
        self.register_buffer("level", torch.zeros(len(groups), len(targets)))
        self.register_buffer("scale", torch.ones(len(groups), len(targets)))
        self.register_buffer("spread", torch.ones(horizon, len(targets)))
        self.register_buffer("naive_errors", torch.ones(len(groups), len(targets)))
        self._target_columns = [self.features.index(name) for name in targets]
        self._known_columns = [self.features.index(name) for name in known]
        self.seen = seen
        """Which of the features the layer sees, by position."""
        self.dropout = nn.Dropout(config.model.dropout)
        self.head = LeadHead(
            self.width, len(known), horizon, len(targets), config.model.hidden_size, self.output
        )
        self._window = config.model.context[0]
        self._carried: dict[bool, State] = {}

    @property
    def names(self) -> dict[str, Any]:
        named = ("features", "targets", "known", "groups", "horizon", "season", "base")
        return {name: getattr(self, name) for name in named} | {"levels": self.output.levels}

    @property
    def input_names(self) -> tuple[str, ...]:
        """The names of what the layer sees at each step."""
        surprises = {"last": "change of", "season": "season's change of"}
        naive = naive_of(self.season)
        seen = (self.features[column] for column in self.seen)
        return (*seen, *(f"{surprises[kind]} {name}" for kind in naive for name in self.targets))

    @property
    def reach(self) -> Reach:
        """How far a step looks back, and how far its forecasts go."""
        return reach_of(self.config, self.season, self.horizon)

    @property
    def warm_up(self) -> int | None:
        """The steps that are read from a zero state before a forecast counts; None for all there are."""
        training = self.config.training
        return None if training.unroll else history_of(training.history, self.season, self.horizon)

    def forward(self, batch: SeriesBatch, state: State | None = None) -> tuple[Forecast, State]:
        """Forecasts from the steps of a batch, and the state after the last one.

        Origins are the steps from the first that counts on; in training every few of them, see `LEADS_A_STEP`.
        """
        past, horizon = self.reach
        targets = self.standardised_targets(batch)
        steps = len(targets) - past - horizon
        v, state = self._through_layer(self.inputs(batch, targets), batch, state)
        origins = self._origins(batch, steps)
        at = torch.arange(steps, device=v.device)[origins]
        said = self.head(self.dropout(v[origins]), self.standardised_known(batch.rows[past + 1 :]), at)
        base = base_of(self.base, targets, batch.observed, past, horizon, self.season)[origins]
        points = base.unsqueeze(-1) + self.spread.unsqueeze(-1) * said
        counts = (at.unsqueeze(1) >= batch.counted) & (at.unsqueeze(1) < batch.steps)
        counted = ahead(batch.observed[past + 1 :], horizon)[origins] & counts[..., None, None]
        around = self.level[batch.group].unsqueeze(1), self.scale[batch.group].unsqueeze(1)
        return Forecast(points, counted, targets, batch.observed, *around, origins, self.reach), state

    def _origins(self, batch: SeriesBatch, steps: int) -> slice:
        first = min(max(0, int(batch.counted.min())), steps - 1)
        if not self.training:
            return slice(first, None)
        stride = max(1, self.horizon // LEADS_A_STEP)
        return slice(min(first + int(torch.randint(stride, ())), steps - 1), None, stride)

    def _through_layer(self, x: Tensor, batch: SeriesBatch, state: State | None) -> tuple[Tensor, State]:
        """The layer's v [K, B, d] from inputs [p + K, B, ...], of which its window sees p before the first step."""
        given: dict[str, Any] = {"hx": started(state, batch.starts)}
        if self._window:
            before = torch.arange(-self._window, 0, device=x.device).unsqueeze(1)
            is_there = (batch.first + before >= 0).unsqueeze(-1)
            given["halo"] = x[: self._window] * is_there
        v, state = self.layer(x[self._window :], **given)
        return v, state

    def inputs(self, batch: SeriesBatch, targets: Tensor) -> Tensor:
        """What the layer sees at each step, [p + K, B, I], from the standardised targets [L + K + H, B, D].

        Features, and how far each naive forecast for this step, made one step before, is off the truth. The layer's
        input window looks back at p steps before the first.
        """
        past, horizon = self.reach
        now = slice(past - self._window, len(targets) - horizon)
        x = batch.rows[now].clone()
        x[..., self._target_columns] = targets[now]
        earlier = targets[: now.stop], batch.observed[: now.stop], now.start - 1, 1, self.season
        surprises = [targets[now] - base_of(kind, *earlier).squeeze(2) for kind in naive_of(self.season)]
        return self.standardised(torch.cat([x[..., self.seen], *surprises], dim=-1))

    def standardised_targets(self, batch: SeriesBatch) -> Tensor:
        """The targets [L + K + H, B, D] in terms of their group's mean and deviation."""
        return (batch.rows[..., self._target_columns] - self.level[batch.group]) / self.scale[batch.group]

    def standardised_known(self, rows: Tensor) -> Tensor:
        """The features known ahead of time, [..., c], of rows [..., F]."""
        places = [self.seen.index(column) for column in self._known_columns]
        return (rows[..., self._known_columns] - self.mean[places]) / self.std[places]

    def losses(self, forecast: Forecast) -> Tensor:
        """The mean loss over leads and targets at each of n origins that count and have a truth, [n]."""
        return _by_origin(self.output.losses(forecast.points, forecast.y), forecast.counted)

    def scores(self, batch: SeriesBatch) -> dict[str, Tensor]:
        """For each of n origins: the loss, and the absolute error in terms of the naive one, as in MASE; [n] each."""
        forecast, state = self(batch, self._carried.get(self.training))
        self._carried[self.training] = detached(state)
        error = (forecast.y - self.output.middle(forecast.points)).abs() * forecast.scale
        naive = self.naive_errors[batch.group].unsqueeze(1)
        return {"loss": self.losses(forecast), "mase": _by_origin((error / naive).detach(), forecast.counted)}


def _by_origin(values: Tensor, counted: Tensor) -> Tensor:
    """The mean over leads and targets that count, for each origin with any; [n]."""
    count = counted.sum(dim=(2, 3))
    means = torch.where(counted, values, 0.0).sum(dim=(2, 3)) / count.clamp(min=1)
    return means[count > 0]
