"""What is computed, and how many operations it takes."""

import pytest
import torch

from carousel.benchmarks.grid import BATCHES, GRID, LARGE, QUICK, Shape
from carousel.benchmarks.problem import CELLS, Problem

SHAPE = Shape(B=3, T=5, I=4, H=6)
TOKENS = 15
PRODUCTS = {
    "plain": 4 * 6 * 4 + 4 * 6 * 6,
    "float64": 4 * 6 * 4 + 4 * 6 * 6,
    "projected": 4 * 6 * 4 + 4 * 6 * 3 + 3 * 6,
    "diagonal": 4 * 6 * 4 + 4 * 6 * 6 + 3 * 6,
    "peephole": 4 * 6 * 4 + 4 * 6 * 6 + 3 * 6 * 6,
    "augmented": 5 * 6 * (3 * 4) + 5 * 6 * 3 + 4 * 6 * 6 + 3 * 6,
}
"""Multiply-adds of one step of one sequence: input, recurrent, then peephole and projection."""


@pytest.mark.parametrize("cell", PRODUCTS)
def test_operations_are_two_for_each_multiply_add_and_thrice_to_train(cell):
    assert Problem.draw(cell, "inference", SHAPE).operations == 2 * TOKENS * PRODUCTS[cell]
    assert Problem.draw(cell, "training", SHAPE).operations == 6 * TOKENS * PRODUCTS[cell]


def test_the_operations_of_a_ragged_batch_are_those_of_its_real_steps():
    problem = Problem.draw("ragged", "inference", Shape(B=40, T=100, I=4, H=6))
    tokens = int(problem.packing.batch_sizes.sum())
    assert problem.operations == 2 * tokens * PRODUCTS["plain"]
    assert tokens < 40 * 100


def test_lengths_are_spread_over_the_upper_three_quarters():
    sizes = Problem.draw("ragged", "training", Shape(B=400, T=100, I=2, H=2)).packing.batch_sizes
    ended = 400 - sizes
    assert len(sizes) == 100, "the longest has T steps"
    assert ended[23] == 0 and ended[30] > 0, "the shortest has about T/4"
    assert abs(float(sizes.sum()) / 400 - 62.5) < 3


@pytest.mark.parametrize("cell", CELLS)
def test_the_same_numbers_every_time_and_the_callers_left_alone(cell):
    torch.manual_seed(3)
    before = torch.get_rng_state()
    one, other = (Problem.draw(cell, "training", SHAPE) for _ in range(2))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(one.x, other.x)
    assert all(map(torch.equal, one.upstream, other.upstream))
    assert all(map(torch.equal, one.layer.parameters(), other.layer.parameters()))


def test_parts_of_the_grid():
    assert len(GRID) == 9
    assert set(LARGE) == {
        Shape(32, 100, 128, 256),
        Shape(64, 100, 512, 512),
        Shape(128, 50, 1024, 1024),
    }
    assert set(GRID) - set(BATCHES) == {Shape(1, 100, 64, 64), Shape(1, 100, 128, 256)}
    assert set(QUICK) < set(GRID)
    assert str(GRID[0]) == "B1 T100 I64 H64"
