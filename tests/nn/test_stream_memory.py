"""Streams: however long they run, they hold no more memory, and give it back."""

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
def test_a_million_steps_hold_no_more_memory_and_keep_to_the_whole_sequence():
    layer = make(torch.float32, inputs=2, hidden=4, context=(1, 1), num_layers=2)
    piece, times = samples(layer, 10_000, 1), 100
    stream, rows, held = layer.stream(), torch.empty(10_000, 1, 4), []
    outputs = torch.ones(
        times, *rows.shape
    )  # not zeros, which would take no memory before they are written to
    pairs = list(zip(piece.unbind(), rows.unbind(), strict=True))
    for i in range(times):
        for x_n, out in pairs:
            stream.push(x_n, out)
        outputs[i] = rows
        held.append(resident())
    assert held[-1] - held[9] < 500_000
    known = outputs.flatten(0, 1)[stream.look_ahead :]
    assert_same(torch.cat([known, stream.flush()]), whole(layer, piece.repeat(times, 1, 1))[0])


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
