"""The bridge between stored weights and the paper's names, in both directions, and what it refuses."""

import numpy as np
import pytest
import torch

import carousel
from helpers import assert_same

LAYERS = {
    "plain": lambda: carousel.LSTM(3, 4),
    "no bias": lambda: carousel.LSTM(3, 4, bias=False, peephole="diagonal"),
    "stack": lambda: carousel.AugmentedLSTM(3, 4, 2, bidirectional=True, proj_size=2, context=(2, 1)),
    "standard rnn": lambda: carousel.RNN(3, 4),
    "canonical rnn": lambda: carousel.RNN(3, 4, 2, canonical=True),
}


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_symbols_written_to_another_layer_make_it_compute_the_same(make):
    source, target = make(), make()
    x = torch.randn(5, 2, 3)
    for layer in range(source.num_layers):
        for reverse in (False, True)[: 1 + source.bidirectional]:
            target.load_symbols(source.symbols(layer, reverse), layer, reverse)
            assert_same(target.symbols(layer, reverse), source.symbols(layer, reverse))
    assert_same(target(x)[0], source(x)[0])


def test_gate_order_and_shapes_of_the_stored_rows():
    layer = carousel.LSTM(2, 3, peephole="full", input_gate=True, context=(1, 0))
    symbols = layer.symbols()
    for i, node in enumerate(("cu", "cs", "du", "cr", "cx")):
        rows = slice(3 * i, 3 * i + 3)
        # Two taps, l = 0 then l = 1: the centre comes first.
        assert_same(symbols[f"W_x{node}"], torch.stack(layer.weight_ih_l0[rows].split(2, dim=1)), 0.0)
        assert_same(symbols[f"W_v{node}"], layer.weight_hh_l0[rows], 0.0)
        assert_same(symbols[f"b_{node}"], layer.bias_ih_l0[rows] + layer.bias_hh_l0[rows], 0.0)
    for i, node in enumerate(("cu", "cs", "cx", "cr")):
        assert_same(symbols[f"W_s{node}"], layer.weight_ch_l0[3 * i : 3 * i + 3], 0.0)
    assert "W_sdu" not in symbols


def test_symbols_are_differentiable_views():
    layer = carousel.LSTM(2, 3)
    layer.symbols()["W_xcu"].sum().backward()
    assert_same(layer.weight_ih_l0.grad[:3], torch.ones(3, 2))
    with torch.no_grad():
        layer.symbols()["W_vcr"].zero_()
    assert not layer.weight_hh_l0[9:].any()


def test_symbols_outlive_an_optimiser_step():
    layer = carousel.AugmentedLSTM(2, 3, proj_size=2)
    symbols = layer.symbols()
    layer(torch.randn(4, 1, 2))[0].sum().backward()
    torch.optim.SGD(layer.parameters(), lr=0.1).step()
    for name, value in layer.symbols().items():
        if not name.startswith("b_"):
            assert_same(symbols[name] * 2, value * 2, 0.0)


def test_a_layers_own_symbols_can_be_written_to_other_places():
    layer = carousel.LSTM(2, 3)
    symbols = layer.symbols()
    before = {name: value.clone() for name, value in symbols.items()}
    layer.load_symbols(symbols | {"W_xcu": symbols["W_xcs"], "W_xcs": symbols["W_xcu"]})
    assert_same(layer.symbols(), before | {"W_xcu": before["W_xcs"], "W_xcs": before["W_xcu"]})


def test_a_computed_weight_cannot_be_written():
    layer = torch.nn.utils.parametrizations.weight_norm(carousel.LSTM(2, 3), "weight_hh_l0")
    with pytest.raises(ValueError, match="weight_hh of this layer is no parameter; undo what replaced it"):
        layer.load_symbols(layer.symbols())


def test_every_weight_is_drawn_from_the_same_interval():
    layer = carousel.AugmentedLSTM(8, 16, proj_size=4)
    for name, weight in layer.named_parameters():
        assert 0.15 < weight.abs().max() <= 1 / 16**0.5, name


def test_loads_numpy_arrays_and_keeps_an_optimiser_working():
    layer = carousel.LSTM(2, 3)
    before = layer.weight_ih_l0
    layer.load_symbols({name: np.ones(value.shape) for name, value in layer.symbols().items()})
    assert layer.weight_ih_l0 is before
    assert_same(layer.symbols()["b_cs"], torch.ones(3))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda d: d.pop("W_vcs"), "W_vcs missing"),
        (lambda d: d.update(W_scu=torch.ones(3, 3)), "W_scu unknown; this layer has W_vcr, W_vcs"),
        (lambda d: d.update(W_xdu=torch.ones(3, 2)), r"W_xdu must have shape \[1, 3, 2\], got \[3, 2\]"),
    ],
)
def test_what_does_not_fit_is_named_and_nothing_is_written(change, message):
    layer = carousel.LSTM(2, 3)
    before = {name: value.clone() for name, value in layer.state_dict().items()}
    symbols = {name: torch.zeros_like(value) for name, value in layer.symbols().items()}
    change(symbols)
    with pytest.raises(ValueError, match=message):
        layer.load_symbols(symbols)
    assert_same(dict(layer.state_dict()), before, 0.0)


@pytest.mark.parametrize("call", [lambda la: la.symbols(2), lambda la: la.trace(torch.ones(3, 2), layer=-1)])
def test_no_such_layer(call):
    with pytest.raises(IndexError, match=r"layer must lie in 0\.\.1"):
        call(carousel.LSTM(2, 3, 2))


def test_no_such_direction():
    with pytest.raises(IndexError, match="made with bidirectional=False"):
        carousel.LSTM(2, 3).symbols(reverse=True)
