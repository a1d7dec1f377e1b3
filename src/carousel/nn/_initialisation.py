"""Where training starts from: ways to draw the weights of one recurrence, in place."""

import math
from collections.abc import Iterable

import torch
from torch import Tensor, nn

from carousel import kernels


@torch.no_grad()
def draw_uniform(weights: Iterable[Tensor], hidden_size: int) -> None:
    """Every weight from U(-1/sqrt(H), 1/sqrt(H)), in the order in which torch draws."""
    bound = 1.0 / math.sqrt(hidden_size)
    for weight in weights:
        nn.init.uniform_(weight, -bound, bound)


@torch.no_grad()
def draw_orthogonal(weights: dict[str, Tensor], hidden_size: int) -> None:
    """Node by node: what comes from v or s orthogonal, what comes from the input as Glorot has it, biases zero.

    Diagonal peepholes, which are no matrices, are drawn uniformly. `weights` go by torch's names without the suffix.

    Source: Saxe et al. 2014, arXiv 1312.6120; Glorot and Bengio 2010.
    """
    for name, weight in weights.items():
        if name.startswith("bias"):
            weight.zero_()
        elif weight.dim() == 1:
            draw_uniform([weight], hidden_size)
        else:
            draw = nn.init.xavier_uniform_ if name == "weight_ih" else nn.init.orthogonal_
            rows = len(weight) if name == "weight_hr" else hidden_size
            for block in torch.unflatten(weight, 0, (-1, rows)):
                # In single precision where the weights have less, which no factorisation is made for.
                wide = block.new_empty(block.shape, dtype=torch.promote_types(block.dtype, torch.float32))
                block.copy_(draw(wide))


@torch.no_grad()
def set_gate_biases(
    cell: kernels.Cell,
    weights: dict[str, Tensor],
    hidden_size: int,
    forget_bias: float | None,
    chrono: int | None,
) -> None:
    """Set the bias of the gate g_cs, and with `chrono` that of g_cu, as `carousel.LSTM` says of its arguments.

    What is stored twice and added up is zero the second time. `weights` go by torch's names without the suffix.
    """
    start: dict[str, Tensor] = {}
    like = weights["bias_ih"][:hidden_size]
    if forget_bias is not None:
        start["cs"] = torch.full_like(like, forget_bias)
    if chrono is not None:
        start["cs"] = torch.empty_like(like).uniform_(1, chrono - 1).log_()
        start["cu"] = -start["cs"]
    blocks = kernels.row_blocks(cell.nodes, hidden_size)
    for node, bias in start.items():
        weights["bias_ih"][blocks[node]] = bias
        weights["bias_hh"][blocks[node]] = 0
