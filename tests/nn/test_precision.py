"""Half precision, autocast and deterministic algorithms on the CPU."""

import itertools

import pytest
import torch
from torch import nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

import carousel
from helpers import assert_same

HALVES = [torch.bfloat16, torch.float16]
SETTINGS = [{}, dict(num_layers=2, bidirectional=True), dict(proj_size=3), dict(num_layers=2, proj_size=3)]
T, B, FEATURES, H = 40, 3, 5, 8


@pytest.fixture(autouse=True)
def seeded():
    torch.manual_seed(0)


def dtypes(returned):
    output, state = returned
    values = output.data if isinstance(output, PackedSequence) else output
    return [one.dtype for one in (values, *(state if isinstance(state, tuple) else (state,)))]


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("dtype", HALVES, ids=str)
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_autocast_returns_the_dtypes_that_torch_returns(dtype, settings):
    theirs = nn.LSTM(FEATURES, H, **settings)
    ours = carousel.LSTM.from_torch(theirs)
    plain = torch.randn(4, B, FEATURES)
    _, states = theirs(plain)
    for given, packed, state in itertools.product(
        (torch.float32, *HALVES), (False, True), (None, torch.float32, dtype)
    ):
        x = plain.to(given)
        x = pack_padded_sequence(x, [4, 2, 2]) if packed else x
        hx = None if state is None else tuple(one.to(state) for one in states)
        with torch.autocast("cpu", dtype):
            got = dtypes(ours(x, hx))
            try:
                wanted = dtypes(theirs(x, hx))
            except RuntimeError as error:  # not every processor has float16
                assert "could not create a primitive" in str(error)
                wanted = [dtype] * 3
        assert got == wanted, (given, packed, state)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_autocast_of_a_step_returns_the_dtypes_that_torch_returns(dtype):
    theirs, ours = nn.LSTMCell(FEATURES, H), carousel.LSTMCell(FEATURES, H)
    for given, state in itertools.product((torch.float32, dtype), (None, torch.float32, dtype)):
        x, hx = torch.randn(B, FEATURES, dtype=given), None
        if state is not None:
            hx = (torch.zeros(B, H, dtype=state), torch.zeros(B, H, dtype=state))
        with torch.autocast("cpu", dtype):
            assert [one.dtype for one in ours(x, hx)] == [one.dtype for one in theirs(x, hx)], (given, state)


def test_autocast_leaves_float64_alone_and_serves_an_rnn():
    x = torch.randn(4, B, FEATURES)
    with torch.autocast("cpu", torch.bfloat16):
        assert dtypes(carousel.LSTM(FEATURES, H).double()(x.double())) == [torch.float64] * 3
        assert dtypes(carousel.RNN(FEATURES, H)(x)) == dtypes(nn.RNN(FEATURES, H)(x)) == [torch.bfloat16] * 2


@pytest.mark.parametrize("dtype", HALVES, ids=str)
@pytest.mark.parametrize("autocast", [False, True])
@pytest.mark.parametrize("make", [carousel.LSTM, carousel.AugmentedLSTM, carousel.RNN])
def test_values_and_gradients_are_the_truth_rounded_once(dtype, autocast, make):
    layer = make(FEATURES, H).to(torch.float32 if autocast else dtype)
    x = torch.randn(T, B, FEATURES).to(torch.float32 if autocast else dtype).requires_grad_()

    def found(layer, x, autocast):
        with torch.autocast("cpu", dtype, enabled=autocast):
            output, state = layer(x)
        states = state if isinstance(state, tuple) else (state,)
        return [output, *states], torch.autograd.grad(output.double().sum(), [x, *layer.parameters()])

    values, slopes = found(layer, x, autocast)
    assert {value.dtype for value in values} == {dtype}
    assert {slope.dtype for slope in slopes} == {x.dtype}
    truth, true_slopes = found(layer.double(), x.detach().double().requires_grad_(), False)
    rounding = torch.finfo(dtype).eps / 2
    assert_same([value.double() for value in values], truth, 1.01 * rounding)
    assert_same([slope.double() for slope in slopes], true_slopes, 2e-6 if autocast else 2 * rounding)


@pytest.mark.parametrize("dtype", HALVES, ids=str)
def test_almost_every_number_is_the_rounded_truth(dtype):
    """The error of a sum of biases in half precision, say, would show in a fifth of them."""
    layer, x = carousel.LSTM(FEATURES, 32).to(dtype), torch.randn(50, 4, FEATURES).to(dtype)
    output, _ = layer(x)
    truth, _ = layer.double()(x.double())
    assert (output != truth.to(dtype)).double().mean() < 0.005


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=str)
def test_under_autocast_a_trace_shows_what_the_call_does(dtype):
    layer, x = carousel.LSTM(FEATURES, H, 2), torch.randn(T, B, FEATURES).to(dtype)
    with torch.autocast("cpu", torch.bfloat16):
        output, _ = layer(x)
        signals = layer.trace(x, layer=1)
    assert torch.equal(signals["v"].to(output.dtype), output)


def test_deterministic_algorithms():
    layer = carousel.AugmentedLSTM(FEATURES, H, 2, bidirectional=True, dropout=0.5)
    x = torch.randn(T, B, FEATURES)
    forms = {
        "padded": (x, {}),
        "lengths": (x, dict(lengths=[7, T, 9])),
        "packed": (pack_padded_sequence(x, [T, 9, 3]), {}),
    }

    def step(x, given):
        torch.manual_seed(1)
        output, states = layer(x, **given)
        values = output.data if isinstance(output, PackedSequence) else output
        return [values, *states, *torch.autograd.grad(values.sum(), list(layer.parameters()))]

    torch.use_deterministic_algorithms(True)
    try:
        for form, (x, given) in forms.items():
            assert_same(step(x, given), step(x, given), 0.0, form)
    finally:
        torch.use_deterministic_algorithms(False)
