"""Which of the two forms a scan takes, and why.

What bounds them, predicted for an H100 before any card has run them (132 multiprocessors; 3.35 TB/s of memory, some
5.5 TB/s of L2, 989 TFLOP/s in bfloat16; H = 1024, bfloat16, a tile of 16 sequences):

- persistent, a phase: a meeting 1-2 µs, which is an atomic to arrive and one or two to learn of it; 32 KB of signal
  from the L2 to each program, 0.3 µs; 64 KB of weights from shared memory to the tensor cores, 0.3 µs; sums and gates
  0.3 µs. So 2-3 µs, which further tiles of the same program share in part. A step is one phase, with full peepholes
  two, and backward reads three signals more, another 0.9 µs. With full peepholes B16 T1024 H768 takes 4-6 ms forward
  and 5-7 ms backward; without, half.
- stepwise, a launch: 2-3 µs in a CUDA graph, 10-40 µs where Python makes it. A step is two launches, with full
  peepholes four; each product reads its weights from the L2, 1.5 µs for 8 MB.

The products over all steps come on top at the library's pace: 2 T B N H I operations forward, twice that and
2 T B (N + P) H² backward, for N nodes and P full peepholes; 0.3 ms at B16 T1024 H768.
"""

from functools import cache

import torch

from carousel.kernels.cells import LSTMCell
from carousel.kernels.gpu.card import Card
from carousel.kernels.gpu.persistent import UNITS, Persistent, largest_slice, shared_bytes
from carousel.kernels.gpu.stepwise import Stepwise

Form = Persistent | Stepwise


@cache
def form_of(cell: LSTMCell, H: int, dtype: torch.dtype, card: Card) -> tuple[Form, str]:
    """The form for this cell, and the reason: persistent wherever the weights fit on the chip."""
    units = largest_slice(cell, H, dtype, card)
    if units is None:
        needed, slices = shared_bytes(cell, H, dtype, UNITS[-1]), -(-H // UNITS[-1])
        return Stepwise(cell), (
            f"stepwise: {slices} times {needed >> 10} KB of weights and signals do not fit "
            f"{card.processors} multiprocessors of {card.shared >> 10} KB"
        )
    needed, slices = shared_bytes(cell, H, dtype, units), -(-H // units)
    return Persistent(cell, units, card.processors), (
        f"persistent: {slices} times {needed >> 10} KB of weights and signals fit "
        f"{card.processors} multiprocessors of {card.shared >> 10} KB"
    )
