"""The autoregression that forecasts are compared with: for each lead a linear function of the last values.

Each target is forecast from itself alone, in terms of its group's mean and deviation, by weights that all groups share
and least squares choose. How many values are looked back at is chosen by the squared error in the validation part; the
weights then come from all that lies before the test part, of long series from its last rows.
"""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from carousel.training.forecasting.parts import Part
from carousel.training.forecasting.rival import Array, LeftOutError
from carousel.training.forecasting.scaling import Moments

ORDERS = (1, 2, 3, 6, 12, 24, 48)
SEASONS = (1, 2, 7)
"""Beside `ORDERS`, so many seasons and one step more are tried."""
MOST_ROWS = 40_000
"""Rows of all segments together that weights come from, about."""
LEAST_ROWS = 500
RIDGE = 1e-6
"""Added to mean squares of standardised values, so that a constant series has weights too."""


class Autoregression:
    """Weights for one target; a `Rival`.

    Args:
        learning: the training part.
        choosing: the validation part, which the order is chosen by.
        moments: means and deviations of the groups.
        target: its position.
        horizon: H, the leads.

    Attributes:
        order: how many values are looked back at.

    Raises:
        LeftOutError: no stretch of measured values is long enough to learn from.
    """

    def __init__(self, learning: Part, choosing: Part, moments: Moments, target: int, horizon: int) -> None:
        self._series, self._target, self._horizon = learning.series, target, horizon
        self._groups = sorted(set(self._series.groups))
        self._level, self._scale = moments.level[:, target], moments.scale[:, target]
        season = self._series.season
        orders = sorted({*ORDERS, *(count * season + 1 for count in SEASONS if season)})
        (x, y), (later_x, later_y) = (self._pairs(part, orders[-1]) for part in (learning, choosing))
        orders = [order for order in orders if len(x) >= 2 * (order + 1)]
        if not orders or not len(later_x):
            raise LeftOutError("there is too little before the test part to learn it from")

        def error(order: int) -> float:
            weights = _least_squares(x[:, : order + 1], y)
            return float(np.square(later_x[:, : order + 1] @ weights - later_y).mean())

        self.order = min(orders, key=error)
        x, y = np.concatenate([x, later_x])[:, : self.order + 1], np.concatenate([y, later_y])
        self._weights = _least_squares(x, y)
        freedom = len(x) - x.shape[1]
        self._deviation: Array = np.sqrt(np.square(x @ self._weights - y).sum(axis=0) / freedom)

    def told(self, segment: int, first: int, stop: int) -> tuple[Array, Array]:
        group = self._groups.index(self._series.groups[segment])
        level, scale = self._level[group], self._scale[group]
        said = self._lags(segment, first, stop, self.order) @ self._weights
        return said * scale + level, np.tile(self._deviation * scale, (len(said), 1))

    def _pairs(self, part: Part, order: int) -> tuple[Array, Array]:
        """`_lags` [n, 1 + order] and what came [n, H], at the origins all of whose leads were measured."""
        budget = max(LEAST_ROWS, MOST_ROWS // len(part.series))
        x, y = [np.empty((0, 1 + order))], [np.empty((0, self._horizon))]
        for segment, (counted, end) in enumerate(zip(part.counted, part.ends, strict=True)):
            first = max(counted, end - budget)
            if end - first > self._horizon:
                ahead = sliding_window_view(self._values(segment, first + 1, end), self._horizon)
                measured = self._series.observed[segment][first + 1 : end][:, self._target]
                whole = sliding_window_view(measured, self._horizon).all(axis=1)
                x.append(self._lags(segment, first, first + len(ahead), order)[whole])
                y.append(ahead[whole])
        return np.concatenate(x), np.concatenate(y)

    def _lags(self, segment: int, first: int, stop: int, order: int) -> Array:
        """One and the last values at each row, newest first, [K, 1 + order]; before it a segment was like its first."""
        start = max(0, first - order + 1)
        values = self._values(segment, start, stop)
        values = np.concatenate([np.full(order - 1 - (first - start), values[0]), values])
        return np.column_stack([np.ones(stop - first), sliding_window_view(values, order)[:, ::-1]])

    def _values(self, segment: int, first: int, stop: int) -> Array:
        column = self._series.target_columns[self._target]
        group = self._groups.index(self._series.groups[segment])
        values = self._series.values[segment][first:stop][:, column].astype(np.float64)
        standardised: Array = (values - self._level[group]) / self._scale[group]
        return standardised


def _least_squares(x: Array, y: Array) -> Array:
    squares: Array = x.T @ x / len(x) + RIDGE * np.eye(x.shape[1])
    products: Array = x.T @ y / len(x)
    weights: Array = np.linalg.solve(squares, products).astype(np.float64)
    return weights
