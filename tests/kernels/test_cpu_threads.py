"""The C++ kernel on several threads: the same bits on any number, called from several."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from scans import CELLS, LEVELS, make, name_of, run

pytestmark = pytest.mark.usefixtures("poisoned_memory")

SHAPES = [(12, 1, 20, 256), (9, 4, 7, 512), (63, 5, 20, 17), (20, 33, 3, 65), (30, 2, 3, 130)]
"""T, B, I, H of work worth sharing out: by units, by sequences, by both."""


def assert_equal(got, wanted, what):
    for name, tensor in wanted.items():
        assert torch.equal(got[name], tensor), f"{name} of {what}"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_same_bits_on_any_number_of_threads(cell, dtype, use_threads, use_level):
    for i, (T, B, inputs, H) in enumerate(SHAPES):
        use_level(LEVELS[i % len(LEVELS)])
        scan = make(
            cell, T, B, inputs, H, ragged=i % 2 == 0, reverse=i % 3 == 0, masked=i % 4 == 1, dtype=dtype
        )
        use_threads(1)
        wanted = run(scan)
        for threads in (2, 3, 2, 1):
            use_threads(threads)
            assert_equal(run(scan), wanted, f"T {T}, B {B}, H {H} on {threads} threads")


def test_torch_says_how_many_threads(native, torch_threads):
    for count in (2, 1):
        torch_threads(count)
        assert native.threads() == count


def test_called_from_several_threads_at_once(use_threads):
    scans = [make(cell, 20, 5, 20, 65, ragged=True, seed=i) for i, cell in enumerate(CELLS * 2)]
    wanted = [run(scan) for scan in scans]
    for threads in (1, 2):
        use_threads(threads)
        with ThreadPoolExecutor(4) as pool:
            for i, got in enumerate(pool.map(run, scans)):
                assert_equal(got, wanted[i], f"scan {i}")
