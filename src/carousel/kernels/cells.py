"""What a recurrence computes, told to every kernel in the same words.

Row blocks of stored weights, each of `hidden_size` rows, come in the order of `nodes`. The first four are torch's
i, f, g, o. Peephole rows come in the order of `peephole_nodes`: first those that see s[n-1], last cr, which sees s[n].
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

Peephole = Literal["none", "diagonal", "full"]


@dataclass(frozen=True)
class LSTMCell:
    """An LSTM of the paper; with the defaults, the one that `torch.nn.LSTM` computes."""

    peephole: Peephole = "none"
    input_gate: bool = False
    projection: bool = False

    carried = ("v", "s")
    """The signals carried from step to step, in torch's order (h, c)."""
    output = "v"

    @property
    def nodes(self) -> tuple[str, ...]:
        return ("cu", "cs", "du", "cr", "cx") if self.input_gate else ("cu", "cs", "du", "cr")

    @property
    def peephole_nodes(self) -> tuple[str, ...]:
        if self.peephole == "none":
            return ()
        return ("cu", "cs", "cx", "cr") if self.input_gate else ("cu", "cs", "cr")


@dataclass(frozen=True)
class RNNCell:
    """The paper's standard RNN, which `torch.nn.RNN` computes, or its canonical RNN, which carries the state."""

    canonical: bool = False
    nonlinearity: Literal["tanh", "relu"] = "tanh"

    nodes = ("s",)
    output = "r"

    @property
    def carried(self) -> tuple[str, ...]:
        return ("s",) if self.canonical else ("r",)


Cell = LSTMCell | RNNCell


def row_blocks(nodes: tuple[str, ...], hidden_size: int) -> dict[str, slice]:
    """Where the rows of each node lie in stored weights."""
    return {node: slice(i * hidden_size, (i + 1) * hidden_size) for i, node in enumerate(nodes)}


def reordered(value: Tensor, nodes: tuple[str, ...], order: tuple[str, ...]) -> Tensor:
    """Stored weights whose rows lie in the order `nodes`, with their rows in another order of the same nodes."""
    blocks = row_blocks(nodes, len(value) // len(nodes))
    return torch.cat([value[blocks[node]] for node in order])


class Masks(NamedTuple):
    """What regularises one recurrence, as factors that whoever calls it has drawn or, in inference, set."""

    v: Tensor | None = None
    """What v (r, of an RNN) is multiplied by on its way from n-1 to the nodes of step n, [B, V]; None for ones."""
    zones: tuple[Tensor, ...] = ()
    """Of each carried signal, in the cell's order, the share that its value at n-1 has in the one at n, [T, B, d], or
    [T, 1, 1] for all alike; empty for zeros."""


NO_MASKS = Masks()


class Weights(NamedTuple):
    """The weights of one recurrence. I is the input's size (all taps of a window), H hidden_size, V the size of v."""

    ih: Tensor
    """Input to nodes, [nodes * H, I]."""
    hh: Tensor
    """Value (readout, for an RNN) to nodes, [nodes * H, V]."""
    ch: Tensor | None = None
    """State to nodes: peepholes [peephole nodes * H, H] (full) or [peephole nodes * H] (diagonal); W_s of an RNN."""
    bias: Tensor | None = None
    """[nodes * H]."""
    hr: Tensor | None = None
    """Recurrent projection, [V, H]."""
