"""torchrecurrent.PeepholeLSTM, as the package itself computes it."""

import pytest
import torch
import torchrecurrent
from peers import FEATURES, H, answer, inputs, randomized, weights
from torch import nn

import carousel
from carousel.convert import from_torchrecurrent, to_torchrecurrent
from helpers import assert_same


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("batch_first", [False, True], ids=["time first", "batch first"])
@pytest.mark.parametrize(
    ("bias", "recurrent_bias"), [(True, True), (True, False), (False, True), (False, False)]
)
@pytest.mark.parametrize("layers", [1, 2])
def test_outputs_and_states(layers, bias, recurrent_bias, batch_first, dtype):
    module = torchrecurrent.PeepholeLSTM(
        FEATURES,
        H,
        layers,
        batch_first=batch_first,
        bias=bias,
        recurrent_bias=recurrent_bias,
        dtype=dtype,
    )
    layer = from_torchrecurrent(randomized(module))
    x, states = inputs(layers, 1, dtype)
    output, last = module(x.transpose(0, 1) if batch_first else x, tuple(states))
    assert_same(answer(layer, x, states), [output.transpose(0, 1) if batch_first else output, *last])
    assert layer.bias == (bias or recurrent_bias)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("layers", [1, 2])
def test_there_and_back_are_the_same_bits(layers, bias):
    options = dict(bias=bias, batch_first=True, dropout=0.25 * (layers - 1), dtype=torch.float64)
    layer = randomized(carousel.LSTM(FEATURES, H, layers, peephole="diagonal", **options)).eval()
    module = to_torchrecurrent(layer)
    again = from_torchrecurrent(module)
    assert_same(weights(again), weights(layer), 0.0)
    assert repr(again) == repr(layer)
    x, states = inputs(layers, 1, torch.float64)
    output, last = module(x.transpose(0, 1), tuple(states))
    assert_same(answer(layer, x, states), [output.transpose(0, 1), *last])
    assert not again.training
    assert not module.training


def test_a_layer_without_bias_gives_a_module_that_learns_none():
    module = to_torchrecurrent(carousel.LSTM(FEATURES, H, peephole="diagonal", bias=False))
    assert [name for name, _ in module.named_parameters() if "bias" in name] == []


def test_other_activations_are_refused():
    module = torchrecurrent.PeepholeLSTM(FEATURES, H, nonlinearity="relu", gate_nonlinearity="hard_sigmoid")
    with pytest.raises(
        ValueError, match="^from_torchrecurrent: activations must be Tanh and .*got ReLU and Hardsigmoid$"
    ):
        from_torchrecurrent(module)


def test_what_it_lacks_is_refused():
    for options, message in [
        ({}, "has peephole='diagonal' only, this layer has peephole='none'$"),
        (dict(peephole="full"), "has peephole='diagonal' only, this layer has peephole='full'$"),
        (dict(peephole="diagonal", bidirectional=True), "this layer has bidirectional=True$"),
    ]:
        with pytest.raises(ValueError, match="^to_torchrecurrent: torchrecurrent.PeepholeLSTM .*" + message):
            to_torchrecurrent(carousel.LSTM(FEATURES, H, **options))


def test_other_kinds_are_refused():
    with pytest.raises(TypeError, match="^from_torchrecurrent takes a .*PeepholeLSTM, got LSTM$"):
        from_torchrecurrent(nn.LSTM(FEATURES, H))
