"""What a layer refuses: torch's exception types where torch refuses it too, one clear sentence everywhere."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn.utils.rnn import pack_sequence

import carousel

BAD_ARGUMENTS = [
    ((0, 3), {}, ValueError, "input_size must be greater than zero, got 0"),
    ((2, -1), {}, ValueError, "hidden_size must be greater than zero, got -1"),
    ((2.0, 3), {}, TypeError, "input_size should be of type int, got: float"),
    ((2, "3"), {}, TypeError, "hidden_size should be of type int, got: str"),
    ((2, 3, 0), {}, ValueError, "num_layers must be greater than zero, got 0"),
    ((2, 3), {"dropout": 1.5}, ValueError, r"dropout should be a number in range \[0, 1\].*got 1.5"),
    ((2, 3), {"bias": 1}, TypeError, "bias should be of type bool, got: int"),
    ((2, 3), {"batch_first": None}, TypeError, "batch_first should be of type bool, got: NoneType"),
    ((2, 3), {"proj_size": 3}, ValueError, "proj_size has to be smaller than hidden_size, got 3 and 3"),
    (
        (2, 3),
        {"proj_size": -1},
        ValueError,
        "proj_size should be positive, or zero to disable projections, got -1",
    ),
]


@pytest.mark.parametrize(("arguments", "options", "kind", "message"), BAD_ARGUMENTS)
def test_arguments_that_torch_refuses_too(arguments, options, kind, message):
    with pytest.raises(kind):
        nn.LSTM(*arguments, **options)
    with pytest.raises(kind, match=message):
        carousel.LSTM(*arguments, **options)


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"peephole": "half"}, ValueError, "peephole must be one of 'none', 'diagonal', 'full', got 'half'"),
        ({"input_gate": "yes"}, TypeError, "input_gate should be of type bool, got: str"),
        ({"context": 1}, TypeError, r"context must be \(past, future\), two integers >= 0, .*got 1"),
        ({"context": (True, False)}, ValueError, r"context must be \(past, future\)"),
        ({"context": (1, -1)}, ValueError, r"context must be \(past, future\).*got \(1, -1\)"),
        ({"context": (1, 2, 3)}, ValueError, r"context must be \(past, future\).*got \(1, 2, 3\)"),
        ({"context": [(1, 1), (0, 0)]}, ValueError, "context must have one pair for each of 1 layers, got 2"),
    ],
)
def test_arguments_of_the_extensions(options, kind, message):
    with pytest.raises(kind, match=message):
        carousel.LSTM(2, 3, **options)


def test_dropout_without_a_second_layer_warns_where_it_was_asked_for():
    with pytest.warns(UserWarning, match="dropout=0.5 has no effect") as warnings:
        carousel.LSTM(2, 3, dropout=0.5)
    assert warnings[0].filename == __file__


X = torch.ones(4, 2, 3)
BAD_CALLS = [
    ((torch.ones(3),), ValueError, "LSTM: Expected input to be 2D or 3D, got 1D instead"),
    ((torch.ones(4, 2, 7),), RuntimeError, r"Expected 3, got 7 in an input of shape \[4, 2, 7\]"),
    ((torch.ones(0, 2, 3),), RuntimeError, "Expected sequence length to be larger than 0"),
    (
        (X.double(),),
        ValueError,
        r"input dtype \(torch.float64\) does not match weight dtype \(torch.float32\); "
        r"convert the input: input.to\(torch.float32\), or the layer: layer.to\(torch.float64\)",
    ),
    (
        (X, (torch.ones(1, 3, 5), torch.ones(1, 2, 5))),
        RuntimeError,
        r"Expected hx\[0\] size \(1, 2, 5\), got \[1, 3, 5\]",
    ),
    (
        (X, (torch.ones(1, 2, 5), torch.ones(1, 2, 4))),
        RuntimeError,
        r"Expected hx\[1\] size \(1, 2, 5\), got \[1, 2, 4\]",
    ),
    (
        (X, (torch.ones(2, 5), torch.ones(2, 5))),
        RuntimeError,
        r"For batched 3-D input, hx\[0\] should also be 3-D, got 2-D",
    ),
    (
        (X[:, 0], (torch.ones(1, 2, 5),) * 2),
        RuntimeError,
        r"For unbatched 2-D input, hx\[0\] should also be 2-D, got 3-D",
    ),
    (
        (X, (torch.ones(1, 2, 5, dtype=torch.double),) * 2),
        RuntimeError,
        r"hx\[0\] dtype \(torch.float64\).*convert it",
    ),
    (
        (X, (torch.ones(1, 2, 5), torch.ones(1, 2, 5).half())),
        RuntimeError,
        r"LSTM: hx\[1\] dtype \(torch.float16\) does not match weight dtype \(torch.float32\); convert it: "
        r"hx\[1\].to\(torch.float32\)",
    ),
    (
        (X.to("meta"),),
        RuntimeError,
        r"LSTM: input is on meta, the weights are on cpu; move one: input.to\('cpu'\) or layer.to\('meta'\)",
    ),
    (
        (X, (torch.ones(1, 2, 5, device="meta"),) * 2),
        RuntimeError,
        r"LSTM: hx\[0\] is on meta, the weights are on cpu; move it: hx\[0\].to\('cpu'\)",
    ),
    (
        (X, (torch.ones(1, 2, 5), torch.ones(1, 2, 5, device="meta"))),
        RuntimeError,
        r"LSTM: hx\[1\] is on meta, the weights are on cpu; move it: hx\[1\].to\('cpu'\)",
    ),
]


@pytest.mark.parametrize(("arguments", "kind", "message"), BAD_CALLS)
def test_calls_that_torch_refuses_too(arguments, kind, message):
    theirs = nn.LSTM(3, 5)
    with pytest.raises(kind):
        theirs(*arguments)
    with pytest.raises(kind, match=message):
        carousel.LSTM.from_torch(theirs)(*arguments)


@pytest.mark.parametrize(
    ("hx", "kind", "message"),
    [
        (torch.ones(1, 2, 5), RuntimeError, r"hx must be a pair \(h_0, c_0\) of tensors, got one tensor"),
        ((torch.ones(1, 2, 5),), TypeError, r"must be a pair \(h_0, c_0\) of tensors, got \['Tensor'\]"),
        ((torch.ones(1, 2, 5), None), TypeError, r"got \['Tensor', 'NoneType'\]"),
        (0, TypeError, "got int"),
    ],
)
def test_a_state_that_is_no_pair(hx, kind, message):
    with pytest.raises(kind, match=message):
        carousel.LSTM(3, 5)(X, hx)


def test_bad_packed_input():
    layer = carousel.LSTM(3, 5)
    ragged = [torch.ones(2, 3), torch.ones(4, 3)]
    with pytest.raises(RuntimeError, match=r"Expected hx\[0\] size \(1, 2, 5\), got \[1, 3, 5\]"):
        layer(pack_sequence(ragged, enforce_sorted=False), (torch.ones(1, 3, 5), torch.ones(1, 3, 5)))
    with pytest.raises(RuntimeError, match="Expected 3, got 4"):
        layer(pack_sequence([torch.ones(2, 4)]))
    with pytest.raises(RuntimeError, match="input must have 2 dimensions, got 1"):
        layer(pack_sequence([torch.ones(2)]))


def test_an_rnn_says_the_same():
    layer = carousel.RNN(3, 5)
    for hx, kind, message in (
        ((torch.ones(1, 2, 5),), TypeError, "RNN: hx must be a tensor, got tuple"),
        (torch.ones(1, 2, 4), RuntimeError, r"RNN: Expected hx size \(1, 2, 5\), got \[1, 2, 4\]"),
        (
            torch.ones(1, 2, 5).double(),
            RuntimeError,
            r"RNN: hx dtype \(torch.float64\) does not match weight dtype",
        ),
        (
            torch.ones(1, 2, 5, device="meta"),
            RuntimeError,
            "RNN: hx is on meta, the weights are on cpu; move it",
        ),
    ):
        with pytest.raises(kind, match=message):
            layer(X, hx)
    with pytest.raises(RuntimeError, match="RNN: input is on meta, the weights are on cpu"):
        layer(X.to("meta"))


def test_packed_input_of_another_dtype_or_device():
    layer, packed = carousel.LSTM(3, 5), pack_sequence([torch.ones(4, 3), torch.ones(2, 3)])
    with pytest.raises(ValueError, match=r"LSTM: input dtype \(torch.float64\) does not match weight dtype"):
        layer(packed.double())
    with pytest.raises(RuntimeError, match="LSTM: input is on cpu, the weights are on meta; move one"):
        carousel.LSTM(3, 5, device="meta")(packed)


def test_an_input_that_is_no_tensor():
    with pytest.raises(TypeError, match=r"input must be a Tensor or a PackedSequence, got list"):
        carousel.LSTM(3, 5)([[1.0, 2.0, 3.0]])


def test_conversions_that_would_lose_something():
    for options, name in (
        ({"peephole": "diagonal"}, "peephole='diagonal'"),
        ({"input_gate": True}, "input_gate=True"),
    ):
        with pytest.raises(ValueError, match=f"torch.nn.LSTM has nothing for {name}"):
            carousel.LSTM(3, 5, **options).to_torch()
    with pytest.raises(ValueError, match=r"nothing for context=\[\(0, 1\)\]"):
        carousel.LSTM(3, 5, context=(0, 1)).to_torch()
    with pytest.raises(TypeError, match=r"takes a torch\.nn\.LSTM, got GRU"):
        carousel.LSTM.from_torch(nn.GRU(3, 5))


@given(
    shape=st.lists(st.integers(0, 4), min_size=0, max_size=4),
    hx=st.none() | st.tuples(*[st.lists(st.integers(0, 4), max_size=4)] * 2),
)
def test_any_shape_is_served_or_refused_as_torch_does(shape, hx):
    theirs = nn.LSTM(3, 4)
    ours = carousel.LSTM.from_torch(theirs)
    states = None if hx is None else tuple(torch.ones(part) for part in hx)
    outcomes = []
    for module in (theirs, ours):
        try:
            outcomes.append(tuple(module(torch.ones(shape), states)[0].shape))
        except (ValueError, RuntimeError) as error:
            outcomes.append(type(error))
    assert outcomes[0] == outcomes[1]
