"""neuralhydrology's CudaLSTM, with its loss and the loop of its trainer, whose data would be catchments on disk."""

import torch
from neuralhydrology.modelzoo import get_model
from neuralhydrology.training import get_loss_obj, get_optimizer
from neuralhydrology.utils.config import Config

import carousel
from integration.fits import Fit, Prepare, Watch

PACKAGE, MODEL = "neuralhydrology", "CudaLSTM"
swap = carousel.swap_lstms

FORCINGS = ["precipitation", "radiation", "temperature_min", "temperature_max", "vapour_pressure"]
BATCH, DAYS = 32, 365


def batch() -> dict:
    """Random weather, and a discharge that remembers the rain of some days."""
    weather = {name: torch.rand(BATCH, DAYS, 1) for name in FORCINGS}
    rain = weather["precipitation"]
    return {"x_d": weather, "y": sum(0.8**lag * torch.roll(rain, lag, 1) for lag in range(10))}


def fit(prepare: Prepare, steps: int) -> Fit:
    watch = Watch()
    torch.manual_seed(1)
    cfg = Config(
        dict(
            model="cudalstm",
            head="regression",
            hidden_size=64,
            initial_forget_bias=3,
            output_dropout=0.4,
            dynamic_inputs=FORCINGS,
            target_variables=["discharge"],
            seq_length=DAYS,
            predict_last_n=1,
            loss="MSE",
            optimizer="Adam",
            learning_rate={0: 1e-3},
            clip_gradient_norm=1,
        )
    )
    model = get_model(cfg)
    prepare(model)
    optimizer, loss_of = get_optimizer(model, cfg), get_loss_obj(cfg)
    model.train()
    for _ in range(steps):
        data = batch()
        loss, _ = loss_of(model(data), data)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), cfg.clip_gradient_norm)
        optimizer.step()
        watch.step(loss)
    unseen = batch()

    def forecast():
        model.eval()
        with torch.no_grad():
            return model(unseen)["y_hat"].numpy()

    return Fit(model, watch, forecast)
