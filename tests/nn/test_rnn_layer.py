"""carousel.RNN: the standard one against torch.nn.RNN, the canonical one against the equations."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pack_sequence, pad_packed_sequence

import carousel
from carousel.equations import rnn
from helpers import as_numpy, assert_same

GRID = list(itertools.product((1, 2), ("tanh", "relu"), (True, False), (False, True), (False, True)))


@pytest.mark.parametrize("form", ["batched", "packed", "unbatched"])
@pytest.mark.parametrize("settings", GRID, ids=str)
def test_standard_rnn_is_torchs(settings, form):
    layers, nonlinearity, bias, batch_first, bidirectional = settings
    torch.manual_seed(0)
    theirs = nn.RNN(3, 5, layers, nonlinearity, bias, batch_first, 0.0, bidirectional, dtype=torch.float64)
    ours = carousel.RNN.from_torch(theirs)
    batch = () if form == "unbatched" else (4,)
    leaf = torch.randn(6, *batch, 3, dtype=torch.float64, requires_grad=True)
    h_0 = torch.randn(layers * (1 + bidirectional), *batch, 5, dtype=torch.float64, requires_grad=True)
    x = leaf.transpose(0, 1) if batch_first and form == "batched" else leaf
    if form == "packed":
        x = pack_padded_sequence(leaf, torch.tensor([3, 6, 1, 5]), enforce_sorted=False)
    results = []
    for module in (theirs, ours):
        output, h_n = module(x, h_0)
        data = output.data if isinstance(output, PackedSequence) else output
        wrt = dict(module.named_parameters()) | {"x": leaf, "h_0": h_0}
        gradients = torch.autograd.grad(data.pow(2).sum() + h_n.sum(), list(wrt.values()), retain_graph=True)
        results.append({"output": data, "h_n": h_n} | dict(zip(wrt, gradients, strict=True)))
    assert_same(results[1], results[0])
    assert_same(dict(ours.to_torch().state_dict()), dict(theirs.state_dict()), 0.0)


@pytest.mark.parametrize("bias", [True, False])
def test_canonical_rnn_is_the_papers(bias):
    torch.manual_seed(0)
    layer = carousel.RNN(3, 5, bias=bias, canonical=True, dtype=torch.float64)
    x, s_0 = (torch.randn(shape, dtype=torch.float64, requires_grad=True) for shape in ((6, 2, 3), (1, 2, 5)))
    output, s_n = layer(x, s_0)
    e = torch.randn_like(output)
    (output * e).sum().backward()
    params = {"theta_s": torch.zeros(5).numpy(), **as_numpy(layer.symbols())}
    s_init = s_0[0].detach().numpy()
    signals = rnn.forward(params, x.detach().numpy(), s_init, r_init=torch.tanh(s_0[0]).detach().numpy())
    _, gradients = rnn.backward(params, signals, e.numpy())
    assert_same(output, signals["r"])
    assert_same(s_n[0], signals["s"][-1])
    assert_same(layer.trace(x, s_0), {"s": signals["s"], "r": signals["r"]})
    assert_same(layer.weight_ch_l0.grad, gradients["W_s"])
    assert_same(layer.weight_hh_l0.grad, gradients["W_r"])
    assert_same(x.grad, gradients["x"])
    through_r = gradients["r_init"] * (1 - torch.tanh(s_0[0]).detach().numpy() ** 2)
    assert_same(s_0.grad[0], gradients["s_init"] + through_r)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_canonical_rnn_in_both_directions_over_a_ragged_batch(nonlinearity):
    """Step by step from the definition, one sequence and direction at a time."""
    torch.manual_seed(0)
    layer = carousel.RNN(
        3, 5, nonlinearity=nonlinearity, bidirectional=True, canonical=True, dtype=torch.float64
    )
    warp = torch.tanh if nonlinearity == "tanh" else torch.relu
    sequences = [torch.randn(n, 3, dtype=torch.float64) for n in (4, 1, 6)]
    s_0 = torch.randn(2, 3, 5, dtype=torch.float64)
    packed, s_n = layer(pack_sequence(sequences, enforce_sorted=False), s_0)
    output, _ = pad_packed_sequence(packed)
    for b, sequence in enumerate(sequences):
        for reverse in (False, True):
            W, s = layer.symbols(reverse=reverse), s_0[int(reverse), b]
            steps = range(len(sequence))
            for n in reversed(steps) if reverse else steps:
                s = W["W_s"] @ s + W["W_r"] @ warp(s) + W["W_x"] @ sequence[n] + W["theta_s"]
                assert_same(output[n, b, 5 * reverse : 5 * reverse + 5], warp(s))
            assert_same(s_n[int(reverse), b], s)


def test_dropout_between_layers_is_torchs():
    theirs = nn.RNN(3, 5, 3, dropout=0.4)
    ours = carousel.RNN.from_torch(theirs)
    x = torch.randn(6, 4, 3)
    torch.manual_seed(5)
    wanted, _ = theirs(x)
    torch.manual_seed(5)
    assert_same(ours(x)[0], wanted)
    assert_same(ours.eval()(x)[0], theirs.eval()(x)[0])


def test_refusals():
    with pytest.raises(ValueError, match="nothing for W_s of a canonical RNN"):
        carousel.RNN(2, 3, canonical=True).to_torch()
    with pytest.raises(TypeError, match=r"takes a torch\.nn\.RNN, got LSTM"):
        carousel.RNN.from_torch(nn.LSTM(2, 3))
    with pytest.raises(ValueError, match="nonlinearity must be 'tanh' or 'relu', got 'gelu'"):
        carousel.RNN(2, 3, nonlinearity="gelu")
    with pytest.raises(TypeError, match="RNN: hx must be a tensor, got tuple"):
        carousel.RNN(2, 3)(torch.ones(4, 2), (torch.ones(1, 3),))
