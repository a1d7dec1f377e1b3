"""neuralforecast's LSTM at its default size."""

import pytorch_lightning
from neuralforecast import NeuralForecast
from neuralforecast.models import LSTM
from neuralforecast.utils import AirPassengersPanel

import carousel
from integration.fits import Fit, Prepare, Watch, callbacks

PACKAGE, MODEL = "neuralforecast", "LSTM"
swap = carousel.swap_lstms


def fit(prepare: Prepare, steps: int, **settings) -> Fit:
    watch = Watch()
    model = LSTM(
        h=12,
        input_size=24,
        max_steps=steps,
        callbacks=callbacks(pytorch_lightning, prepare, watch),
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        **settings,
    )
    forecaster = NeuralForecast([model], freq="ME")
    forecaster.fit(AirPassengersPanel[["unique_id", "ds", "y"]])
    return Fit(forecaster.models[0], watch, lambda: forecaster.predict()["LSTM"].to_numpy())
