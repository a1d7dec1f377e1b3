"""The peak memory of one step, taken in a process of its own, which is this module run with six arguments."""

import subprocess
import sys
from pathlib import Path

import torch

from carousel.benchmarks.contestants import UnsuitableError
from carousel.benchmarks.grid import Shape
from carousel.benchmarks.peers import build
from carousel.benchmarks.problem import Problem

TINY = Shape(2, 2, 4, 4)
STATUS, PEAK_RESET = Path("/proc/self/status"), Path("/proc/self/clear_refs")


def peak_memory(name: str, cell: str, shape: Shape, threads: int) -> int:
    """Bytes of memory that the first training step of a contestant takes beyond weights and input.

    Raises:
        UnsuitableError: the system does not tell, or the step failed.
    """
    if not PEAK_RESET.exists():
        raise UnsuitableError("this system does not tell the peak memory of a process in /proc")
    command = [sys.executable, "-m", "carousel.benchmarks.memory", name, cell, *map(str, (*shape, threads))]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise UnsuitableError(f"the process that takes the memory ended with {done.returncode}")
    return int(done.stdout)


def _main(name: str, cell: str, *sizes: str) -> None:
    *shape, threads = map(int, sizes)
    torch.set_num_threads(threads)
    build(name, Problem.draw(cell, "training", TINY)).step()
    contestant = build(name, Problem.draw(cell, "training", Shape(*shape)))
    PEAK_RESET.write_text("5")
    before = _status("VmRSS")
    contestant.step()
    print(_status("VmHWM") - before)


def _status(field: str) -> int:
    line = next(line for line in STATUS.read_text().splitlines() if line.startswith(field))
    return int(line.split()[1]) * 1024


if __name__ == "__main__":
    _main(*sys.argv[1:])
