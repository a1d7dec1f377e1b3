"""The machine, its limits, and the memory of a step."""

import os
import sys

import pytest
import torch

from carousel.benchmarks import machine, memory
from carousel.benchmarks.contestants import UnsuitableError
from carousel.benchmarks.grid import Shape
from carousel.benchmarks.machine import cores, describe, limited, peak
from carousel.kernels import cpu


def test_the_description():
    found = describe()
    assert found.keys() == {"processor", "cores", "instructions", "system", "python", "versions"}
    assert found["processor"] and found["cores"] == cores() >= 1
    assert found["versions"]["torch"] == torch.__version__


def test_the_peak_counts_two_operations_for_each_multiply_add(monkeypatch):
    monkeypatch.setattr(cpu, "MISSING", "")
    monkeypatch.setattr(cpu, "multiply_add_rate", lambda threads, dtype: 7e9 * threads)
    assert peak(2) == pytest.approx(28)


def test_without_the_kernels_the_peak_is_estimated_from_a_product(monkeypatch):
    monkeypatch.setattr(cpu, "MISSING", "no compiler")
    monkeypatch.setattr(machine, "_seconds", lambda product: 0.5)
    assert peak(1) == pytest.approx(2 * 2048**3 / 0.5 / 1e9 / machine.SHARE_OF_PEAK)
    assert peak(1, torch.float64) == pytest.approx(peak(1) / 2)


def test_the_peak_is_above_what_a_product_reaches():
    x = torch.rand(256, 256)
    reached = 2 * 256**3 / min(machine._seconds(lambda: x @ x) for _ in range(5)) / 1e9
    assert 0.5 * reached < peak(1) < 100 * reached


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system cannot confine a process")
def test_threads_and_cores_are_limited_and_restored(monkeypatch):
    confined, before = [], torch.get_num_threads()
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {3, 5, 7})
    monkeypatch.setattr(os, "sched_setaffinity", lambda task, cpus: confined.append((task, cpus)))
    with pytest.raises(KeyboardInterrupt), limited(2):
        assert torch.get_num_threads() == 2
        tasks = {task for task, cpus in confined if len(cpus) == 2}
        assert {os.getpid(), *map(int, os.listdir("/proc/self/task"))} <= tasks
        raise KeyboardInterrupt
    assert {task for task, cpus in confined if cpus == [3, 5, 7]} >= tasks
    assert torch.get_num_threads() == before


def test_no_two_threads_of_a_core_before_every_core_has_one(monkeypatch, tmp_path):
    siblings = {0: "0-2\n", 1: "0-2\n", 2: "0-2\n", 3: "3,6\n", 6: "3,6\n", 9: None}
    for number, text in siblings.items():
        if text:
            (tmp_path / f"cpu{number}").write_text(text)
    monkeypatch.setattr(machine, "SIBLINGS", str(tmp_path / "cpu{}"))
    assert sorted(siblings, key=machine._rank) == [0, 3, 9, 1, 6, 2]


@pytest.mark.skipif(
    not memory.PEAK_RESET.exists(), reason="this system does not tell the peak memory of a process"
)
def test_a_step_takes_at_least_the_memory_of_its_gradients_and_its_states():
    shape = Shape(B=4, T=1000, I=64, H=256)
    weights, states = 4 * 256 * (64 + 256), 4 * 1000 * 6 * 256
    found = memory.peak_memory("carousel", "plain", shape, 1)
    assert 4 * (weights + states) < found < 5 * 4 * (weights + states)


def test_the_memory_of_a_step_is_its_peak_above_what_was_there_before(monkeypatch, tmp_path, capsys):
    seen = {"VmRSS": 700, "VmHWM": 1000}
    monkeypatch.setattr(memory, "PEAK_RESET", tmp_path / "reset")
    monkeypatch.setattr(memory, "_status", seen.get)
    memory._main("carousel", "plain", "1", "2", "3", "4", str(torch.get_num_threads()))
    assert capsys.readouterr().out == "300\n"
    assert (tmp_path / "reset").read_text() == "5"


def test_a_process_that_fails_is_a_reason(monkeypatch):
    monkeypatch.setattr(sys, "executable", "/bin/false")
    monkeypatch.setattr(memory, "PEAK_RESET", memory.STATUS)
    with pytest.raises(UnsuitableError, match="ended with 1"):
        memory.peak_memory("carousel", "plain", Shape(1, 1, 1, 1), 1)


def test_a_system_that_does_not_tell_is_a_reason(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "PEAK_RESET", tmp_path / "no")
    with pytest.raises(UnsuitableError, match="does not tell the peak memory"):
        memory.peak_memory("carousel", "plain", Shape(1, 1, 1, 1), 1)
