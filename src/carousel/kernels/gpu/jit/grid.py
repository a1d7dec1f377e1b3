"""How the programs of a persistent launch meet, and which rows and tiles a phase has."""

import triton
import triton.language as tl


@triton.jit
def arrive(counter):
    tl.debug_barrier()  # what the program's other threads wrote comes before the release
    tl.atomic_add(counter, 1, sem="release", scope="gpu")


@triton.jit
def wait(counter, phases, arrivals_a_phase):
    """Until the tile is through with so many phases."""
    arrivals = phases * arrivals_a_phase
    while tl.atomic_add(counter, 0, sem="acquire", scope="gpu") < arrivals:
        pass
    tl.debug_barrier()


@triton.jit
def step_at(i, T, descending):
    return i + descending * (T - 1 - 2 * i)


@triton.jit
def rows_of(offsets, n, exists):
    """First row of step n and how many there are; none if it does not exist."""
    first = tl.load(offsets + n, mask=exists, other=0)
    return first, tl.load(offsets + n + 1, mask=exists, other=0) - first


@triton.jit
def phases_done(i, tile, lengths, T, descending, BB: tl.constexpr):
    """How many steps of the tile come before the i-th: its longest sequence takes the last steps, or the first."""
    return i - descending * (T - tl.load(lengths + tile * BB))


@triton.jit
def tiles_of(count, tick, begin, end, BB: tl.constexpr):
    """How many tiles a phase has; none if the launch leaves it to another."""
    return tl.where((tick >= begin) & (tick < end), tl.cdiv(count, BB), 0)
