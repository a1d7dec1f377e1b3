"""carousel.LSTM with its defaults cannot be told from torch.nn.LSTM: outputs, states, every gradient, weights, form."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

import carousel
from helpers import assert_same

# torch.nn.LSTM's own remark on its slow path.
pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")

FEATURES, H, T, B = 3, 5, 6, 4
FORMS = ("batched", "packed sorted", "packed unsorted", "packed uniform", "unbatched")
GRID = list(itertools.product((1, 2), (False, True), (True, False), (False, True), (0, 2)))


def ids(settings):
    layers, bidirectional, bias, batch_first, proj_size = settings
    return (
        f"layers{layers}-{'bi' if bidirectional else 'uni'}-bias{bias:d}-first{batch_first:d}-proj{proj_size}"
    )


def pair_of_layers(settings, dtype, seed=0):
    layers, bidirectional, bias, batch_first, proj_size = settings
    torch.manual_seed(seed)
    theirs = nn.LSTM(FEATURES, H, layers, bias, batch_first, 0.0, bidirectional, proj_size, dtype=dtype)
    return theirs, carousel.LSTM.from_torch(theirs)


def inputs(form, settings, dtype):
    layers, bidirectional, _, batch_first, proj_size = settings
    runs = layers * (1 + bidirectional)
    batch = () if form == "unbatched" else (B,)
    leaf = torch.randn(T, *batch, FEATURES, dtype=dtype, requires_grad=True)
    hx = tuple(
        torch.randn(runs, *batch, size, dtype=dtype, requires_grad=True) for size in (proj_size or H, H)
    )
    lengths = {"packed sorted": [6, 4, 4, 1], "packed unsorted": [2, 6, 1, 5], "packed uniform": [6] * 4}
    given = leaf.transpose(0, 1) if batch_first and form == "batched" else leaf
    if form in lengths:
        given = pack_padded_sequence(
            leaf, torch.tensor(lengths[form]), enforce_sorted=form == "packed sorted"
        )
    return leaf, given, hx


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("settings", GRID, ids=ids)
def test_outputs_and_all_gradients(settings, form, dtype):
    theirs, ours = pair_of_layers(settings, dtype)
    leaf, given, hx = inputs(form, settings, dtype)
    results = []
    for module in (theirs, ours):
        output, states = module(given, hx)
        data = output.data if isinstance(output, PackedSequence) else output
        torch.manual_seed(7)
        E = sum((part * torch.randn_like(part)).sum() for part in (data, *states))
        wrt = dict(module.named_parameters()) | {"x": leaf, "h_0": hx[0], "c_0": hx[1]}
        gradients = dict(zip(wrt, torch.autograd.grad(E, list(wrt.values()), retain_graph=True), strict=True))
        results.append(({"output": data, "h": states[0], "c": states[1]}, gradients, output))
    (wanted, wanted_gradients, wanted_form), (got, gradients, got_form) = results
    assert_same(got, wanted)
    assert_same(gradients, wanted_gradients)
    assert type(got_form) is type(wanted_form)
    if isinstance(wanted_form, PackedSequence):
        for field in ("batch_sizes", "sorted_indices", "unsorted_indices"):
            ours_field, theirs_field = getattr(got_form, field), getattr(wanted_form, field)
            assert (ours_field is None and theirs_field is None) or torch.equal(ours_field, theirs_field)


@pytest.mark.parametrize("settings", GRID, ids=ids)
def test_state_dicts_load_both_ways(settings):
    layers, bidirectional, bias, batch_first, proj_size = settings
    theirs, _ = pair_of_layers(settings, torch.float32, seed=1)
    ours = carousel.LSTM(FEATURES, H, layers, bias, batch_first, 0.0, bidirectional, proj_size)
    assert list(ours.state_dict()) == list(theirs.state_dict())
    ours.load_state_dict(theirs.state_dict(), strict=True)
    other = nn.LSTM(FEATURES, H, layers, bias, batch_first, 0.0, bidirectional, proj_size)
    other.load_state_dict(ours.state_dict(), strict=True)
    assert_same(dict(other.state_dict()), dict(theirs.state_dict()), 0.0)


@pytest.mark.parametrize("settings", GRID[:8], ids=ids)
def test_same_seed_draws_the_same_weights(settings):
    torch.manual_seed(3)
    theirs = nn.LSTM(FEATURES, H, *settings[:1], settings[2], settings[3], 0.0, settings[1], settings[4])
    torch.manual_seed(3)
    ours = carousel.LSTM(FEATURES, H, *settings[:1], settings[2], settings[3], 0.0, settings[1], settings[4])
    assert_same(dict(ours.state_dict()), dict(theirs.state_dict()), 0.0)


@pytest.mark.parametrize("settings", GRID, ids=ids)
def test_there_and_back(settings):
    theirs, ours = pair_of_layers(settings, torch.float64)
    back = ours.to_torch()
    assert repr(back) == repr(theirs) == repr(ours)
    assert_same(dict(back.state_dict()), dict(theirs.state_dict()), 0.0)
    assert back.weight_ih_l0.data_ptr() != ours.weight_ih_l0.data_ptr() != theirs.weight_ih_l0.data_ptr()


def test_from_torch_keeps_mode_and_frozen_weights_and_draws_no_random_numbers():
    theirs = nn.LSTM(FEATURES, H).eval()
    theirs.weight_hh_l0.requires_grad_(False)
    before = torch.get_rng_state()
    ours = carousel.LSTM.from_torch(theirs)
    assert torch.equal(before, torch.get_rng_state())
    assert not ours.training
    assert [p.requires_grad for p in ours.parameters()] == [True, False, True, True]


@pytest.mark.parametrize("batch_first", [False, True])
def test_dropout_between_layers_is_torchs(batch_first):
    torch.manual_seed(0)
    theirs = nn.LSTM(FEATURES, H, 3, dropout=0.4, bidirectional=True, batch_first=batch_first)
    ours = carousel.LSTM.from_torch(theirs)
    x = torch.randn(T, B, FEATURES)
    torch.manual_seed(5)
    wanted, _ = theirs(x)
    torch.manual_seed(5)
    got, _ = ours(x)
    assert_same(got, wanted)
    assert_same(ours.eval()(x)[0], theirs.eval()(x)[0])
    assert (ours(x)[0] - got).abs().max() > 1e-3


@pytest.mark.parametrize("form", ["packed sorted", "packed unsorted", "packed uniform"])
@pytest.mark.parametrize("proj_size", [0, 2])
def test_dropout_on_a_packed_sequence_is_torchs(form, proj_size):
    settings = (3, True, True, False, proj_size)
    theirs, ours = pair_of_layers(settings, torch.float64)
    theirs.dropout = ours.dropout = 0.4
    leaf, given, _ = inputs(form, settings, torch.float64)
    found = []
    for module in (theirs, ours):
        torch.manual_seed(5)
        output, states = module(given)
        E = output.data.square().sum() + sum(part.sum() for part in states)
        wrt = dict(module.named_parameters()) | {"x": leaf}
        gradients = torch.autograd.grad(E, list(wrt.values()), retain_graph=True)
        found.append((output.data, *states, dict(zip(wrt, gradients, strict=True))))
    assert_same(found[1], found[0])
    assert_same(ours.eval()(given)[0].data, theirs.eval()(given)[0].data)


def test_weights_that_torch_computes_are_copied_as_they_are():
    theirs = nn.utils.parametrizations.weight_norm(nn.LSTM(FEATURES, H), "weight_hh_l0")
    ours = carousel.LSTM.from_torch(theirs)
    assert list(ours.state_dict()) == list(nn.LSTM(FEATURES, H).state_dict())
    x = torch.randn(T, B, FEATURES)
    assert_same(ours(x)[0], theirs(x)[0])


def test_autocast_takes_its_own_states_again():
    layer = carousel.AugmentedLSTM(FEATURES, H, 2, proj_size=2)
    x = torch.randn(T, B, FEATURES)
    wanted, _ = layer(x)
    with torch.autocast("cpu", torch.bfloat16):
        first, state = layer(x[:3])
        second, _ = layer(x[3:], state)
        _, (_, s) = layer(x.bfloat16(), tuple(part.bfloat16() for part in state))
    assert_same(torch.cat([first, second]).float(), wanted, 3e-2)
    assert (state[1].dtype, s.dtype) == (torch.float32, torch.bfloat16), (
        "as wide as the first state, as torch's"
    )
    with pytest.raises(RuntimeError, match="does not match weight dtype"):
        layer(x, tuple(part.bfloat16() for part in state))


def test_empty_batch():
    theirs, ours = pair_of_layers(GRID[0], torch.float32)
    x = torch.randn(T, 0, FEATURES)
    assert_same(ours(x)[0], theirs(x)[0])


def test_signs_that_are_still_to_be_turned():
    theirs, ours = nn.LSTM(1, 1, dtype=torch.float64), carousel.LSTM(1, 1, dtype=torch.float64)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(1, 1, 1, dtype=torch.cdouble).conj().imag  # one number, and so contiguous
    assert x.is_neg() and x.is_contiguous()
    assert_same(ours(x)[0], theirs(x)[0])
    found = [
        torch.autograd.grad(layer(x)[0], layer.weight_ih_l0, grad_outputs=x)[0] for layer in (ours, theirs)
    ]
    assert_same(*found)


def test_second_derivatives():
    torch.manual_seed(0)
    ours = carousel.AugmentedLSTM(2, 2, proj_size=1, dtype=torch.float64)
    x = torch.randn(3, 1, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda x: ours(x)[0], (x,))
    assert torch.autograd.gradgradcheck(lambda x: ours(x)[0], (x,))
