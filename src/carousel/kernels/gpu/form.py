"""Which form a scan takes, and why.

What bounds them, predicted for an H100 before any card has run them (132 multiprocessors; 3.35 TB/s of memory, some
5.5 TB/s of L2, of which one multiprocessor takes 0.1; 989 TFLOP/s in bfloat16). A step is one phase, with full
peepholes two. A phase has a meeting, 1.2-1.5 µs: a store, an atomic and a load of the L2, one behind the other. The
rest, in bfloat16 with K = 1024 terms:

- persistent, a tile of 16 sequences: a signal of 32 KB from the L2 to each program 0.5 µs, half of it latency; 64 KB of
  weights from shared memory to the tensor cores 0.3 µs; sums, gates and some ten barriers of the program 0.4 µs. So
  1-1.5 µs, and as much for each further tile of a program, which has one chain of loads, products and sums at a time.
  Backward reads two signals more, one with the first and one behind it: another 1 µs a step.
  With full peepholes B16 T1024 H768 takes 4.7-5.7 ms forward and 5.7-6.7 ms backward; without, half.
- streamed, a part of 64 sequences and 16 units: 256 KB of signal and weights from the L2, 2.5 µs at what one
  multiprocessor takes; a part of 128 and 32, 512 KB and 5 µs. More where all parts together exceed what the L2 gives.
  Latency, sums and gates another 1.5 µs.
  With full peepholes B256 T512 H1024 takes 9 ms forward and 12 ms backward.

The products over all steps come on top at the library's pace: 2 T B N H I operations forward, twice that and
2 T B (N + P) H² backward, for N nodes and P full peepholes; at B16 T1024 H768 0.2 ms forward and 0.6 ms backward, at
B256 T512 H1024 9 ms together.
"""

from dataclasses import replace
from functools import cache

import torch

from carousel.kernels.cells import LSTMCell
from carousel.kernels.gpu.card import Card
from carousel.kernels.gpu.persistent import SEQUENCES, UNITS, Persistent, largest_slice, shared_bytes
from carousel.kernels.gpu.streamed import Streamed

Form = Persistent | Streamed

PRODUCTS = {"persistent": 1e6, "streamed": 3e6}
"""Multiplications that a program does in a microsecond with 16-bit numbers."""
IN_FLOAT32 = 0.2
"""What is left of that."""
L2_OF_ONE, L2_OF_ALL = 0.1e6, 5.5e6
"""Bytes that the L2 hands to one multiprocessor and to all, in a microsecond."""


@cache
def form_of(cell: LSTMCell, B: int, H: int, dtype: torch.dtype, card: Card) -> tuple[Form, str]:
    """The form for this cell and a batch of B sequences, and the reason.

    Persistent where the weights fit on the chip, but where a program would have so many tiles to go through one after
    another that it pays to read the weights anew. Decided for the next power of two: two batches of nearly one size
    then take one form, and no form comes back for larger batches, as the predictions alone would have it.
    """
    B = 1 << (B - 1).bit_length()
    narrow, wide = (Streamed(cell, card.processors, is_wide) for is_wide in (False, True))
    fit = [narrow, wide] if wide.shared_bytes(dtype) <= card.shared else [narrow]
    anew = min(fit, key=lambda form: streamed_phase(form, B, H, dtype))
    units = largest_slice(cell, H, dtype, card)
    needed, slices = shared_bytes(cell, H, dtype, units or UNITS[-1]), -(-H // (units or UNITS[-1]))
    weights = f"{slices} times {needed >> 10} KB of weights and signals"
    chip = f"{card.processors} multiprocessors of {card.shared >> 10} KB"
    if units is None:
        return anew, f"streamed: {weights} do not fit {chip}"
    kept = Persistent(cell, units, card.processors)
    here, there = persistent_phase(kept, B, H, dtype), streamed_phase(anew, B, H, dtype)
    if there < here:
        return anew, (
            f"streamed: for up to {B} sequences a phase that reads the weights anew should take {there:.0f} µs, and "
            f"one that keeps them on the chip {here:.0f}"
        )
    return kept, f"persistent: {weights} fit {chip}"


def instead_of(form: Form) -> Form | None:
    """What to try where a form is found to be wrong, at last launches in which nothing waits; or nothing."""
    narrow = Streamed(form.cell, form.processors)
    alone = replace(narrow, phases_a_launch=1)
    return None if form == alone else alone if form == narrow else narrow


def persistent_phase(form: Persistent, B: int, H: int, dtype: torch.dtype) -> float:
    """Predicted microseconds of a phase but for the meeting, the mean of forward and backward."""
    slices, tiles = -(-H // form.units), -(-B // SEQUENCES)
    in_turn = -(-tiles // max(1, form.processors // slices))
    products = 4 * SEQUENCES * form.units * H / _pace(form, dtype)
    return in_turn * (0.9 + products)


def streamed_phase(form: Streamed, B: int, H: int, dtype: torch.dtype) -> float:
    """The same of this form."""
    tile, full = form.tile(dtype), form.cell.peephole == "full"
    parts = -(-B // tile.sequences) * -(-H // tile.units)
    in_turn = -(-parts // form.processors)
    spent = 0.0
    # Signals of H terms that a phase reads, and what each is multiplied with.
    for signals, weights in (1, 4), (2, 1.75) if full else (4, 1):
        loaded = signals * H * (min(tile.sequences, B) + weights * tile.units) * dtype.itemsize
        products = signals * H * tile.sequences * weights * tile.units / _pace(form, dtype)
        one = max(loaded / L2_OF_ONE, products)
        spent += in_turn * 1.5 + max(in_turn * one, parts * loaded / L2_OF_ALL)
    return spent / 2


def _pace(form: Form, dtype: torch.dtype) -> float:
    return PRODUCTS[form.name] * (1.0 if dtype.itemsize == 2 else IN_FLOAT32)
