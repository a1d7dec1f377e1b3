"""haste's LSTM: kernels transposed, one bias, gates in an order of their own."""

from typing import Any

import torch

from carousel.convert._stack import checked_layer, imported, layer_of, stored_of
from carousel.kernels import LSTMCell, reordered
from carousel.nn import LSTM

DISTRIBUTION = "--no-build-isolation haste-pytorch-cpu"
OURS = LSTMCell().nodes
GATES = ("cu", "du", "cs", "cr")
"""haste's order of columns, which it calls i, g, f, o."""


def from_haste(module: Any) -> LSTM:
    """A layer with a copy of the weights of a `haste_pytorch.LSTM`, whose outputs it repeats.

    Raises:
        ImportError: haste_pytorch is not installed.
        TypeError: module is of another kind.
        ValueError: it has zoneout, which it applies in inference too, or is training with DropConnect.
    """
    haste = imported("from_haste", "haste_pytorch", DISTRIBUTION)
    if not isinstance(module, haste.LSTM):
        raise TypeError(f"from_haste takes a haste_pytorch.LSTM, got {type(module).__name__}")
    if module.zoneout:
        raise ValueError(
            f"from_haste: zoneout={module.zoneout} acts in inference too and is not carried over; "
            "set module.zoneout = 0 first to convert the weights alone, and give the layer that it makes a zoneout"
        )
    if module.dropout and module.training:
        raise ValueError(
            f"from_haste: DropConnect (dropout={module.dropout}) is active and is not carried over; "
            "call module.eval() first"
        )
    stored = {
        "weight_ih": reordered(module.kernel.T, GATES, OURS),
        "weight_hh": reordered(module.recurrent_kernel.T, GATES, OURS),
        "bias_ih": reordered(module.bias, GATES, OURS),
    }
    return layer_of("from_haste", [[stored]], batch_first=module.batch_first).train(module.training)


def to_haste(layer: LSTM) -> Any:
    """A `haste_pytorch.LSTM` with a copy of the weights of a layer; its bias is zero if the layer has none.

    Raises:
        ImportError: haste_pytorch is not installed.
        TypeError: layer is of another kind.
        ValueError: it is a stack, has two directions or goes beyond `torch.nn.LSTM`.
    """
    haste = imported("to_haste", "haste_pytorch", DISTRIBUTION)
    layer = checked_layer(
        "to_haste", "haste_pytorch.LSTM", layer, peephole="none", num_layers=1, bidirectional=False
    )
    stored = stored_of(layer)
    kernels = {"kernel": stored["weight_ih"], "recurrent_kernel": stored["weight_hh"]}
    weights = {name: reordered(rows, OURS, GATES).T for name, rows in kernels.items()}
    module = haste.LSTM(layer.input_size, layer.hidden_size, layer.batch_first).to(stored["weight_ih"])
    weights["bias"] = torch.zeros_like(module.bias)
    if layer.bias:
        weights["bias"] = reordered(stored["bias_ih"] + stored["bias_hh"], OURS, GATES)
    module.load_state_dict(weights)
    return module.train(layer.training)
