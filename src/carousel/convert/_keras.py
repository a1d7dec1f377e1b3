"""Keras 3 LSTM layers: kernels transposed, one bias, gates in the order of torch."""

import warnings
from typing import Any

import numpy as np
import numpy.typing as npt
from torch import Tensor

from carousel.convert._stack import checked_layer, imported, layer_of, stored_of, tensor_of
from carousel.nn import LSTM


def from_keras(layer: Any) -> LSTM:
    """A layer with `batch_first=True` and a copy of the weights of one Keras layer, or of a list that makes a stack.

    Its output is the Keras layer's with `return_sequences=True`; what the Keras layer gives without is the last state
    v. Dropout, which Keras draws in ways of its own, is not carried over: there is a warning.

    Args:
        layer: a `keras.layers.LSTM`, a `keras.layers.Bidirectional` around one, or several of these, bottom first.

    Raises:
        ImportError: keras is not installed.
        TypeError: layer is, or has in it, something else.
        ValueError: it has no weights yet, computes something that a `LSTM` does not, or the layers make no stack.
    """
    keras = imported("from_keras", "keras", "keras")
    levels = list(layer) if isinstance(layer, (list, tuple)) else [layer]
    if not levels:
        raise ValueError("from_keras takes one or more Keras layers, got none")
    stack = [_directions(keras, level) for level in levels]
    for level in stack[:-1]:
        if not level[0].return_sequences:
            raise ValueError(
                f"from_keras: {level[0].name} has return_sequences=False and gives the layer above it no sequence; "
                "convert each by itself"
            )
    weights = [[_stored(keras, one) for one in level] for level in stack]
    noisy = [one.name for level in stack for one in level if one.cell.dropout or one.cell.recurrent_dropout]
    if noisy:
        warnings.warn(
            f"from_keras: the dropout of {', '.join(noisy)}, which acts in training only, is not carried over",
            stacklevel=2,
        )
    return layer_of("from_keras", weights, batch_first=True)


def to_keras(layer: LSTM) -> list[Any]:
    """The stack as Keras layers, bottom first, with `return_sequences=True` and a copy of the weights.

    Each is a `keras.layers.LSTM`, or a `keras.layers.Bidirectional` around one; `keras.Sequential` takes the list.
    Keras is batch first whatever `batch_first` says.

    Raises:
        ImportError: keras is not installed.
        TypeError: layer is of another kind.
        ValueError: it has peepholes, an input gate, a projection, a window or zoneout, or a dropout of it is active.
    """
    keras = imported("to_keras", "keras", "keras")
    layer = checked_layer("to_keras", "a Keras LSTM", layer, peephole="none")
    dtype = str(layer.weight_ih_l0.dtype).removeprefix("torch.")
    levels = []
    for k in range(layer.num_layers):
        directions = [stored_of(layer, k, suffix) for suffix in ("", "_reverse")[: 1 + layer.bidirectional]]
        level = keras.layers.LSTM(layer.hidden_size, use_bias=layer.bias, return_sequences=True, dtype=dtype)
        parts = [level]
        if layer.bidirectional:
            level = keras.layers.Bidirectional(level, dtype=dtype)
            parts = [level.forward_layer, level.backward_layer]
        level.build((None, None, directions[0]["weight_ih"].shape[1]))
        for part, stored in zip(parts, directions, strict=True):
            part.cell.kernel.assign(_array(stored["weight_ih"].T))
            part.cell.recurrent_kernel.assign(_array(stored["weight_hh"].T))
            if layer.bias:
                part.cell.bias.assign(_array(stored["bias_ih"] + stored["bias_hh"]))
        levels.append(level)
    return levels


def _directions(keras: Any, level: Any) -> list[Any]:
    """The one or two Keras LSTMs of a layer."""
    if isinstance(level, keras.layers.LSTM):
        if level.go_backwards:
            raise ValueError(
                f"from_keras: {level.name} has go_backwards=True, and no carousel.LSTM runs backwards only; "
                "set go_backwards to False on it, convert it, and give the result x.flip(1)"
            )
        return [level]
    if isinstance(level, keras.layers.Bidirectional):
        pair = [level.forward_layer, level.backward_layer]
        if all(isinstance(one, keras.layers.LSTM) for one in pair):
            if level.merge_mode != "concat" or level.forward_layer.go_backwards:
                raise ValueError(
                    f"from_keras: {level.name} must have merge_mode='concat' and a forward layer that runs forward, "
                    f"got merge_mode={level.merge_mode!r} and go_backwards={level.forward_layer.go_backwards}"
                )
            return pair
    raise TypeError(
        "from_keras takes keras.layers.LSTM, keras.layers.Bidirectional around one, or a list of these, "
        f"got {type(level).__name__}"
    )


def _stored(keras: Any, layer: Any) -> dict[str, Tensor]:
    if not layer.built:
        raise ValueError(
            f"from_keras: {layer.name} has no weights yet; call it once, or layer.build((None, None, features))"
        )
    cell, wanted = layer.cell, (keras.activations.tanh, keras.activations.sigmoid)
    if (cell.activation, cell.recurrent_activation) != wanted:
        got = [getattr(one, "__name__", str(one)) for one in (cell.activation, cell.recurrent_activation)]
        raise ValueError(
            f"from_keras: {layer.name} must have activation='tanh' and recurrent_activation='sigmoid', "
            f"as carousel.LSTM, got {got[0]!r} and {got[1]!r}"
        )
    if layer.stateful:
        raise ValueError(
            f"from_keras: {layer.name} has stateful=True, and carousel.LSTM keeps no state between calls; "
            "set stateful to False on it, convert it, and pass each call the state that the last one returned"
        )
    stored = {
        "weight_ih": _tensor(keras, cell.kernel).T,
        "weight_hh": _tensor(keras, cell.recurrent_kernel).T,
    }
    return stored | {"bias_ih": _tensor(keras, cell.bias)} if cell.use_bias else stored


def _tensor(keras: Any, weight: Any) -> Tensor:
    with warnings.catch_warnings():
        # Of NumPy, for the way in which Keras on torch asks torch for an array.
        warnings.filterwarnings("ignore", "__array__ implementation", DeprecationWarning)
        return tensor_of(keras.ops.convert_to_numpy(weight), weight.dtype)


def _array(value: Tensor) -> npt.NDArray[np.float64]:
    """In the one dtype that holds every other and that all backends of Keras read."""
    return value.double().cpu().numpy()
