"""What the library runs on: versions for the record, and a check-up of the machine."""

import os
import platform
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from importlib.metadata import PackageNotFoundError, requires, version
from math import inf
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

import carousel
from carousel.training.model import Layer

DISTRIBUTION = "carousel-lstm"
AGREEMENT = 2e-6
"""Largest difference between `carousel.LSTM` and `torch.nn.LSTM` that passes: in float32 each may be 1e-6 off."""


def versions() -> dict[str, str]:
    """The versions that a run's numbers depend on."""
    return {
        "carousel": carousel.__version__,
        "python": platform.python_version(),
        **{name: version(name) for name in ("torch", "pytorch-lightning", "numpy")},
    }


def kernel_of(layer: Layer) -> str:
    """What computes a layer here and now, such as "C++ (avx512), 1 thread"."""
    if isinstance(layer, carousel.LSTM):
        return carousel.explain(layer).summary
    count = torch.get_num_threads()
    return f"torch.nn.{type(layer).__name__}, {count} thread{'s' * (count != 1)}"


@contextmanager
def cpu_threads(count: int) -> Iterator[None]:
    """Let PyTorch use this many threads, and afterwards as many as before: float sums depend on the number."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@contextmanager
def seeded(seed: int, device: str) -> Iterator[None]:
    """Draw PyTorch's random numbers from this seed, and afterwards go on with the caller's."""
    devices = range(torch.cuda.device_count()) if device == "cuda" else ()
    with torch.random.fork_rng(devices):
        torch.manual_seed(seed)
        yield


def memory() -> float:
    """Bytes of memory that this machine has; infinite where it does not say."""
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    except (AttributeError, ValueError, OSError):
        return inf


def check_up(folder: Path) -> dict[str, Any]:
    """Look at this machine.

    Args:
        folder: where runs would be written.

    Returns:
        `versions`; `threads` that PyTorch uses; `extras` (name to missing distributions); `kernel` that serves the
        layers (the `summary` and the fields of a `carousel.nn.Explanation`); `difference` from `torch.nn.LSTM` on one
        random batch: of outputs, last states and every gradient the largest, in terms of the largest value of each;
        `folder`, `writable`; and `healthy`, true if the difference is within `AGREEMENT` and the folder can be written.
    """
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        theirs = torch.nn.LSTM(12, 32, num_layers=2, bidirectional=True)
        x = torch.randn(20, 8, 12)
    ours = carousel.LSTM.from_torch(theirs)
    told = carousel.explain(ours, x)
    difference, writable = _difference(ours, theirs, x), _is_writable(folder)
    return {
        "versions": versions(),
        "threads": torch.get_num_threads(),
        "extras": _missing_by_extra(),
        "kernel": {"summary": told.summary, **asdict(told)},
        "difference": difference,
        "folder": str(folder),
        "writable": writable,
        "healthy": difference <= AGREEMENT and writable,
    }


def _difference(ours: carousel.LSTM, theirs: nn.LSTM, x: Tensor) -> float:
    pairs = zip(_results(ours, x), _results(theirs, x), strict=True)
    found = torch.stack([(one - other).abs().max() / other.abs().max() for one, other in pairs])
    return float(
        found.nan_to_num(nan=torch.finfo(found.dtype).max).max()
    )  # a number also where there is none: JSON


def _results(layer: nn.LSTM | carousel.LSTM, x: Tensor) -> list[Tensor]:
    """Output, last states, and the gradients of one number made of them with respect to x and each weight."""
    x = x.clone().requires_grad_()
    output, state = layer(x)
    error = torch.stack([signal.square().sum() for signal in (output, *state)]).sum()
    gradients = torch.autograd.grad(error, [x, *layer.parameters()])
    return [signal.detach() for signal in (output, *state, *gradients)]


def _is_writable(folder: Path) -> bool:
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(os.urandom(1))
    except OSError:
        return False
    return True


def _missing_by_extra() -> dict[str, list[str]]:
    """For each extra of the distribution, the required distributions that are not installed."""
    missing: dict[str, list[str]] = {}
    for requirement in requires(DISTRIBUTION) or []:
        name = re.match(r"[\w.-]+", requirement)
        extra = re.search(r"extra == [\"'](\w+)[\"']", requirement)
        if name and extra and name[0] != DISTRIBUTION:
            absent = missing.setdefault(extra[1], [])
            if not _is_installed(name[0]):
                absent.append(name[0])
    return missing


def _is_installed(distribution: str) -> bool:
    try:
        version(distribution)
    except PackageNotFoundError:
        return False
    return True
