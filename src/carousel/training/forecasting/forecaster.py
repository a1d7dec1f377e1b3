"""A recurrent layer that says at every step what comes next."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from carousel.errors import CarouselError
from carousel.training.config import Config
from carousel.training.forecasting.bases import Base, ahead, base_of
from carousel.training.forecasting.batches import Reach, SeriesBatch
from carousel.training.forecasting.head import LeadHead
from carousel.training.forecasting.outputs import output_of
from carousel.training.model import SequenceModel

State = tuple[Tensor, Tensor]


class Forecast(NamedTuple):
    """What is said at O origins about the leads 1 to H, beside the truth; in standardised units, each [O, B, H, D].

    Attributes:
        points: [O, B, H, D, P].
        y: the truth; 0 where there is none.
        counted: where it was measured, and its origin counts.
        scale: [B, 1, D], a standardised unit in units of the target.
        level: [B, 1, D], what 0 stands for.
    """

    points: Tensor
    y: Tensor
    counted: Tensor
    scale: Tensor
    level: Tensor


class SeriesForecaster(SequenceModel):
    """Standardisation, recurrent layer, dropout, and one head for all leads: the distribution of y[n+k], k = 1 to H.

    Many to many and direct: every step n is the origin of forecasts for all leads, made of the layer's v[n], of what is known
    ahead of time about step n+k, and of k. They are told relative to a base, such as the value one season before, in
    terms of that base's error in training, and start out as this base with that error. All groups share the weights; each
    group's targets are standardised by its own mean and deviation.

    Args:
        config: the run; its sections `task`, `model` and `training` are used.
        features: names of the F features.
        targets: names of the D features that are forecast.
        known: names of the features known ahead of time.
        groups: names of the G groups.
        horizon: H, the number of leads.
        season: steps of a season; None if there is none.
        base: what forecasts are relative to.

    Raises:
        CarouselError: the layer would see what it has to predict.
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
    ) -> None:
        _require_blind(config)
        super().__init__(config, len(features))
        self.features, self.targets, self.known = tuple(features), tuple(targets), tuple(known)
        self.groups, self.horizon, self.season, self.base = tuple(groups), horizon, season, base
        self.output = output_of(config.task.output)
        self.register_buffer("level", torch.zeros(len(groups), len(targets)))
        self.register_buffer("scale", torch.ones(len(groups), len(targets)))
        self.register_buffer("spread", torch.ones(horizon, len(targets)))
        self.register_buffer("naive_errors", torch.ones(len(groups), len(targets)))
        self._target_columns = [self.features.index(name) for name in targets]
        self._known_columns = [self.features.index(name) for name in known]
        self.dropout = nn.Dropout(config.model.dropout)
        self.head = LeadHead(
            self.width, len(known), horizon, len(targets), config.model.hidden_size, self.output
        )
        self._carried: dict[bool, State] = {}

    @property
    def names(self) -> dict[str, Any]:
        named = ("features", "targets", "known", "groups", "horizon", "season", "base")
        return {name: getattr(self, name) for name in named}

    @property
    def reach(self) -> Reach:
        """How far a step looks back for its base and its window, and how far its forecasts go."""
        return Reach(max(self.season or 1, self.config.model.context[0]), self.horizon)

    def forward(self, batch: SeriesBatch, state: State | None = None) -> tuple[Forecast, State]:
        """Forecasts from all steps of a batch from the first that counts on, and the state after the last one."""
        level, scale = self.level[batch.group], self.scale[batch.group]
        z = self.standardised(batch.rows)
        targets = (batch.rows[..., self._target_columns] - level) / scale
        z[..., self._target_columns] = targets
        z = z * batch.exists.unsqueeze(-1)
        past = self.reach.past
        steps = len(z) - past - self.horizon
        v, state = self.layer(z[past : past + steps], _started(state, batch.starts))
        first = min(max(0, int(batch.counted.min())), steps - 1)
        cut = slice(first, None)
        base = base_of(self.base, targets[cut], batch.observed[cut], past, self.horizon, self.season)
        known = z[past + 1 + first :, :, self._known_columns]
        points = self.head(self.dropout(v[cut]), known)
        y = ahead(targets[past + 1 + first :], self.horizon)
        origins = torch.arange(first, steps, device=z.device).unsqueeze(1)
        counts = (origins >= batch.counted) & (origins < batch.steps)
        counted = ahead(batch.observed[past + 1 + first :], self.horizon) & counts[..., None, None]
        moved = base.unsqueeze(-1) + self.spread.unsqueeze(-1) * points
        return Forecast(moved, y, counted, scale.unsqueeze(1), level.unsqueeze(1)), state

    def scores(self, batch: SeriesBatch) -> dict[str, Tensor]:
        """For each of n origins with a truth: the loss, and the absolute error in terms of the naive one, as in MASE."""
        forecast, state = self(batch, self._carried.get(self.training))
        self._carried[self.training] = (state[0].detach(), state[1].detach())
        error = (forecast.y - self.output.middle(forecast.points)).abs() * forecast.scale
        naive = self.naive_errors[batch.group].unsqueeze(1)
        return {
            "loss": _by_origin(self.output.losses(forecast.points, forecast.y), forecast.counted),
            "mase": _by_origin(error / naive, forecast.counted),
        }


def _require_blind(config: Config) -> None:
    """Refuse a layer that sees beyond the step it stands at."""
    model = config.model
    if model.bidirectional:
        raise CarouselError(
            "bidirectional is true, but a layer that reads from both ends would see the numbers it has to forecast; "
            "set bidirectional to false"
        )
    if model.context[1]:
        raise CarouselError(
            f"context is {list(model.context)}, but an input window that looks ahead would see the numbers it has to "
            f"forecast; set context to [{model.context[0]}, 0]"
        )


def _started(state: State | None, starts: Tensor) -> State | None:
    """The state with zeros where it starts anew."""
    if state is None or bool(starts.all()):
        return None
    goes_on = (~starts).to(state[0]).view(1, -1, 1)
    return state[0] * goes_on, state[1] * goes_on


def _by_origin(values: Tensor, counted: Tensor) -> Tensor:
    """The mean over leads and targets that count, for each origin with any; [n]."""
    count = counted.sum(dim=(2, 3))
    means = torch.where(counted, values, 0.0).sum(dim=(2, 3)) / count.clamp(min=1)
    return means[count > 0]
