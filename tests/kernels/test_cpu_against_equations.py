"""The C++ kernel against the paper's equations in float64: outputs, last states, every gradient, odd sizes."""

from itertools import product

import pytest
import torch
from scans import CELLS, LEVELS, few_lengths, infer, make, name_of, run, truth

from carousel.kernels import choose
from helpers import assert_same

pytestmark = pytest.mark.usefixtures("poisoned_memory")

# Every pair of two settings occurs: H with B, H with T, T with I, I with bias and so on.
SIZES = [
    (
        (1, 2, 63)[(h + b) % 3],
        (1, 5, 7, 33)[b],
        (1, 3, 20)[(h + 2 * b) % 3],
        (1, 3, 17, 65)[h],
        (h // 2 + b) % 2,
    )
    for h, b in product(range(4), range(4))
]

# In float32 a weight's gradient, a sum over up to 2,079 rows, gathers more rounding than the 1e-6 of the house.
TOLERANCE = {torch.float64: 1e-12, torch.float32: 5e-6}


LARGE = [(3, 300, 40, 30), (3, 2, 530, 270), (2, 70, 20, 300)]
"""T, B, I, H beyond what a product takes at once, of rows and of numbers to sum."""


def assert_true(scan, wanted, what):
    """Outputs, last states and every gradient in both dtypes, and the same outputs without gradients."""
    for dtype, tolerance in TOLERANCE.items():
        given = scan.map(lambda tensor, dtype=dtype: tensor.to(dtype))
        assert choose(scan.cell, given.x, given.weights).kernel == "cpu"
        got = run(given)
        assert {one.dtype for one in got.values()} == {dtype}, what
        assert_same({name: one.double() for name, one in got.items()}, wanted, tolerance, f"{what}, {dtype}")
        assert all(torch.equal(one, got[name]) for name, one in infer(given).items()), what


@pytest.mark.parametrize("ragged", [False, True], ids=["even", "ragged"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_values_and_every_gradient(cell, reverse, ragged, use_level, use_threads):
    for i, (T, B, I, H, bias) in enumerate(SIZES):  # noqa: E741
        scan = make(cell, T, B, I, H, bias=bool(bias), reverse=reverse, seed=i)
        scan = few_lengths(scan) if ragged else scan
        wanted = truth(scan)
        for j, level in enumerate(LEVELS):
            use_level(level)
            use_threads(1 + (i + j) % 3)
            assert_true(scan, wanted, f"T {T}, B {B}, I {I}, H {H}, {level}")


MASKED = [(1, 5, 3, 3), (7, 3, 20, 17), (2, 9, 1, 65), (40, 4, 3, 18), (5, 2, 530, 130)]
"""T, B, I, H."""


@pytest.mark.parametrize("ragged", [False, True], ids=["even", "ragged"])
@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_with_masked_values(cell, reverse, ragged, use_level, use_threads):
    for i, sizes in enumerate(MASKED):
        scan = make(cell, *sizes, reverse=reverse, ragged=ragged, masked=True, seed=i)
        use_level(LEVELS[(i + CELLS.index(cell)) % len(LEVELS)])
        use_threads(1 + i % 3)
        assert_true(scan, truth(scan), f"T, B, I, H {sizes}")


@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_large_sizes(cell, use_level, use_threads):
    for i, sizes in enumerate(LARGE):
        scan = few_lengths(make(cell, *sizes, reverse=i == 1, seed=i))
        use_level(LEVELS[(i + CELLS.index(cell)) % len(LEVELS)])
        use_threads(1 + i)
        assert_true(scan, truth(scan), f"T, B, I, H {sizes}")


def test_the_sizes_meet_each_other():
    for a, b in product(range(5), range(5)):
        assert {(size[a], size[b]) for size in SIZES} >= (
            set(product({size[a] for size in SIZES}, {size[b] for size in SIZES})) if a != b else set()
        )
