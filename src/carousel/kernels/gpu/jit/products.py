"""Products of a tile of signal [BB, K] with a program's weights [K, BH], cut along K into a part for each warp.

Signals that lie in neighbouring blocks of an array can be one signal, of so many times the parts: their loads are then
all under way at once, and no sum waits for another.
"""

import triton
import triton.language as tl


@triton.jit
def parts(S: tl.constexpr, K: tl.constexpr):
    """The indices 0 ... K, part by part, [S, K / S]."""
    return tl.arange(0, S)[:, None] * (K // S) + tl.arange(0, K // S)[None, :]


@triton.jit
def whole_signal(
    array, block, rows, inside, width: tl.constexpr, H: tl.constexpr, S: tl.constexpr, K: tl.constexpr,
    BLOCKS: tl.constexpr = 1,
):  # fmt: skip
    """Whole blocks of some rows that other programs wrote, [BLOCKS * S, BB, K / S]. Not from the nearest cache."""
    k = parts(BLOCKS * S, BLOCKS * K)[:, None, :]
    where = rows[None, :, None].to(tl.int64) * (width * H) + (block + k // K) * H + k % K
    return tl.load(array + where, mask=inside[None, :, None] & (k % K < H), other=0.0, cache_modifier=".cg")


@triton.jit
def rows_of_weights(array, block, units, H: tl.constexpr, S: tl.constexpr, K: tl.constexpr):
    """The weights from all units to these, [S, K / S, BH]."""
    k, to = parts(S, K)[:, :, None], units[None, None, :]
    return tl.load(array + (to + block * H) * H + k, mask=(to < H) & (k < H), other=0.0)


@triton.jit
def interleaved_rows(
    array, H: tl.constexpr, S: tl.constexpr, K: tl.constexpr, BH: tl.constexpr, BLOCKS: tl.constexpr
):
    """The same of the first blocks at once, those of a unit side by side, [S, K / S, BH * BLOCKS]."""
    column = tl.arange(0, BH * BLOCKS)
    to = (tl.program_id(0) * BH + column // BLOCKS)[None, None, :]
    k, block = parts(S, K)[:, :, None], (column % BLOCKS)[None, None, :]
    return tl.load(array + (block * H + to) * H + k, mask=(to < H) & (k < H), other=0.0)


@triton.jit
def columns_of_weights(
    array, block, units, H: tl.constexpr, S: tl.constexpr, K: tl.constexpr, BLOCKS: tl.constexpr = 1
):
    """The weights from these units to all, transposed, [BLOCKS * S, K / S, BH]."""
    k, of = parts(BLOCKS * S, BLOCKS * K)[:, :, None], units[None, None, :]
    return tl.load(array + (k % K + (block + k // K) * H) * H + of, mask=(of < H) & (k % K < H), other=0.0)


@triton.jit
def multiplied(signal, weights, PRECISION: tl.constexpr):
    """The parts of a product, [BLOCKS * S, BB, BH]."""
    return tl.dot(signal, weights, input_precision=PRECISION, out_dtype=tl.float32)


@triton.jit
def over_blocks(products, S: tl.constexpr, BB: tl.constexpr, BH: tl.constexpr):
    """The sum of the products of two blocks, [S, BB, BH]."""
    return tl.sum(tl.reshape(products, (2, S, BB, BH)), axis=0)


@triton.jit
def product(signal, weights, PRECISION: tl.constexpr):
    return tl.sum(multiplied(signal, weights, PRECISION), axis=0)


@triton.jit
def two(both, BB: tl.constexpr, BH: tl.constexpr):
    """[BB, BH * 2] of interleaved blocks, block by block."""
    return tl.split(tl.reshape(both, (BB, BH, 2)))


@triton.jit
def four(all_four, BB: tl.constexpr, BH: tl.constexpr):
    """[BB, BH * 4] of interleaved blocks, block by block."""
    even, odd = tl.split(tl.reshape(all_four, (BB, BH, 2, 2)))
    first, third = tl.split(even)
    second, fourth = tl.split(odd)
    return first, second, third, fourth


@triton.jit
def side_by_side(first, second, third, fourth, BB: tl.constexpr, BH: tl.constexpr):
    """The reverse of `four`."""
    return tl.reshape(tl.join(tl.join(first, third), tl.join(second, fourth)), (BB, BH * 4))
