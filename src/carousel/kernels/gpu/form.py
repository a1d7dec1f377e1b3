"""Which of the two forms a scan takes, and why.

What bounds them, predicted for an H100 before any card has run them (132 multiprocessors; 3.35 TB/s of memory, some
5.5 TB/s of L2, 989 TFLOP/s in bfloat16; bfloat16, a tile of 16 sequences, K = 1024 terms):

- persistent, a phase: a meeting 1.2-1.5 µs, which is a store, an atomic and a load of the L2, one behind the other; a
  signal of 32 KB from the L2 to each program 0.5 µs, half of it latency; 64 KB of weights from shared memory to the
  tensor cores 0.3 µs; sums, gates and some ten barriers of the program 0.4 µs. So 2.3-2.8 µs. A step is one phase, with
  full peepholes two. Backward reads two signals more, one with the first and one behind it: another 1 µs a step.
  With full peepholes B16 T1024 H768 takes 4.7-5.7 ms forward and 5.7-6.7 ms backward; without, half.
- persistent, a further tile of the same program: all of that but the meeting, 1-1.5 µs a phase, since a program has one
  chain of loads, products and sums at a time.
- stepwise, a launch: 2-3 µs in a CUDA graph, 10-40 µs where Python makes it. A step is two launches, with full
  peepholes four; each product reads its weights from the L2, 1.5 µs for 8 MB.

The products over all steps come on top at the library's pace: 2 T B N H I operations forward, twice that and
2 T B (N + P) H² backward, for N nodes and P full peepholes; at B16 T1024 H768 0.2 ms forward and 0.6 ms backward.
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
