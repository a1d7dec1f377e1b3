"""torch.nn.LSTMCell: one call of the layer is a loop over the cell."""

import pytest
import torch
from peers import FEATURES, B, H, answer, inputs, randomized, weights
from torch import nn

import carousel
from carousel.convert import from_lstm_cell, to_lstm_cell
from helpers import assert_same


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_a_call_repeats_a_loop_over_the_cell(bias, dtype):
    cell = randomized(nn.LSTMCell(FEATURES, H, bias, dtype=dtype))
    layer = from_lstm_cell(cell)
    x, states = inputs(1, 1, dtype)
    h, c = states[0][0], states[1][0]
    output = []
    for x_n in x:
        h, c = cell(x_n, (h, c))
        output.append(h)
    assert_same(answer(layer, x, states), [torch.stack(output), h[None], c[None]])
    assert layer.bias == bias


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
def test_there_and_back_are_the_same_bits(bias):
    layer = randomized(carousel.LSTM(FEATURES, H, bias=bias, dtype=torch.float64)).eval()
    cell = to_lstm_cell(layer)
    assert (cell.training, cell.bias, cell.input_size, cell.hidden_size) == (False, bias, FEATURES, H)
    again = from_lstm_cell(cell)
    assert_same(weights(again), weights(layer), 0.0)
    assert not again.training


def test_a_frozen_weight_stays_frozen():
    cell = nn.LSTMCell(3, 4)
    cell.weight_hh.requires_grad_(False)
    trained = {name: weight.requires_grad for name, weight in from_lstm_cell(cell).named_parameters()}
    assert [name for name, is_trained in trained.items() if not is_trained] == ["weight_hh_l0"]


def test_it_is_a_copy_and_draws_no_random_numbers():
    cell = randomized(nn.LSTMCell(FEATURES, H))
    before = torch.get_rng_state()
    layer = from_lstm_cell(cell)
    assert torch.equal(torch.get_rng_state(), before)
    wanted = layer.weight_ih_l0.detach().clone()
    with torch.no_grad():
        cell.weight_ih.zero_()
    assert torch.equal(layer.weight_ih_l0, wanted)


def test_a_parametrized_cell_comes_as_it_is_now():
    cell = nn.utils.parametrizations.weight_norm(nn.LSTMCell(FEATURES, H), "weight_hh")
    assert_same(from_lstm_cell(cell).weight_hh_l0, cell.weight_hh)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(num_layers=2), r"has num_layers=1 only, this layer has num_layers=2"),
        (
            dict(bidirectional=True, proj_size=2),
            r"has bidirectional=False, proj_size=0 only, this layer has bidirectional=True, proj_size=2",
        ),
        (dict(peephole="full"), r"has peephole='none' only, this layer has peephole='full'"),
        (dict(input_gate=True), r"has input_gate=False only, this layer has input_gate=True"),
        (dict(zoneout=0.1), r"has zoneout=\(0, 0\) only, this layer has zoneout=\(0.1, 0.1\)"),
        (dict(weight_dropout=0.1), r"draws in ways of its own; call layer.eval\(\) first"),
        (dict(context=(0, 1)), r"has context=\[\(0, 0\)\] only, this layer has context=\[\(0, 1\)\]"),
    ],
)
def test_what_a_cell_lacks_is_refused(options, message):
    with pytest.raises(ValueError, match="^to_lstm_cell: .*torch.nn.LSTMCell " + message):
        to_lstm_cell(carousel.LSTM(FEATURES, H, **options))


def test_other_kinds_are_refused():
    with pytest.raises(
        TypeError, match="^from_lstm_cell takes a torch.nn.LSTMCell, got torch.nn.modules.rnn.GRUCell$"
    ):
        from_lstm_cell(nn.GRUCell(B, H))
    with pytest.raises(TypeError, match="^to_lstm_cell takes a carousel.LSTM, got LSTM$"):
        to_lstm_cell(nn.LSTM(FEATURES, H))
