"""gluonts' DeepAR at its default size."""

import lightning.pytorch
import numpy as np
from gluonts.dataset.common import ListDataset
from gluonts.torch.model.deepar import DeepAREstimator

import carousel
from integration.fits import Fit, Prepare, Watch, callbacks
from integration.series import seasonal

PACKAGE, MODEL = "gluonts", "DeepAR"
swap = carousel.swap_lstms


def fit(prepare: Prepare, steps: int) -> Fit:
    watch = Watch()
    lightning.pytorch.seed_everything(1)
    data = ListDataset([{"start": "2000-01", "target": target} for target in seasonal(20)], freq="M")
    estimator = DeepAREstimator(
        freq="M",
        prediction_length=12,
        context_length=48,
        num_batches_per_epoch=steps,
        trainer_kwargs=dict(
            callbacks=callbacks(lightning.pytorch, prepare, watch),
            max_epochs=1,
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            enable_model_summary=False,
        ),
    )
    predictor = estimator.train(data)

    def forecast():
        lightning.pytorch.seed_everything(2)
        return np.stack([one.samples for one in predictor.predict(data)])

    return Fit(predictor.prediction_net, watch, forecast)
