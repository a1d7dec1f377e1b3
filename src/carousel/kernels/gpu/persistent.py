"""The form in which one launch takes all steps, and the weights stay on the chip."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from carousel.kernels.cells import LSTMCell
from carousel.kernels.gpu.buffers import Backward, Forward
from carousel.kernels.gpu.card import Card
from carousel.kernels.gpu.launch import through_time
from carousel.kernels.gpu.rows import Rows

SEQUENCES = 16
"""How many sequences a tile has: the fewest rows that a tensor core multiplies."""
UNITS = (16, 8, 4)
"""How many units a program may have the weights of, the best first."""
SPARE = 8 * 1024
"""Bytes of shared memory that are left to the compiler."""


@dataclass(frozen=True)
class Persistent:
    cell: LSTMCell
    units: int
    """How many a program has the weights of."""
    processors: int
    sequences: int = SEQUENCES
    """How many a tile has."""
    phases_a_launch: int | None = None
    """None for all. With 1 no program waits, so they may run one after another, as in Triton's interpreter."""
    name = "persistent"

    def forward(self, given: Forward, rows: Rows) -> None:
        from carousel.kernels.gpu.jit import persistent

        tensors = (
            given.W_v, given.W_s, given.bias, given.W_s, given.v_mask, given.gates, given.from_v, given.from_s,
            given.state, given.states, given.q, given.seen,
        )  # fmt: skip
        states = given.keep or self.cell.peephole == "full"
        self._launch(
            persistent.forward, tensors, rows, rows.reverse,
            MASKED=given.is_masked, KEEP_GATES=given.keep, KEEP_STATES=states,
        )  # fmt: skip

    def backward(self, given: Backward, rows: Rows) -> None:
        from carousel.kernels.gpu.jit import persistent

        tensors = (
            given.W_v, given.W_s, given.W_s, given.v_mask, given.gates, given.states, given.s_init, given.dq,
            given.alpha, given.f_psi, torch.zeros_like(given.f_psi),
        )  # fmt: skip
        self._launch(persistent.backward, tensors, rows, not rows.reverse, MASKED=given.is_masked)

    def _launch(
        self, kernel: Any, tensors: tuple[Tensor, ...], rows: Rows, descending: bool, **more: bool
    ) -> None:
        H = tensors[0].shape[1]
        K, parts = cut(H)
        tiles, slices = -(-rows.B // self.sequences), -(-H // self.units)
        through_time(
            kernel, (slices, max(1, min(tiles, self.processors // slices))), tensors, rows, self.cell,
            descending=descending, sequences=self.sequences, phases_a_launch=self.phases_a_launch,
            H=H, K=K, S=parts, BH=self.units, num_warps=parts, num_stages=1, **more,
        )  # fmt: skip


def cut(H: int) -> tuple[int, int]:
    """The terms of a product, rounded up to a power of two, and in how many parts the warps share them."""
    K = max(16, 1 << (H - 1).bit_length())
    return K, min(8, K // 16)


def shared_bytes(cell: LSTMCell, H: int, dtype: torch.dtype, units: int) -> int:
    """Shared memory of a program: the weights of its units, and in turn a tile of two signals and the sums of parts.

    Of float32 weights it holds large and small parts, as tf32x3 wants them.
    """
    K, parts = cut(H)
    products = len(cell.nodes) + (len(cell.peephole_nodes) if cell.peephole == "full" else 0)
    weights, signal = products * units * K * dtype.itemsize, SEQUENCES * K * dtype.itemsize
    if dtype == torch.float32:
        weights *= 2
    sums = parts * SEQUENCES * 4 * units * torch.float32.itemsize  # of four nodes at once
    return weights + max(2 * signal, sums)


def largest_slice(cell: LSTMCell, H: int, dtype: torch.dtype, card: Card) -> int | None:
    """The units that a program takes where this form fits the card."""
    for units in UNITS:
        fits = shared_bytes(cell, H, dtype, units) + SPARE <= card.shared
        if fits and -(-H // units) <= card.processors:
            return units
    return None
