"""`torchrecurrent.PeepholeLSTM`: torch's rows and two biases, diagonal peepholes in the order i, f, o as here."""

from typing import Any

from torch import nn

from carousel.convert._stack import checked_layer, imported, layer_of, stored_of
from carousel.nn import LSTM

NAMES = {
    "weight_ih": "weight_ih",
    "weight_hh": "weight_hh",
    "weight_ch": "weight_ph",
    "bias_ih": "bias_ih",
    "bias_hh": "bias_hh",
}
"""From a weight's name here to its name in a cell there."""


def from_torchrecurrent(module: Any) -> LSTM:
    """A layer with `peephole="diagonal"`, the settings and a copy of the weights of a `torchrecurrent.PeepholeLSTM`.

    If it has one of its two biases, the other is zero; without both, the layer has no bias.

    Raises:
        ImportError: torchrecurrent is not installed.
        TypeError: module is of another kind.
        ValueError: its activations are not tanh and sigmoid.
    """
    torchrecurrent = imported("from_torchrecurrent", "torchrecurrent", "torchrecurrent")
    if not isinstance(module, torchrecurrent.PeepholeLSTM):
        raise TypeError(
            f"from_torchrecurrent takes a torchrecurrent.PeepholeLSTM, got {type(module).__name__}"
        )
    for cell in module.cells:
        if not isinstance(cell.act, nn.Tanh) or not isinstance(cell.gate_act, nn.Sigmoid):
            raise ValueError(
                "from_torchrecurrent: activations must be Tanh and Sigmoid, as of carousel.LSTM, "
                f"got {type(cell.act).__name__} and {type(cell.gate_act).__name__}"
            )
    # A bias that is left out is there nevertheless, as zeros that do not learn.
    stack = [
        [
            {
                mine: getattr(cell, theirs)
                for mine, theirs in NAMES.items()
                if cell.bias or cell.recurrent_bias or not mine.startswith("bias")
            }
        ]
        for cell in module.cells
    ]
    layer = layer_of("from_torchrecurrent", stack, batch_first=module.batch_first, dropout=module.dropout)
    return layer.train(module.training)


def to_torchrecurrent(layer: LSTM) -> Any:
    """A `torchrecurrent.PeepholeLSTM` with the settings and a copy of the weights of a layer.

    Raises:
        ImportError: torchrecurrent is not installed.
        TypeError: layer is of another kind.
        ValueError: its peepholes are not diagonal, or it has two directions, an input gate, a projection or a window.
    """
    torchrecurrent = imported("to_torchrecurrent", "torchrecurrent", "torchrecurrent")
    layer = checked_layer(
        "to_torchrecurrent",
        "torchrecurrent.PeepholeLSTM",
        layer,
        peephole="diagonal",
        bidirectional=False,
    )
    stack = [stored_of(layer, k) for k in range(layer.num_layers)]
    like = stack[0]["weight_ih"]
    module = torchrecurrent.PeepholeLSTM(
        layer.input_size,
        layer.hidden_size,
        layer.num_layers,
        layer.dropout,
        layer.batch_first,
        bias=layer.bias,
        recurrent_bias=layer.bias,
        device=like.device,
        dtype=like.dtype,
    )
    for cell, stored in zip(module.cells, stack, strict=True):
        weights = {NAMES[name]: value for name, value in stored.items()}
        cell.load_state_dict(dict(cell.state_dict()) | weights)
    return module.train(layer.training)
