"""Streams: however long they run, they hold no more memory, and give it back."""

import gc
from pathlib import Path

import pytest
import torch

from carousel.kernels import cpu
from helpers import assert_same
from streams import make, samples, whole


def resident() -> int:
    """Bytes of memory that this process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096


@pytest.mark.skipif(bool(cpu.MISSING), reason="the C++ kernel is not built")
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="there is no /proc to read memory from")
def test_a_hundred_thousand_steps_hold_no_more_memory_and_keep_to_the_whole_sequence():
    layer = make(torch.float32, inputs=2, hidden=8, context=(1, 1), num_layers=2)
    T = 100_000
    x = samples(layer, T, 1)
    stream, outputs = layer.stream(), torch.empty(T, 1, 8)
    rows = outputs.unbind()

    def run(first: int, last: int) -> None:
        for n in range(first, last):
            stream.push(x[n], rows[max(n - 1, 0)])

    outputs.zero_()
    run(0, T // 10)
    gc.collect()
    before = resident()
    run(T // 10, T)
    gc.collect()
    assert resident() - before < 500_000
    outputs[-1] = stream.flush()[0]
    assert_same(outputs, whole(layer, x)[0])


@pytest.mark.skipif(bool(cpu.MISSING), reason="the C++ kernel is not built")
def test_streams_give_their_memory_back():
    if not Path("/proc/self/statm").exists():
        pytest.skip("there is no /proc to read memory from")
    layer = make(torch.float32, hidden=128, inputs=64)
    for _ in range(10):
        layer.stream()
    before = resident()
    for _ in range(100):
        layer.stream()
    assert resident() - before < 4_000_000, "a stream of this layer takes 400 kB"
