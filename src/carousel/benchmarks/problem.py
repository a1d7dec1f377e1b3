"""What is computed: a cell with its weights, an input, and the gradients that come back from above."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Literal

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence

from carousel.benchmarks.grid import Shape
from carousel.nn import LSTM, AugmentedLSTM, VanillaLSTM

Mode = Literal["inference", "training", "streaming", "memory", "length"]
"""A pass without gradients; forward and backward; a sequence step by step; and what else is measured of training:
its peak memory, and its time against the number of steps."""

CELLS: dict[str, Callable[[int, int], LSTM]] = {
    "plain": LSTM,
    "ragged": LSTM,
    "projected": lambda d_x, H: LSTM(d_x, H, proj_size=H // 2),
    "float64": lambda d_x, H: LSTM(d_x, H, dtype=torch.float64),
    "diagonal": lambda d_x, H: LSTM(d_x, H, peephole="diagonal"),
    "peephole": VanillaLSTM,
    "augmented": lambda d_x, H: AugmentedLSTM(d_x, H, proj_size=H // 2),
}
"""From input and hidden size to this library's layer. A ragged batch is a matter of the input."""


@dataclass(frozen=True)
class Problem:
    """One cell at one size, with everything random drawn from a fixed seed. V is the layer's output size."""

    cell: str
    mode: Mode
    shape: Shape
    layer: LSTM
    x: Tensor
    """[T, B, I], or of a ragged batch the data of its PackedSequence, [tokens, I]."""
    packing: PackedSequence | None
    upstream: tuple[Tensor, Tensor, Tensor]
    """Gradients of output (sized as x), v [1, B, V] and s [1, B, H]."""

    @classmethod
    def draw(cls, cell: str, mode: Mode, shape: Shape) -> "Problem":
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(0)
            layer = CELLS[cell](shape.I, shape.H)
            draw = partial(torch.randn, dtype=layer.all_weights[0][0].dtype)
            x, packing = draw(shape.T, shape.B, shape.I), None
            if cell == "ragged":
                packing = pack_padded_sequence(x, _lengths(shape), enforce_sorted=False)
                x = packing.data
            V = layer.proj_size or shape.H
            sizes = (*x.shape[:-1], V), (1, shape.B, V), (1, shape.B, shape.H)
            d_output, d_v, d_s = (draw(size) for size in sizes)
        return cls(cell, mode, shape, layer, x, packing, (d_output, d_v, d_s))

    def as_input(self, x: Tensor) -> Tensor | PackedSequence:
        """`x`, or something of its size, in the form that a layer takes."""
        return x if self.packing is None else PackedSequence(x, *self.packing[1:])

    @property
    def operations(self) -> int:
        """Floating-point operations of the products: two for each weight and step of a sequence, thrice to train."""
        tokens = self.x.shape[:-1].numel()
        weights = sum(weight.numel() for name, weight in self.layer.named_parameters() if "bias" not in name)
        return 2 * weights * tokens * (3 if self.mode in ("training", "length") else 1)


def _lengths(shape: Shape) -> Tensor:
    """Uniform in T/4 .. T, the longest made T, as a batch is cut."""
    lengths = torch.randint(max(shape.T // 4, 1), shape.T + 1, (shape.B,))
    lengths[0] = shape.T
    return lengths
