"""The machine, its limits, and the memory of a step."""

import os
import sys

import pytest
import torch

from carousel.benchmarks import machine, memory
from carousel.benchmarks.contestants import UnsuitableError
from carousel.benchmarks.grid import Shape
from carousel.benchmarks.machine import cores, describe, limited, peak


def test_the_description():
    found = describe()
    assert found.keys() == {"processor", "cores", "instructions", "system", "python", "versions"}
    assert found["processor"] and found["cores"] == cores() >= 1
    assert found["versions"]["torch"] == torch.__version__


def test_the_peak_counts_two_operations_for_each_multiply_add(monkeypatch):
    monkeypatch.setattr(machine, "_seconds", lambda product: 0.001)
    assert peak(1, size=100) == pytest.approx(2 * 100**3 / 0.001 / 1e9 / machine.SHARE_OF_PEAK)
    assert peak(1, torch.float64, size=100) == pytest.approx(peak(1, size=100) / 2)


def test_the_peak_is_above_what_a_product_reaches():
    x = torch.rand(256, 256)
    reached = 2 * 256**3 / min(machine._seconds(lambda: x @ x) for _ in range(5)) / 1e9
    assert 0.5 * reached < peak(1, size=256) < 100 * reached


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system cannot confine a process")
def test_threads_and_cores_are_limited_and_restored():
    before, allowed = torch.get_num_threads(), os.sched_getaffinity(0)
    with pytest.raises(KeyboardInterrupt), limited(1):
        assert torch.get_num_threads() == 1
        assert len(os.sched_getaffinity(0)) == 1
        raise KeyboardInterrupt
    assert (torch.get_num_threads(), os.sched_getaffinity(0)) == (before, allowed)


@pytest.mark.skipif(
    not memory.PEAK_RESET.exists(), reason="this system does not tell the peak memory of a process"
)
def test_a_step_takes_at_least_the_memory_of_its_gradients_and_its_states():
    shape = Shape(B=4, T=1000, I=64, H=256)
    weights, states = 4 * 256 * (64 + 256), 4 * 1000 * 6 * 256
    found = memory.peak_memory("carousel", "plain", shape, 1)
    assert 4 * (weights + states) < found < 20 * 4 * (weights + states)


def test_a_process_that_fails_is_a_reason(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.setattr(memory, "PEAK_RESET", memory.STATUS)
    with pytest.raises(UnsuitableError, match="ended with 1"):
        memory.peak_memory("carousel", "plain", Shape(1, 1, 1, 1), 1)


def test_a_system_that_does_not_tell_is_a_reason(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "PEAK_RESET", tmp_path / "no")
    with pytest.raises(UnsuitableError, match="does not tell the peak memory"):
        memory.peak_memory("carousel", "plain", Shape(1, 1, 1, 1), 1)
