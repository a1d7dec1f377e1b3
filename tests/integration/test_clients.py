"""Packages that build on torch.nn.LSTM train with carousel's layers in its place, and the losses are the same."""

import importlib

import numpy as np
import pytest
import torch
from torch import nn

import carousel
from integration import record

CLIENTS = [
    "neuralforecast_lstm",
    "neuralforecast_recurrent",
    "darts_block_rnn",
    "gluonts_deepar",
    "pytorch_forecasting_recurrent",
    "neuralhydrology_cudalstm",
    "fastai_awd_lstm",
]
STEPS = 30
ROUNDS = 7
LOSSES_AGREE = 1e-4
"""Largest difference allowed between the losses of a step, relative to the loss. Both round differently, and training
amplifies that step by step: by 1e-7 in the first, as far as 1e-5 after 30 where a loss falls fast."""
FORECASTS_AGREE = 1e-5
"""Largest error of a forecast from the same weights, relative to its largest value: many steps, fed back in some."""


@pytest.fixture(scope="module")
def rows(request):
    """What is found on the way; if all of it was and nothing failed, it becomes the record."""
    found = []
    yield found
    if len(found) == len(CLIENTS) and not request.session.testsfailed:
        record.write(found)


@pytest.fixture(scope="module", params=CLIENTS)
def row(request, rows, tmp_path_factory):
    """Trainings in turn, with the client's own layers and with carousel's."""
    client = importlib.import_module(f"integration.clients.{request.param}")
    pairs = []
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(tmp_path_factory.mktemp(request.param))  # where some clients leave files
        for turn in range(ROUNDS):
            order = (leave, client.swap) if turn % 2 == 0 else (client.swap, leave)
            fits = {prepare: client.fit(prepare, STEPS) for prepare in order}
            pairs.append((fits[leave], fits[client.swap]))
        rows.append(record.Row(client.PACKAGE, client.MODEL, pairs))
        yield rows[-1]


def leave(network):
    """Let a network keep the layers that its client gave it."""


def test_one_trains_with_torchs_layers_and_the_other_with_carousels(row):
    for theirs, ours in row.pairs:
        assert kinds(theirs.network) == {nn.LSTM}
        assert kinds(ours.network) == {carousel.LSTM}


def kinds(network):
    """Which of the two kinds of layer a network has in it."""
    modules = list(network.modules())
    return {kind for kind in (nn.LSTM, carousel.LSTM) if any(isinstance(module, kind) for module in modules)}


def test_losses_are_the_same_at_every_step(row):
    for theirs, ours in row.pairs:
        assert len(theirs.watch.losses) == len(ours.watch.losses) == STEPS
        assert min(theirs.watch.losses) < 0.95 * theirs.watch.losses[0], (
            "it learns, so there is something to compare"
        )
    assert row.difference <= LOSSES_AGREE


@pytest.mark.parametrize("direction", ["into carousel's", "into torch's"])
def test_weights_go_over_and_forecast_the_same(row, direction):
    source, target = row.pairs[0] if direction == "into carousel's" else reversed(row.pairs[0])
    wanted = source.forecast()
    with torch.no_grad():
        for parameter in target.network.parameters():
            parameter.uniform_(-0.1, 0.1)
    assert error(target.forecast(), wanted) > 1e-2, "other weights, other forecasts"
    target.network.load_state_dict(source.network.state_dict(), strict=True)
    assert error(target.forecast(), wanted) <= FORECASTS_AGREE


def error(got, wanted):
    assert got.shape == wanted.shape
    assert np.isfinite(wanted).all()
    return np.abs(got - wanted).max() / np.abs(wanted).max()
