"""Dynamic time warping against its recursion, cell by cell."""

import numpy as np
import pytest

from carousel.training import time_warping
from carousel.training.time_warping import cells, distances
from helpers import assert_same


def recursion(x, y) -> float:
    total = np.full((len(x) + 1, len(y) + 1), np.inf)
    total[0, 0] = 0
    for i, a in enumerate(x.astype(np.float64)):
        for j, b in enumerate(y):
            before = min(total[i, j], total[i, j + 1], total[i + 1, j])
            total[i + 1, j + 1] = ((a - b) ** 2).sum() + before
    return total[-1, -1]


def drawn(lengths, features, random):
    return [random.normal(size=(length, features)).astype(np.float32) for length in lengths]


@pytest.mark.parametrize("features", [1, 3])
@pytest.mark.parametrize("at_once", [1, 2**18])
def test_distances_are_those_of_the_recursion(features, at_once, monkeypatch):
    monkeypatch.setattr(time_warping, "CELLS_AT_ONCE", at_once)
    random = np.random.default_rng(0)
    some, others = drawn([1, 7, 4, 4], features, random), drawn([2, 1, 9], features, random)
    wanted = np.array([[recursion(x, y) for y in others] for x in some], np.float32)
    assert_same(distances(some, others), wanted)
    assert cells(some, others) == 16 * 12


def test_a_long_sequence_among_short_ones_costs_no_more_than_is_counted(monkeypatch):
    compared = []
    block = time_warping._block
    monkeypatch.setattr(
        time_warping,
        "_block",
        lambda some, y, lengths: (
            compared.append(max(map(len, some)) * len(some) * y.shape[0] * y.shape[1])
            or block(some, y, lengths)
        ),
    )
    random = np.random.default_rng(0)
    some, others = drawn([3] * 49 + [4, 100], 1, random), drawn([100] + [4] * 30, 1, random)
    found = distances(some, others)
    assert sum(compared) == cells(some, others) == (50 * 4 + 100) * (100 + 30 * 4)
    for row, column in ((0, 0), (0, 1), (50, 0), (50, 30)):
        wanted = recursion(some[row], others[column])
        assert found[row, column] == pytest.approx(wanted, rel=1e-5)


def test_who_goes_slower_is_the_same():
    x = np.float32([[0], [1], [3], [2]])
    assert distances([x], [np.repeat(x, 3, axis=0), x[:-1]]).tolist() == [[0.0, 1.0]]
