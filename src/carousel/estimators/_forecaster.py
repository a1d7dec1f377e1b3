"""Numbers ahead of series, with scikit-learn's manners."""

import io
from collections.abc import Mapping, Sequence
from os import PathLike
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from carousel.data.series import Series
from carousel.data.tables import Table, to_series
from carousel.errors import CarouselError
from carousel.estimators._estimator import Estimator, value_errors
from carousel.estimators._fit import TABLE_OPTIONS
from carousel.estimators._tables import as_frame
from carousel.training import TASKS, SeriesForecaster
from carousel.training.forecasting.parts import whole


class Forecaster(Estimator):
    """Learns to say what follows in series, with a band, by a recurrent layer and one head for all leads.

    X is a pandas frame with a row for each step (several series are told apart by a column), a pandas Series, an array
    [T] or [T, D], or a list of such series. A number that is missing may be NaN. Parts are cut in time order: what
    comes first is learnt from, then epochs are compared, and the last rows make the run's own test score, beside which
    `metrics_["test"]` has those of naive forecasts. The same seed gives the same numbers.

    Args:
        horizon: steps to forecast; by default one season, but 48 steps at most.
        target: columns of a frame to forecast; by default all its numbers.
        time: columns that together are the time.
        group: columns whose values tell series apart.
        known: columns that are known ahead of time.
        date_format: how a frame writes times, as of strptime, where they can be read in two ways.
        time_zone: of times that name none, such as "Europe/Berlin".
        output: what a forecast is: point, quantile or gaussian.
        layer: lstm, vanilla, augmented, torch or gru.
        hidden_size: cells in each layer.
        num_layers: layers stacked on each other.
        dropout: share of signals dropped between layers and before the head.
        history: steps that a forecast has behind it in training, at least; by default that follows from the season.
        unroll: steps of a segment, which goes on in the state that the one before ended in; 0: no segments.
        epochs: passes over the training part, at most.
        batch_size: windows or segments in one step.
        learning_rate: highest step size of AdamW.
        weight_decay: decoupled weight decay of AdamW.
        patience: epochs without a better validation loss before training stops.
        validation_fraction: share of the rows that choose the best epoch.
        test_fraction: share of the rows, the last ones, that the model is tested on once.
        seed: of everything random.
        device: cpu, cuda or mps; where the training runs.
        settings: further fields of the configuration, such as `{"base": "season"}`.
        out: a folder for the run, which `carousel report` draws; by default nothing stays on disk.
        progress: show on standard error what was inferred, and the progress.

    Attributes:
        n_iter_: the epochs that were trained.
        history_: the losses and errors of each epoch.
        metrics_: what `metrics.json` of a run says.

    All methods raise ValueError where X, or as `fit` begins a parameter, is not as it should be, and
    `sklearn.exceptions.NotFittedError` before `fit`.
    """

    _kind = "forecast"

    def __init__(
        self,
        horizon: int | None = None,
        target: str | Sequence[str] | None = None,
        time: str | Sequence[str] | None = None,
        group: str | Sequence[str] | None = None,
        known: str | Sequence[str] | None = None,
        date_format: str | None = None,
        time_zone: str | None = None,
        output: str = "quantile",
        layer: str = "lstm",
        hidden_size: int = 64,
        num_layers: int = 1,
        dropout: float = 0.2,
        history: int | None = None,
        unroll: int = 0,
        epochs: int = 12,
        batch_size: int = 16,
        learning_rate: float = 1e-2,
        weight_decay: float = 1e-2,
        patience: int = 30,
        validation_fraction: float = 0.2,
        test_fraction: float = 0.2,
        seed: int = 0,
        device: str = "cpu",
        settings: Mapping[str, Any] | None = None,
        out: str | PathLike[str] | None = None,
        progress: bool = False,
    ) -> None:
        self.horizon = horizon
        self.target = target
        self.time = time
        self.group = group
        self.known = known
        self.date_format = date_format
        self.time_zone = time_zone
        self.output = output
        self.layer = layer
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.dropout = dropout
        self.history = history
        self.unroll = unroll
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.patience = patience
        self.validation_fraction = validation_fraction
        self.test_fraction = test_fraction
        self.seed = seed
        self.device = device
        self.settings = settings
        self.out = out
        self.progress = progress

    @value_errors
    def fit(self, X: Any, y: None = None) -> "Forecaster":
        """Learn from series X; y is there for scikit-learn alone."""
        frame, roles = as_frame(X)
        named = {name: getattr(self, name) for name in TABLE_OPTIONS if getattr(self, name)}
        self._series = _packed(Table.from_frame(frame))
        self._train(frame, roles | named)
        return self

    @value_errors
    def predict(self, X: Any = None, horizon: int | None = None) -> pd.DataFrame:
        """Forecast beyond the last measured number of each series.

        Args:
            X: series to go on from, of the same kind as in `fit`; by default those. Of a list, the series are those of
                `fit` in the same order. Columns known ahead are taken from the rows after the last measured number:
                these must be there, their targets empty.
            horizon: steps to forecast, at most the trained `horizon_`; by default all.

        Returns:
            A row for each series, target and step: `group` if there are any, `target`, `time`, `lead`, `forecast`, and
            unless the output is a point `lower` and `upper`, the ends of a 90 % band.
        """
        model = self._model
        steps = model.horizon if horizon is None else horizon
        if not 1 <= steps <= model.horizon:
            raise CarouselError(
                f"horizon is {steps}, wanted 1 to {model.horizon}, which the model was trained for; "
                "fit with a longer one"
            )
        forecasts = TASKS[self._kind].table(model, whole(self._ahead(X, model.horizon)))
        return forecasts[forecasts["lead"] <= steps].reset_index(drop=True)

    @value_errors
    def score(self, X: Any, y: None = None) -> float:
        """Minus the mean absolute error in terms of the naive one in training (MASE), so that more is better.

        It is the mean over all steps of X that have a season behind them and over all leads, groups and targets.
        """
        scores = TASKS[self._kind].score(self._model, whole(self._read(Table.from_frame(as_frame(X)[0]))))
        return -float(scores["mase"]["forecast"])

    @property
    def horizon_(self) -> int:
        """The steps that are forecast."""
        return self._model.horizon

    @property
    def _model(self) -> SeriesForecaster:
        model = self._require_fitted().model
        assert isinstance(model, SeriesForecaster)
        return model

    def _ahead(self, X: Any, horizon: int) -> Series:
        """Series with the rows to forecast behind them."""
        if X is not None:
            return self._read(Table.from_frame(as_frame(X)[0]), horizon)
        try:
            return self._read(Table.from_arrow(_unpacked(self._series)), horizon)
        except CarouselError as error:
            raise CarouselError(f"{error}, and give predict the series with them") from error

    def _read(self, table: Table, ahead: int = 0) -> Series:
        schema = self._model.config.data.table
        assert schema is not None
        return to_series(table, schema, ahead=ahead)


def _packed(table: Table) -> bytes:
    """The table as a Parquet file, so that a pickle holds plain bytes."""
    file = io.BytesIO()
    pq.write_table(table.source, file)
    return file.getvalue()


def _unpacked(content: bytes) -> Any:
    return pq.read_table(io.BytesIO(content))
