"""How a kernel is launched over all steps of a batch."""

from typing import Any

import torch
from torch import Tensor

from carousel.kernels.cells import LSTMCell
from carousel.kernels.gpu.card import precision
from carousel.kernels.gpu.rows import Rows


def through_time(
    kernel: Any,
    grid: tuple[int, ...],
    tensors: tuple[Tensor, ...],
    rows: Rows,
    cell: LSTMCell,
    *,
    descending: bool,
    sequences: int,
    phases_a_launch: int | None,
    **settings: Any,
) -> None:
    """In one launch, whose programs all run at once and meet; or in many of so many phases each.

    Args:
        tensors: the kernel's first arguments; what follows is the same for all kernels.
        descending: from the last step to the first.
        sequences: how many a tile has.
        phases_a_launch: None for all.
        settings: the kernel's own, and Triton's.
    """
    tiles = -(-rows.B // sequences)
    arrivals = torch.zeros(tiles, dtype=torch.int32, device=tensors[0].device)
    phases = rows.T * (2 if cell.peephole == "full" else 1)
    at_once = phases_a_launch or phases
    for begin in range(0, phases, at_once):
        kernel[grid](
            *tensors, rows.offsets, rows.lengths, arrivals,
            rows.T, int(descending), begin, begin + at_once,
            BB=sequences, PEEPHOLE=cell.peephole, INPUT_GATE=cell.input_gate,
            PRECISION=precision(tensors[0].dtype), **settings,
            enable_fp_fusion=True, launch_cooperative_grid=phases_a_launch is None,
        )  # fmt: skip
