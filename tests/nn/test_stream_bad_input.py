"""Streams: what does not fit is refused in one sentence, and changes nothing."""

import pytest
import torch

import carousel
from streams import assert_equal, make

X = torch.ones(2, 3, dtype=torch.float64)
OUT = torch.ones(2, 17, dtype=torch.float64)
BAD_PUSHES = [
    ((torch.ones(2, 4).double(),), RuntimeError, r"push: x_n must have shape \[2, 3\], got \[2, 4\]"),
    ((torch.ones(1, 3).double(),), RuntimeError, r"push: x_n must have shape \[2, 3\], got \[1, 3\]"),
    ((torch.ones(3).double(),), RuntimeError, r"push: x_n must have shape \[2, 3\], got \[3\]"),
    ((torch.ones(1, 2, 3).double(),), RuntimeError, r"push: x_n must have shape \[2, 3\], got \[1, 2, 3\]"),
    (
        (X.float(),),
        ValueError,
        r"push: x_n dtype \(torch.float32\) does not match the stream's \(torch.float64\); convert it: x_n.to\(torch.float64\)",
    ),
    ((X.to("meta"),), RuntimeError, r"push: x_n is on meta, the stream is on cpu; move it: x_n.to\('cpu'\)"),
    ((X.numpy(),), TypeError, "push: x_n must be a Tensor, got ndarray"),
    (([[1.0, 2.0, 3.0]] * 2,), TypeError, "push: x_n must be a Tensor, got list"),
    ((X, torch.ones(2, 16).double()), RuntimeError, r"push: out must have shape \[2, 17\], got \[2, 16\]"),
    ((X, OUT.float()), ValueError, r"push: out dtype \(torch.float32\) does not match the stream's"),
    ((X, OUT.to("meta")), RuntimeError, "push: out is on meta, the stream is on cpu; move it"),
    (
        (X, torch.ones(17, 2).double().t()),
        RuntimeError,
        r"push: out must be contiguous, got strides \[1, 2\]",
    ),
    ((X, "out"), TypeError, "push: out must be a Tensor, got str"),
]


@pytest.mark.parametrize(("arguments", "kind", "message"), BAD_PUSHES)
def test_what_does_not_fit_is_refused_and_changes_nothing(engine, arguments, kind, message):
    stream = make(context=(1, 0)).stream(2)
    stream.push(X)
    before = stream.state
    with pytest.raises(kind, match=message):
        stream.push(*arguments)
    assert_equal(stream.state, before)


def test_wrong_shape_of_one_stream_names_both_shapes():
    with pytest.raises(RuntimeError, match=r"push: x_n must have shape \[1, 3\] or \[3\], got \[4\]"):
        make().stream().push(torch.ones(4).double())


BAD_STATES = [
    (lambda state: 3, TypeError, "state: a dict of tensors is wanted, such as reading `state` gives"),
    (lambda state: state | dict(v=[1.0]), TypeError, "state: a dict of tensors is wanted"),
    (lambda state: dict(v=state["v"]), ValueError, "state: s, window_l0, steps, finished missing; got v"),
    (
        lambda state: state | dict(z=state["v"]),
        ValueError,
        "state: z unknown; this stream has v, s, window_l0, steps, finished",
    ),
    (
        lambda state: state | dict(s=torch.ones(1, 3, 17)),
        ValueError,
        r"state: s must have shape \[1, 2, 17\], got \[1, 3, 17\]",
    ),
    (
        lambda state: state | dict(window_l0=state["window_l0"].float()),
        ValueError,
        "state: window_l0 must be torch.float64, got torch.float32",
    ),
    (
        lambda state: state | dict(steps=torch.tensor(-1)),
        ValueError,
        "state: steps must not be negative, got -1",
    ),
]


@pytest.mark.parametrize(("change", "kind", "message"), BAD_STATES)
def test_a_state_that_does_not_fit_is_refused_and_changes_nothing(engine, change, kind, message):
    stream = make(context=(1, 0)).stream(2)
    stream.push(X)
    before = stream.state
    with pytest.raises(kind, match=message):
        stream.state = change(dict(before))
    assert_equal(stream.state, before)


@pytest.mark.parametrize(
    ("arguments", "kind", "message"),
    [
        ((0,), ValueError, "batch_size must be greater than zero, got 0"),
        (("2",), TypeError, "batch_size should be of type int, got: str"),
        ((2, torch.ones(1, 2, 17)), RuntimeError, r"LSTM: hx must be a pair \(h_0, c_0\) of tensors"),
        (
            (2, (torch.ones(1, 1, 17), torch.ones(1, 2, 17))),
            RuntimeError,
            r"LSTM: Expected hx\[0\] size \(1, 2, 17\), got \[1, 1, 17\]",
        ),
    ],
)
def test_a_stream_that_cannot_be_made(arguments, kind, message):
    with pytest.raises(kind, match=message):
        make().stream(*arguments)


@pytest.mark.parametrize("layer", [carousel.LSTM, carousel.RNN])
def test_a_bidirectional_layer_says_why_it_cannot_stream(layer):
    with pytest.raises(
        ValueError,
        match=f"{layer.__name__}: a bidirectional layer cannot stream: its reverse direction starts at the last sample",
    ):
        layer(3, 4, bidirectional=True).stream()
