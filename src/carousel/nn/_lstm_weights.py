"""How the weights of an LSTM's cell are stored, and where the paper's symbols lie in them."""

from collections.abc import Mapping

import torch
from torch import Tensor

from carousel.kernels import LSTMCell, row_blocks


def lstm_shapes(cell: LSTMCell, inputs: int, H: int, V: int, bias: bool) -> dict[str, tuple[int, ...]]:
    """Shapes by torch's names, in torch's order. `inputs` counts all taps of a window."""
    rows, peephole_rows = len(cell.nodes) * H, len(cell.peephole_nodes) * H
    shapes: dict[str, tuple[int, ...]] = {"weight_ih": (rows, inputs), "weight_hh": (rows, V)}
    if bias:
        shapes |= {"bias_ih": (rows,), "bias_hh": (rows,)}
    if cell.projection:
        shapes["weight_hr"] = (V, H)
    if cell.peephole != "none":
        shapes["weight_ch"] = (peephole_rows, H) if cell.peephole == "full" else (peephole_rows,)
    return shapes


def lstm_symbols(cell: LSTMCell, stored: Mapping[str, Tensor], H: int, taps: int) -> dict[str, Tensor]:
    """The paper's symbols as views of stored weights; the sum of the biases, if there are any, is under `bias`."""
    W_x = torch.unflatten(stored["weight_ih"], 1, (taps, -1)).transpose(0, 1)
    blocks, peephole_blocks = row_blocks(cell.nodes, H), row_blocks(cell.peephole_nodes, H)
    symbols = {f"W_x{node}": W_x[:, rows] for node, rows in blocks.items()}
    symbols |= {f"W_v{node}": stored["weight_hh"][rows] for node, rows in blocks.items()}
    if cell.peephole != "none":
        symbols |= {f"W_s{node}": stored["weight_ch"][rows] for node, rows in peephole_blocks.items()}
    if "bias" in stored:
        symbols |= {f"b_{node}": stored["bias"][rows] for node, rows in blocks.items()}
    if cell.projection:
        symbols["W_qdr"] = stored["weight_hr"]
    return symbols
