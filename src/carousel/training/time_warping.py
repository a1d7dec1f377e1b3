"""Dynamic time warping: how far apart two sequences are when each may run faster or slower on the way.

The distance of sequences x and y is the least sum of squared Euclidean distances over all paths from their first to
their last steps that go on by one step in x, in y, or in both (Sakoe and Chiba 1978), without a window. Of several
features all are warped together ("dependent").
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float32]

CELLS_AT_ONCE = 2**18


def cells(some: Sequence[Array], others: Sequence[Array]) -> int:
    """How many pairs of steps `distances` compares at most, those of padding among them."""
    first, second = (
        sum(len(group) * max(len(sequences[i]) for i in group) for group in _alike(sequences))
        for sequences in (some, others)
    )
    return first * second


def distances(some: Sequence[Array], others: Sequence[Array]) -> Array:
    """The distance [N, M] of each of N sequences [T, F] to each of M."""
    found = np.empty((len(some), len(others)), np.float32)
    for rows in _alike(some):
        for columns in _alike(others):
            x, y = [some[i] for i in rows], [others[i] for i in columns]
            # A block holds whole diagonals as long as its first sequences, which so are the shorter ones.
            swapped = max(map(len, x)) > max(map(len, y))
            found[np.ix_(rows, columns)] = _blocks(y, x).T if swapped else _blocks(x, y)
    return found


def _alike(sequences: Sequence[Array]) -> list[list[int]]:
    """The places of sequences of about the same length, so that padding at most doubles one."""
    groups: dict[int, list[int]] = {}
    for place, one in enumerate(sequences):
        groups.setdefault((len(one) - 1).bit_length(), []).append(place)
    return list(groups.values())


def _blocks(some: Sequence[Array], others: Sequence[Array]) -> Array:
    padded, lengths = _padded(others)
    size = max(1, CELLS_AT_ONCE // (len(others) * max(map(len, some))))
    blocks = [_block(some[first : first + size], padded, lengths) for first in range(0, len(some), size)]
    return np.concatenate(blocks)


def _block(some: Sequence[Array], y: Array, y_lengths: npt.NDArray[np.int64]) -> Array:
    """Diagonal by diagonal, all pairs at once: on the diagonal k lie the cells (i, k - i)."""
    x, x_lengths = _padded(some)
    steps, other_steps, n, m = len(x), len(y), x.shape[1], y.shape[1]
    x_squares, y_squares = (np.square(one).sum(axis=2) for one in (x, y))
    found = np.empty((n, m), np.float32)
    last = x_lengths[:, None] + y_lengths - 2
    before = np.full((steps + 1, n, m), np.inf, np.float32)  # the diagonal before; cell i stands at i + 1
    two_before = before.copy()
    two_before[0] = 0  # what the first cell goes on from
    for k in range(steps + other_steps - 1):
        first, stop = max(0, k - other_steps + 1), min(steps, k + 1)
        at_x = slice(first, stop)
        at_y = k - np.arange(first, stop)
        cost = x_squares[at_x, :, None] + y_squares[at_y, None] - 2 * x[at_x] @ y[at_y].swapaxes(1, 2)
        here = np.full_like(before, np.inf)
        came = np.minimum(np.minimum(before[at_x], before[first + 1 : stop + 1]), two_before[at_x])
        here[first + 1 : stop + 1] = np.maximum(cost, 0) + came
        two_before, before = before, here
        rows, columns = np.nonzero(last == k)
        found[rows, columns] = here[x_lengths[rows], rows, columns]
    return found


def _padded(sequences: Sequence[Array]) -> tuple[Array, npt.NDArray[np.int64]]:
    """Sequences as one array [T, N, F], zero behind their ends, and their lengths [N]."""
    lengths = np.array([len(one) for one in sequences])
    padded = np.zeros((lengths.max(), len(sequences), sequences[0].shape[1]), np.float32)
    for column, one in enumerate(sequences):
        padded[: len(one), column] = one
    return padded, lengths
