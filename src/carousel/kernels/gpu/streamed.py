"""The form in which one launch takes all steps and reads the weights anew in each: for any size."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from carousel.kernels.cells import LSTMCell
from carousel.kernels.gpu.buffers import Backward, Forward
from carousel.kernels.gpu.launch import through_time
from carousel.kernels.gpu.rows import Rows

BLOCK_BYTES = 128
"""Of a row that one load takes: the terms of a block."""
WARPS = 8


class Tile(NamedTuple):
    sequences: int
    units: int
    stages: int
    """Blocks whose loads are under way: some 80 KB, as the L2 takes most of a microsecond and gives 0.1 MB in one."""


@dataclass(frozen=True)
class Streamed:
    cell: LSTMCell
    processors: int
    is_wide: bool = False
    """Whether tiles are for many sequences, so that the weights are read less often."""
    phases_a_launch: int | None = None
    """None for all. With 1 no program waits, so they may run one after another."""

    @property
    def name(self) -> str:
        return "streamed" if self.phases_a_launch is None else "stepwise"

    def tile(self, dtype: torch.dtype) -> Tile:
        """What the registers of a program can hold of sums, and in float32 of the parts of numbers."""
        if not self.is_wide:
            return Tile(64, 16, 6)
        return Tile(128, 16, 4) if dtype == torch.float32 else Tile(128, 32, 4)

    def shared_bytes(self, dtype: torch.dtype) -> int:
        """Shared memory of a program: all blocks under way but one.

        On compute capability 9.0, with room for more, the tensor cores read that one from there, too.
        """
        tile, blocks = self.tile(dtype), 5 if self.cell.input_gate else 4
        return (tile.stages - 1) * (tile.sequences + blocks * tile.units) * BLOCK_BYTES

    def forward(self, given: Forward, rows: Rows) -> None:
        from carousel.kernels.gpu.jit import streamed

        H, full = given.q.shape[1], self.cell.peephole == "full"
        W_four, W_cx = _side_by_side(given.W_v, range(4), H), given.W_v[-H:]
        W_s = given.W_s
        if full:
            cx = 2 if self.cell.input_gate else None
            W_s = _side_by_side(W_s, (0, 1, cx, len(self.cell.peephole_nodes) - 1), H)
        tensors = (
            W_four, W_cx, W_s, given.bias, given.W_s, given.v_mask, given.gates, given.from_v, given.from_s,
            given.state, given.states, given.q, given.seen,
        )  # fmt: skip
        self._launch(
            streamed.forward, tensors, rows, rows.reverse, H, MASKED=given.is_masked,
            KEEP_GATES=given.keep, KEEP_STATES=given.keep or full,
        )  # fmt: skip

    def backward(self, given: Backward, rows: Rows) -> None:
        from carousel.kernels.gpu.jit import streamed

        tensors = (
            given.W_v, given.W_s, given.W_s, given.v_mask, given.gates, given.states, given.s_init, given.dq,
            given.alpha, given.f_psi, torch.zeros_like(given.f_psi),
        )  # fmt: skip
        self._launch(
            streamed.backward, tensors, rows, not rows.reverse, given.f_psi.shape[1],
            MASKED=given.is_masked,
        )  # fmt: skip

    def _launch(
        self, kernel: Any, tensors: tuple[Tensor, ...], rows: Rows, descending: bool, H: int, **more: bool
    ) -> None:
        dtype = tensors[0].dtype
        tile = self.tile(dtype)
        parts = -(-rows.B // tile.sequences) * -(-H // tile.units)
        through_time(
            kernel, (min(parts, self.processors),), tensors, rows, self.cell,
            descending=descending, sequences=tile.sequences, phases_a_launch=self.phases_a_launch,
            H=H, BH=tile.units, BK=BLOCK_BYTES // dtype.itemsize, STAGES=tile.stages, num_warps=WARPS, **more,
        )  # fmt: skip


def _side_by_side(W: Tensor, blocks: Sequence[int | None], H: int) -> Tensor:
    """The rows of a unit of all these blocks one after another, [H * blocks, H]; zeros for a block that is None."""
    nothing = W.new_zeros(H, H)
    parts = [nothing if block is None else W[block * H : (block + 1) * H] for block in blocks]
    return torch.stack(parts, dim=1).flatten(0, 1)
