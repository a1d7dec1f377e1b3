"""The machine that is measured: what it is, what it can do at most, and how much of it is used."""

import os
import platform
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import torch

from carousel.kernels import cpu

PACKAGES = ("carousel-lstm", "torch", "numpy", "torchrecurrent", "onnxruntime", "jax")
SIBLINGS = "/sys/devices/system/cpu/cpu{}/topology/thread_siblings_list"
SHARE_OF_PEAK = 0.91
"""How much of the processor's peak oneDNN's product reaches, where the peak was measured apart."""


def describe() -> dict[str, Any]:
    """Processor, its cores and instructions, system, and the versions of what is timed."""
    return {
        "processor": _processor(),
        "cores": cores(),
        "instructions": torch.backends.cpu.get_cpu_capability(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "versions": {name: found for name in PACKAGES if (found := _version(name))},
    }


def cores() -> int:
    """Processor cores that this process may use."""
    return len(_allowed()) or os.cpu_count() or 1


@contextmanager
def limited(threads: int) -> Iterator[None]:
    """Let PyTorch use this many threads and, where the system can, every thread of this process as many cores.

    The second is for runtimes whose number of threads is fixed as they start.
    """
    before, allowed = torch.get_num_threads(), _allowed()
    torch.set_num_threads(threads)
    _confine(sorted(allowed, key=_rank)[:threads])
    try:
        yield
    finally:
        torch.set_num_threads(before)
        _confine(sorted(allowed))


def peak(threads: int, dtype: torch.dtype = torch.float32) -> float:
    """Multiplications and additions in 1e9/s that the processor does at most, on this many threads.

    Measured by multiply-adds in registers; without the C++ kernels, estimated from a product of large matrices.
    """
    with limited(threads):
        if cpu.MISSING:
            return _estimated_peak() / (2 if dtype == torch.float64 else 1)
        return 2 * cpu.multiply_add_rate(threads, dtype) / 1e9


def _estimated_peak(size: int = 2048, tries: int = 5) -> float:
    x, W = torch.rand(size, size), torch.rand(size, size)
    product = partial(torch.ops.mkldnn._linear_pointwise, x, W, None, "none", [], "")
    with torch.no_grad():
        best = min(_seconds(product) for _ in range(tries + 1))
    return 2 * size**3 / best / 1e9 / SHARE_OF_PEAK


def _seconds(step: Any) -> float:
    begin = time.perf_counter()
    step()
    return time.perf_counter() - begin


def _allowed() -> set[int]:
    return set(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else set()


def _rank(cpu: int) -> tuple[int, int]:
    """Sorts the first thread of every core before the second of any."""
    with suppress(OSError):
        parts = [part.partition("-") for part in Path(SIBLINGS.format(cpu)).read_text().split(",")]
        siblings = [n for low, _, high in parts for n in range(int(low), int(high or low) + 1)]
        return siblings.index(cpu), cpu
    return 0, cpu


def _confine(cpus: list[int]) -> None:
    for task in Path("/proc/self/task").glob("*"):
        with suppress(OSError):  # a thread that has ended meanwhile
            os.sched_setaffinity(int(task.name), cpus)


def _processor() -> str:
    with suppress(OSError):
        if found := re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE):
            return found[1]
    return platform.processor() or platform.machine()


def _version(distribution: str) -> str:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return ""
