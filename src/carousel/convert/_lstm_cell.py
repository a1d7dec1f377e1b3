"""`torch.nn.LSTMCell`, which stores a layer's weights under a layer's names without the suffix."""

from torch import nn

from carousel.convert._stack import checked_layer, layer_of, stored_of
from carousel.nn import LSTM


def from_lstm_cell(cell: nn.LSTMCell) -> LSTM:
    """A layer of one direction with a copy of a cell's weights: one call in place of a loop over the cell's.

    Raises:
        TypeError: cell is of another kind.
    """
    if not isinstance(cell, nn.LSTMCell):
        kind = type(cell)
        raise TypeError(
            f"from_lstm_cell takes a torch.nn.LSTMCell, got {kind.__module__}.{kind.__qualname__}"
        )
    names = ["weight_ih", "weight_hh", *(["bias_ih", "bias_hh"] if cell.bias else [])]
    stored = {name: getattr(cell, name) for name in names}
    layer = layer_of("from_lstm_cell", [[stored]])
    for name, weight in layer.named_parameters():
        weight.requires_grad_(stored[name.removesuffix("_l0")].requires_grad)
    return layer.train(cell.training)


def to_lstm_cell(layer: LSTM) -> nn.LSTMCell:
    """A `torch.nn.LSTMCell` with a copy of the weights of a layer.

    Raises:
        TypeError: layer is of another kind.
        ValueError: it is a stack, has two directions or goes beyond `torch.nn.LSTM`.
    """
    layer = checked_layer(
        "to_lstm_cell", "torch.nn.LSTMCell", layer, peephole="none", num_layers=1, bidirectional=False
    )
    stored = stored_of(layer)
    like = stored["weight_ih"]
    cell = nn.LSTMCell(layer.input_size, layer.hidden_size, layer.bias, device=like.device, dtype=like.dtype)
    cell.load_state_dict(stored)
    return cell.train(layer.training)
