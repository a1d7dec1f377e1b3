"""Where training starts from: orthogonal weights, the bias of the forget gate, chrono."""

import math

import pytest
import torch

import carousel
from carousel.nn import LSTMCell
from helpers import assert_same

GATE_BIASES = "b_cs", "b_cu"


def symbols(layer, run=(0, False)):
    return {name: weight.detach().clone() for name, weight in layer.symbols(*run).items()}


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16], ids=str)
def test_orthogonal_node_by_node(dtype):
    layer = carousel.AugmentedLSTM(5, 12, 2, bidirectional=True, proj_size=7, init="orthogonal", dtype=dtype)
    for run in layer._stored_as:
        for name, weight in symbols(layer, run).items():
            weight = weight.double()
            if name.startswith("b_"):
                assert not weight.any(), name
            elif name.startswith("W_x"):
                taps, H, inputs = weight.shape
                bound = math.sqrt(6 / (H + taps * inputs))
                assert 0.8 * bound < weight.abs().max() <= bound * 1.01, name
            else:  # more rows than columns or fewer: the shorter side is orthonormal
                short = weight if len(weight) < weight.shape[1] else weight.t()
                assert_same(
                    short @ short.t(),
                    torch.eye(len(short)).double(),
                    {8: 1e-12, 4: 1e-5, 2: 0.05}[dtype.itemsize],
                )


def test_what_is_no_matrix_is_drawn_as_torch_draws():
    layer = carousel.LSTM(5, 64, peephole="diagonal", bias=False, init="orthogonal")
    peepholes = layer.weight_ch_l0.detach()
    assert peepholes.abs().max() <= 1 / 8 and peepholes.std() == pytest.approx(1 / 8 / 3**0.5, rel=0.2)


def test_an_rnn_too():
    layer = carousel.RNN(5, 12, canonical=True, init="orthogonal")
    for name in ("W_r", "W_s"):
        W = symbols(layer)[name]
        assert_same(W @ W.t(), torch.eye(12), 1e-5)


@pytest.mark.parametrize("init", ["uniform", "orthogonal"])
def test_the_forget_bias_starts_where_it_is_told_and_nothing_else_changes(init):
    torch.manual_seed(0)
    plain = carousel.AugmentedLSTM(5, 12, 2, bidirectional=True, init=init)
    torch.manual_seed(0)
    layer = carousel.AugmentedLSTM(5, 12, 2, bidirectional=True, init=init, forget_bias=1.5)
    for run in layer._stored_as:
        got, without = symbols(layer, run), symbols(plain, run)
        assert torch.equal(got.pop("b_cs"), torch.full((12,), 1.5))
        without.pop("b_cs")
        assert all(torch.equal(got[name], without[name]) for name in without)


@pytest.mark.parametrize("init", ["uniform", "orthogonal"])
def test_chrono_spreads_memories_evenly_up_to_the_longest(init):
    torch.manual_seed(0)
    layer = carousel.LSTM(3, 4000, init=init, chrono=50, proj_size=1)
    torch.manual_seed(0)
    plain = carousel.LSTM(3, 4000, init=init, proj_size=1)
    got, without = symbols(layer), symbols(plain)
    assert torch.equal(got["b_cu"], -got["b_cs"])
    steps = got["b_cs"].exp().sort().values  # of U(1, 49), in order: quantiles
    assert_same(steps, torch.linspace(1, 49, 4000), 0.05)
    assert 0.999 < steps[0] < 1.1 and 48.9 < steps[-1] < 49.001
    assert all(torch.equal(got[name], without[name]) for name in without if name not in GATE_BIASES)


def test_a_unit_of_chrono_forgets_about_when_it_should():
    """With the gate at sigmoid(b_cs) alone, s falls to 1/e within 1 + exp(b_cs) steps."""
    torch.manual_seed(0)
    layer = carousel.LSTM(1, 8, chrono=200, dtype=torch.float64)
    b_cs = symbols(layer)["b_cs"]
    for name, weight in layer.named_parameters():
        if name.startswith("weight"):
            weight.data.zero_()
    layer.load_symbols(symbols(layer) | {"b_du": torch.zeros(8).double()})
    _, (_, s) = layer(
        torch.zeros(100, 1, 1).double(), (torch.zeros(1, 1, 8).double(), torch.ones(1, 1, 8).double())
    )
    assert_same(s[0, 0], (1 + (-b_cs).exp()) ** -100.0, 1e-12)
    assert_same(100 / -s[0, 0].log(), 1 + b_cs.exp(), 0.05)


def test_drawing_anew_begins_likewise():
    layer = carousel.LSTM(3, 6, init="orthogonal", forget_bias=2.0)
    before = symbols(layer)
    with torch.no_grad():
        layer.bias_hh_l0.fill_(9.0)
    layer.reset_parameters()
    after = symbols(layer)
    assert torch.equal(after["b_cs"], before["b_cs"]) and not torch.equal(after["W_vcu"], before["W_vcu"])


def test_a_cell_and_a_layer_without_values_are_no_exception():
    torch.manual_seed(0)
    cell = LSTMCell(3, 6)
    torch.manual_seed(0)
    assert torch.equal(cell.weight_hh, torch.nn.LSTMCell(3, 6).weight_hh)
    empty = carousel.LSTM(3, 6, init="orthogonal", chrono=9, device="meta")
    assert all(weight.is_meta for weight in empty.parameters())
