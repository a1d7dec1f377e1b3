"""Numbers ahead: what a forecast is, how a model learns to make it, and how good it is beside naive ones."""

from carousel.training.forecasting.forecaster import Forecast as Forecast
from carousel.training.forecasting.forecaster import SeriesForecaster as SeriesForecaster
from carousel.training.forecasting.parts import Part as Part
from carousel.training.forecasting.scoring import beyond as beyond
from carousel.training.forecasting.scoring import from_origins as from_origins
from carousel.training.forecasting.scoring import passes as passes
from carousel.training.forecasting.scoring import score as score
