"""Which kernel runs a scan, and why."""

from types import TracebackType
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch.autograd import forward_ad

from carousel.kernels import cpu
from carousel.kernels.cells import Cell, LSTMCell
from carousel.kernels.precision import computed_in

Kernel = Literal["auto", "eager", "cpu"]

_wanted: Kernel = "auto"


class Choice(NamedTuple):
    """A kernel and the reason for it, which completes the sentence "eager, because ..."."""

    kernel: Literal["eager", "cpu"]
    reason: str


CPU = Choice("cpu", "it has this cell, dtype and device")
WIDENED = Choice("cpu", "it has this cell and device, and computes this dtype in float32")
ADVICE = "install a C++17 compiler and CMake, then install Carousel again"
"""What to do about a missing C++ kernel."""


class use_kernel:  # noqa: N801, a function to its callers
    """Have every layer run on one kernel: from the call on, or, in a `with` statement, to its end.

    Args:
        kernel: "eager" for PyTorch operations; "cpu" for the C++ kernel, where it can run; "auto" for the fastest.

    Raises:
        ValueError: there is no such kernel.
        RuntimeError: the C++ kernel is asked for and was not built.
    """

    def __init__(self, kernel: Kernel) -> None:
        global _wanted
        if kernel not in get_args(Kernel):
            raise ValueError(f"use_kernel: kernel must be 'auto', 'eager' or 'cpu', got {kernel!r}")
        if kernel == "cpu" and cpu.MISSING:
            raise RuntimeError(f"use_kernel: the C++ kernel is not in this install ({cpu.MISSING}); {ADVICE}")
        self._before = _wanted
        _wanted = kernel

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        global _wanted
        _wanted = self._before


def transformed() -> bool:
    """Whether a transform of torch.func is at work. As a graph is traced, whether one is part of it."""
    return torch._C._are_functorch_transforms_active()


def choose(cell: Cell, x: Tensor, tensors: tuple[Tensor | None, ...]) -> Choice:
    """The kernel for a scan of `cell` over x with these other tensors: the first reason for eager, else C++."""
    if _wanted == "eager":
        return Choice("eager", "use_kernel asked for it")
    if not isinstance(cell, LSTMCell):
        return Choice("eager", "the C++ kernel has no RNN, only LSTMs")
    if cpu.MISSING:
        return Choice("eager", f"the C++ kernel is not in this install ({cpu.MISSING}); {ADVICE}")
    if x.device.type != "cpu":
        return Choice("eager", f"the C++ kernel runs on the CPU, and the input is on {x.device}")
    if any(tensor is not None and tensor.device != x.device for tensor in tensors):
        return Choice("eager", "input, states and weights are on several devices")
    dtype = computed_in(x, tensors)
    if dtype not in cpu.DTYPES:
        return Choice("eager", f"the C++ kernel has float32 and float64, and the input is {x.dtype}")
    if x.numel() == 0:
        return Choice("eager", "the input is empty")
    if transformed():
        return Choice("eager", "a transform of torch.func is at work")
    if forward_ad._current_level >= 0:
        return Choice("eager", "a forward-mode derivative is being taken")
    return CPU if x.dtype == dtype else WIDENED


def resources(kernel: Literal["eager", "cpu"]) -> tuple[str | None, int]:
    """A kernel's instruction set, None where PyTorch chooses it, and the most threads that a call made here uses."""
    threads = torch.get_num_threads()  # first, because it hands the number to OpenMP, as in `cpu`
    if kernel == "eager":
        return None, threads
    from carousel.kernels import _cpu

    return _cpu.level(), _cpu.threads()
