"""darts' BlockRNNModel, which looks torch.nn.LSTM up by its name, at its default size."""

import pytorch_lightning
from darts import TimeSeries
from darts.models import BlockRNNModel

import carousel
from integration.fits import Fit, Prepare, Watch, callbacks
from integration.series import seasonal

PACKAGE, MODEL = "darts", "BlockRNNModel"
swap = carousel.swap_lstms


def fit(prepare: Prepare, steps: int) -> Fit:
    watch = Watch()
    series = TimeSeries.from_values(seasonal(1)[0])
    model = BlockRNNModel(
        input_chunk_length=48,
        output_chunk_length=12,
        model="LSTM",
        random_state=1,
        pl_trainer_kwargs=dict(
            callbacks=callbacks(pytorch_lightning, prepare, watch),
            max_steps=steps,
            max_epochs=None,
            accelerator="cpu",
            enable_progress_bar=False,
            enable_model_summary=False,
        ),
    )
    model.fit(series, epochs=1000)
    return Fit(model.model, watch, lambda: model.predict(12, verbose=False).values())
