"""What forecasts of normal distributions are compared with where no past value tells the level: returns of a price.

The constant distribution, and GARCH(1,1) (Bollerslev 1986) with innovations of Student's t: the variance of the next
step is a constant, a share of the last squared error, and a share of the last variance.
"""

import warnings
from typing import NamedTuple

import numpy as np
from scipy.signal import lfilter  # type: ignore[import-untyped]

from carousel.data import Series
from carousel.training.forecasting.parts import Part
from carousel.training.forecasting.rival import Array, LeftOutError
from carousel.training.forecasting.scaling import Moments

MOST_ROWS = 20_000
"""The last ones of a group, which GARCH is learnt from, and of a segment, which its variance is told from."""
FEWEST_ROWS = 100
MOST_GROUPS = 20
TO_PERCENT = 10.0
"""Standardised values are multiplied by it, for the optimiser of arch likes a variance of about a hundred."""


class Constant:
    """The same mean and deviation everywhere, those of a target's group before the test part; a `Rival`."""

    def __init__(self, series: Series, moments: Moments, target: int, horizon: int) -> None:
        self._group_of = [sorted(set(series.groups)).index(name) for name in series.groups]
        self._moments, self._target, self._horizon = moments, target, horizon

    def told(self, segment: int, first: int, stop: int) -> tuple[Array, Array]:
        place = self._group_of[segment], self._target
        shape = stop - first, self._horizon
        return np.full(shape, self._moments.level[place]), np.full(shape, self._moments.scale[place])


class _Parameters(NamedTuple):
    """Of the variance omega + alpha e² + beta s², where e is the distance from the mean mu."""

    mu: float
    omega: float
    alpha: float
    beta: float


class Garch:
    """A model for each group; a `Rival`.

    Args:
        choosing: the validation part; what is learnt from ends where it ends.
        target: its position.
        horizon: H, the leads.

    Raises:
        LeftOutError: arch is not installed, there is too little to learn from, or its optimiser does not converge.
    """

    def __init__(self, choosing: Part, target: int, horizon: int) -> None:
        self._series, self._horizon = choosing.series, horizon
        self._column = self._series.target_columns[target]
        if len(set(self._series.groups)) > MOST_GROUPS:
            raise LeftOutError(f"there are more than {MOST_GROUPS} series to learn it from")
        self._of_group = {name: self._learnt(choosing, name) for name in set(self._series.groups)}

    def told(self, segment: int, first: int, stop: int) -> tuple[Array, Array]:
        mu, omega, alpha, beta = self._of_group[self._series.groups[segment]]
        start = max(0, first - MOST_ROWS)
        squares = np.square(self._values(segment, start, stop) - mu)
        in_the_long_run = omega / (1 - alpha - beta)
        next_variance, _ = lfilter([1.0], [1.0, -beta], omega + alpha * squares, zi=[beta * in_the_long_run])
        decay = (alpha + beta) ** np.arange(self._horizon)
        variance = in_the_long_run + decay * (next_variance[first - start :, None] - in_the_long_run)
        return np.full_like(variance, mu), np.sqrt(variance)

    def _learnt(self, choosing: Part, group: str) -> _Parameters:
        try:
            from arch import arch_model
        except ImportError as error:
            raise LeftOutError(
                "it needs the package arch; run pip install 'carousel-lstm[volatility]'"
            ) from error

        rows = [
            self._values(segment, max(0, end - MOST_ROWS), end)
            for segment, end in enumerate(choosing.ends)
            if self._series.groups[segment] == group
        ]
        values = np.concatenate(rows)[-MOST_ROWS:]
        if len(values) < FEWEST_ROWS or not values.std():
            raise LeftOutError("there is too little before the test part to learn it from")
        unit = values.std() / TO_PERCENT
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # what is to be said of the optimiser is said below
            found = arch_model(values / unit, mean="Constant", vol="GARCH", p=1, q=1, dist="t").fit(
                disp="off"
            )
        mu, omega, alpha, beta = (found.params[name] for name in ("mu", "omega", "alpha[1]", "beta[1]"))
        if found.convergence_flag or not alpha + beta < 1:
            raise LeftOutError("its likelihood has no maximum that could be found")
        return _Parameters(mu * unit, omega * unit**2, alpha, beta)

    def _values(self, segment: int, first: int, stop: int) -> Array:
        values: Array = self._series.values[segment][first:stop][:, self._column].astype(np.float64)
        return values
