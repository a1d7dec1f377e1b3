"""Keras LSTM layers, as Keras itself computes them on its torch backend."""

import keras
import numpy as np
import pytest
import torch
from packaging.version import Version
from peers import FEATURES, B, H, T, answer, inputs, randomized
from torch import nn

import carousel
from carousel.convert import from_keras, to_keras
from helpers import assert_same

# Of NumPy, for the way in which Keras on torch asks torch for an array.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")

in_double = pytest.mark.skipif(
    Version(keras.__version__) < Version("3.15"), reason="this Keras computes in float32 whatever the dtype"
)
DTYPES = pytest.mark.parametrize("dtype", ["float32", pytest.param("float64", marks=in_double)])
STACKS = pytest.mark.parametrize(("layers", "directions"), [(1, 1), (1, 2), (2, 1), (2, 2)])
BIAS = pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])


def keras_stack(layers=1, directions=1, dtype="float32", **options):
    """Built layers with random weights."""
    random, stack, features = np.random.default_rng(3), [], FEATURES
    for _ in range(layers):
        level = keras.layers.LSTM(H, dtype=dtype, **{"return_sequences": True} | options)
        level = keras.layers.Bidirectional(level, dtype=dtype) if directions == 2 else level
        level.build((B, None, features))
        for weight in level.weights:
            weight.assign(random.normal(0, 0.5, weight.shape))
        stack.append(level)
        features = directions * H
    return stack


def tensor(value):
    return torch.as_tensor(keras.ops.convert_to_numpy(value))


def keras_answer(stack, x, states):
    """[output, h_n, c_n], time first."""
    h, c, y = *(list(part) for part in states), x.transpose(0, 1)
    last = []
    for level in stack:
        parts = [level]
        if isinstance(level, keras.layers.Bidirectional):
            parts += [level.forward_layer, level.backward_layer]
        for part in parts:
            part.return_state = True
        initial = [part.pop(0) for _ in parts[-2:] for part in (h, c)]
        y, *after = level(y, initial_state=initial)
        last += after
    return [tensor(part) for part in (y.transpose(0, 1), torch.stack(last[0::2]), torch.stack(last[1::2]))]


@DTYPES
@BIAS
@STACKS
def test_outputs_and_states(layers, directions, bias, dtype):
    stack = keras_stack(layers, directions, dtype, use_bias=bias)
    layer = from_keras(stack)
    x, states = inputs(layers, directions, getattr(torch, dtype))
    assert_same(answer(layer, x, states), keras_answer(stack, x, states))
    assert (layer.bias, layer.batch_first) == (bias, True)


@DTYPES
@BIAS
@STACKS
def test_keras_repeats_a_layer(layers, directions, bias, dtype):
    dtype = getattr(torch, dtype)
    layer = randomized(carousel.LSTM(FEATURES, H, layers, bias, bidirectional=directions == 2, dtype=dtype))
    x, states = inputs(layers, directions, dtype)
    assert_same(keras_answer(to_keras(layer), x, states), answer(layer, x, states))


def test_a_weight_that_is_computed_from_others_goes_out_as_it_is_now():
    layer = nn.utils.parametrizations.weight_norm(carousel.LSTM(FEATURES, H), "weight_ih_l0")
    with torch.no_grad():
        layer.parametrizations.weight_ih_l0.original0 *= 2
    x, states = inputs(1, 1, torch.float32)
    assert_same(keras_answer(to_keras(layer), x, states), answer(layer, x, states))


@STACKS
def test_there_and_back_are_the_same_bits(layers, directions):
    stack = keras_stack(layers, directions)
    for level, again in zip(stack, to_keras(from_keras(stack)), strict=True):
        assert type(again) is type(level)
        assert_same([*map(tensor, again.weights)], [*map(tensor, level.weights)], 0.0)


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_half_precision_keeps_every_bit(dtype):
    (level,) = keras_stack(1, 1, dtype, recurrent_initializer="zeros")  # its own is for wider numbers
    layer = from_keras(level)
    kernel, recurrent_kernel, bias = (weight.value for weight in level.weights)
    assert_same(layer.weight_ih_l0, kernel.T, 0.0)
    assert_same(layer.weight_hh_l0, recurrent_kernel.T, 0.0)
    assert_same(layer.bias_ih_l0, bias, 0.0)
    assert layer.weight_ih_l0.dtype == getattr(torch, dtype)


def test_a_single_layer_needs_no_list_and_its_last_output_is_the_last_state():
    for directions in (1, 2):
        (level,) = keras_stack(directions=directions, return_sequences=False)
        x, _ = inputs(1, directions, torch.float32)
        _, (v, _) = from_keras(level)(x.transpose(0, 1))
        wanted = tensor(level(x.transpose(0, 1)))
        assert_same(v.transpose(0, 1).reshape(B, -1), wanted)


def test_the_layers_of_a_model_come_over():
    model = keras.Sequential([keras.Input((T, FEATURES)), *to_keras(carousel.LSTM(FEATURES, H, 2))])
    x, _ = inputs(2, 1, torch.float32)
    wanted = tensor(model(x.transpose(0, 1)))
    assert_same(from_keras(model.layers)(x.transpose(0, 1))[0], wanted)


def test_a_layer_that_runs_backwards_comes_over_as_its_refusal_says():
    (level,) = keras_stack(go_backwards=True)
    x = inputs(1, 1, torch.float32)[0].transpose(0, 1)
    wanted = tensor(level(x))
    with pytest.raises(
        ValueError,
        match=r"^from_keras: lstm\w* has go_backwards=True, .*set go_backwards to False on it, convert it, .*x.flip\(1\)$",
    ):
        from_keras(level)
    level.go_backwards = False
    assert_same(from_keras(level)(x.flip(1))[0], wanted)


def test_dropout_is_left_behind_with_a_warning():
    (level,) = keras_stack(dropout=0.5, name="noisy")
    x, states = inputs(1, 1, torch.float32)
    with pytest.warns(
        UserWarning, match="^from_keras: the dropout of noisy, .* is not carried over$"
    ) as said:
        layer = from_keras(level)
    assert said[0].filename == __file__
    assert_same(answer(layer.train(), x, states), keras_answer([level], x, states))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (dict(activation="relu"), "must have activation='tanh' and .*, got 'relu' and 'sigmoid'$"),
        (dict(recurrent_activation="hard_sigmoid"), "must have .*, got 'tanh' and 'hard_sigmoid'$"),
        (
            dict(stateful=True),
            "has stateful=True, .*; set stateful to False on it, convert it, and pass each",
        ),
    ],
)
@pytest.mark.parametrize("directions", [1, 2])
def test_what_is_not_equal_is_refused(directions, options, message):
    with pytest.raises(ValueError, match=r"^from_keras: \w*lstm\w* " + message):
        from_keras(keras_stack(directions=directions, **options))


def test_ways_to_merge_two_directions_are_refused():
    level = keras.layers.Bidirectional(keras.layers.LSTM(H), merge_mode="sum", name="both")
    with pytest.raises(
        ValueError, match="^from_keras: both must have merge_mode='concat' .*got merge_mode='sum'"
    ):
        from_keras(level)
    turned = keras.layers.Bidirectional(
        keras.layers.LSTM(H, go_backwards=True), backward_layer=keras.layers.LSTM(H), name="both"
    )
    with pytest.raises(ValueError, match="^from_keras: both must .* runs forward, got .*go_backwards=True$"):
        from_keras(turned)


def test_what_makes_no_stack_is_refused():
    with pytest.raises(ValueError, match="^from_keras: the layers of a stack must all have one direction or"):
        from_keras(keras_stack(directions=1) + keras_stack(directions=2))
    with pytest.raises(
        ValueError,
        match=r"^from_keras: weight_ih of layer 1 must have shape \[20, 5\], got \[20, 3\]; the layers",
    ):
        from_keras(keras_stack() + keras_stack())
    encoder, decoder = keras.layers.LSTM(H, name="encoder"), keras.layers.LSTM(H, return_sequences=True)
    with pytest.raises(
        ValueError, match="^from_keras: encoder has return_sequences=False and gives the layer"
    ):
        from_keras([encoder, decoder])
    with pytest.raises(ValueError, match="^from_keras takes one or more Keras layers, got none$"):
        from_keras([])


def test_a_bias_that_one_layer_lacks_is_zero():
    stack = keras_stack(2)
    stack[1] = keras.layers.LSTM(H, use_bias=False, return_sequences=True)
    stack[1].build((None, None, H))
    layer = from_keras(stack)
    x, states = inputs(2, 1, torch.float32)
    assert_same(answer(layer, x, states), keras_answer(stack, x, states))


def test_a_layer_without_weights_is_refused():
    with pytest.raises(
        ValueError, match=r"^from_keras: new has no weights yet; call it once, or layer.build"
    ):
        from_keras(keras.layers.LSTM(H, name="new"))


@pytest.mark.parametrize(
    "make", [lambda: keras.layers.GRU(H), lambda: [keras.layers.Dense(H)], lambda: "lstm"]
)
def test_other_kinds_are_refused(make):
    with pytest.raises(TypeError, match="^from_keras takes keras.layers.LSTM, .* got (GRU|Dense|str)$"):
        from_keras(make())
    gru = keras.layers.Bidirectional(keras.layers.GRU(H))
    with pytest.raises(TypeError, match="^from_keras takes .* got Bidirectional$"):
        from_keras(gru)


def test_what_keras_lacks_is_refused():
    with pytest.raises(ValueError, match="^to_keras: a Keras LSTM has peephole='none' only, this layer"):
        to_keras(carousel.VanillaLSTM(FEATURES, H))
    noisy = carousel.LSTM(FEATURES, H, 2, dropout=0.5)
    with pytest.raises(ValueError, match=r"^to_keras: dropout=0.5 is active, .*call layer.eval\(\) first$"):
        to_keras(noisy)
    assert len(to_keras(noisy.eval())) == 2
