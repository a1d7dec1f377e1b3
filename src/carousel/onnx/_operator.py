"""A layer of the stack as one node of ONNX's own LSTM or RNN, with both directions in it."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from carousel.kernels import Cell, LSTMCell, RNNCell, Weights, reordered
from carousel.onnx._graph import Graph

GATES = ("cu", "cr", "cs", "du")
"""The LSTM's order of rows, which it calls i, o, f, c."""
PEEPHOLES = ("cu", "cr", "cs")


def exists(cell: Cell) -> bool:
    """Whether ONNX has an operator for this cell."""
    if isinstance(cell, LSTMCell):
        return cell.peephole != "full" and not cell.input_gate and not cell.projection
    return not cell.canonical


def run(
    graph: Graph,
    cell: Cell,
    x: str,
    state: Sequence[str] | None,
    weights: Sequence[Weights],
    lengths: str | None,
    suffix: str,
) -> tuple[str, list[str]]:
    """Add the node.

    Args:
        graph: where to.
        cell: one that has an operator.
        x: [T, B, I].
        state: the carried signals before the first step, [D, B, H] each; None for zeros.
        weights: of each of D directions.
        lengths: [B], int32, or None.
        suffix: ends the names of the weights.

    Returns:
        The output [T, B, D * H], and the carried signals after each sequence's last step, [D, B, H] each.
    """
    H, D = weights[0].hh.shape[1], len(weights)
    attributes: dict[str, Any] = dict(hidden_size=H, direction="forward" if D == 1 else "bidirectional")
    order: tuple[str, ...] = GATES
    if isinstance(cell, RNNCell):
        order = cell.nodes
        attributes["activations"] = [cell.nonlinearity.capitalize()] * D

    def optional(name: str, values: list[Tensor]) -> str:
        return graph.weight(f"{name}_{suffix}", torch.stack(values)) if values else ""

    def rows(value: Tensor) -> Tensor:
        return reordered(value, cell.nodes, order)

    # The operator adds two biases: the second is zero.
    biases = [rows(part.bias) for part in weights if part.bias is not None]
    inputs = [
        x,
        optional("W", [rows(part.ih) for part in weights]),
        optional("R", [rows(part.hh) for part in weights]),
        optional("B", [torch.cat([bias, torch.zeros_like(bias)]) for bias in biases]),
        lengths or "",
        *(state or [""] * len(cell.carried)),
    ]
    if isinstance(cell, LSTMCell):
        seen = [part.ch for part in weights if part.ch is not None]
        inputs.append(optional("P", [reordered(value, cell.peephole_nodes, PEEPHOLES) for value in seen]))
    y, *last = graph.add_many(
        "LSTM" if isinstance(cell, LSTMCell) else "RNN", 1 + len(cell.carried), *inputs, **attributes
    )
    y = graph.add("Transpose", y, perm=[0, 2, 1, 3])  # [T, D, B, H] to [T, B, D, H]
    return graph.add("Reshape", y, graph.indices(0, 0, D * H)), last
