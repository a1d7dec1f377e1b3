"""pytorch-forecasting's RecurrentNetwork, whose layer is a subclass of torch.nn.LSTM that also takes empty sequences."""

import lightning.pytorch
import numpy as np
import pandas as pd
import torch
from pytorch_forecasting import RecurrentNetwork, TimeSeriesDataSet
from pytorch_forecasting.models import nn as flexible

import carousel
from integration.fits import Fit, Prepare, Watch, callbacks
from integration.series import seasonal

PACKAGE, MODEL = "pytorch-forecasting", "RecurrentNetwork"


# --8<-- [start:layer]
class LSTM(carousel.LSTM):
    """What RecurrentNetwork and DeepAR call: `lengths` may be 0 and leave a state as it is."""

    init_hidden_state = flexible.LSTM.init_hidden_state
    repeat_interleave = flexible.LSTM.repeat_interleave

    def forward(self, x, hx=None, lengths=None, enforce_sorted=True):
        if lengths is None:
            return super().forward(x, hx)
        before = self.init_hidden_state(x) if hx is None else hx
        output, after = super().forward(x, hx, lengths=lengths.clamp(min=1))
        is_empty = (lengths == 0)[None, :, None]
        return output, tuple(torch.where(is_empty, *parts) for parts in zip(before, after, strict=True))


def swap(model: RecurrentNetwork) -> None:
    model.rnn = LSTM.from_torch(model.rnn)


# --8<-- [end:layer]


def fit(prepare: Prepare, steps: int) -> Fit:
    watch = Watch()
    lightning.pytorch.seed_everything(1)
    values = seasonal(20)
    table = pd.DataFrame(
        {
            "series": np.repeat(np.arange(len(values)).astype(str), values.shape[1]),
            "n": np.tile(np.arange(values.shape[1]), len(values)),
            "y": values.reshape(-1),
        }
    )
    data = TimeSeriesDataSet(
        table,
        time_idx="n",
        target="y",
        group_ids=["series"],
        min_encoder_length=1,
        max_encoder_length=48,
        max_prediction_length=12,
        randomize_length=True,
        time_varying_unknown_reals=["y"],
    )
    model = RecurrentNetwork.from_dataset(data, hidden_size=64, dropout=0.0)  # masks: see docs/clients.md
    trainer = lightning.pytorch.Trainer(
        callbacks=callbacks(lightning.pytorch, prepare, watch),
        max_steps=steps,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    trainer.fit(model, data.to_dataloader(train=True, batch_size=64))
    unseen = TimeSeriesDataSet.from_dataset(data, table, predict=True).to_dataloader(train=False)

    def forecast():
        model.eval()
        with torch.no_grad():
            return np.concatenate([model(x)["prediction"].numpy() for x, _ in unseen])

    return Fit(model, watch, forecast)
