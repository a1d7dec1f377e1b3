"""Which kernel runs a scan, and why."""

from types import TracebackType
from typing import Literal, NamedTuple, get_args

import torch
from torch import Tensor
from torch.autograd import forward_ad

from carousel.kernels import cpu, gpu
from carousel.kernels.cells import NO_MASKS, Cell, LSTMCell, Masks
from carousel.kernels.precision import autocast_on_gpu, computed_in

Kernel = Literal["auto", "eager", "cpu", "triton"]
Chosen = Literal["eager", "cpu", "cudnn", "triton"]

_wanted: Kernel = "auto"


class Choice(NamedTuple):
    """A kernel and the reason for it, which completes the sentence "eager, because ..."."""

    kernel: Chosen
    reason: str


CPU = Choice("cpu", "it has this cell, dtype and device")
WIDENED = Choice("cpu", "it has this cell and device, and computes this dtype in float32")
CUDNN = Choice("cudnn", "it has this cell, dtype and device, and the sequences are of one length")
SEVERAL_DEVICES = "input, states and weights are on several devices"
ADVICE = "install a C++17 compiler and CMake, then install Carousel again"
"""What to do about a missing C++ kernel."""


class use_kernel:  # noqa: N801, a function to its callers
    """Have every layer run on one kernel: from the call on, or, in a `with` statement, to its end.

    Args:
        kernel: "eager" for PyTorch operations; "cpu" for the C++ kernel, "triton" for Triton's instead of cuDNN, where
            they can run; "auto" for the fastest.

    Raises:
        ValueError: there is no such kernel.
        RuntimeError: the C++ kernel is asked for and was not built, or Triton and is not installed.
    """

    def __init__(self, kernel: Kernel) -> None:
        global _wanted
        if kernel not in get_args(Kernel):
            raise ValueError(f"use_kernel: kernel must be 'auto', 'eager', 'cpu' or 'triton', got {kernel!r}")
        if kernel == "cpu" and cpu.MISSING:
            raise RuntimeError(f"use_kernel: the C++ kernel is not in this install ({cpu.MISSING}); {ADVICE}")
        if kernel == "triton" and (missing := gpu.triton_missing()):
            raise RuntimeError(f"use_kernel: {missing}")
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


def jit_traced() -> bool:
    """Whether torch.jit.trace, or an exporter that stands on it, is recording."""
    return bool(torch.jit.is_tracing())  # type: ignore[attr-defined, no-untyped-call]


def choose(
    cell: Cell,
    x: Tensor,
    tensors: tuple[Tensor | None, ...],
    lengths: Tensor | None = None,
    masks: Masks = NO_MASKS,
) -> Choice:
    """The kernel for a scan of `cell` over x: the first reason for eager, else the fastest.

    Args:
        cell: what to compute.
        x: the input.
        tensors: the carried signals, in the cell's order, then the weights.
        lengths: how many steps each sequence has; None if all have all.
        masks: what regularises it.
    """
    if _wanted == "eager":
        return Choice("eager", "use_kernel asked for it")
    if not isinstance(cell, LSTMCell):
        return Choice("eager", "no kernel has an RNN, only LSTMs")
    if masks.zones:
        return Choice("eager", "no kernel has zoneout")
    if masks.v is not None and cell.projection and x.device.type == "cuda":
        return Choice("eager", "no kernel for GPUs has recurrent dropout behind a projection")
    fast = _on_gpu(cell, x, tensors, lengths, masks) if x.device.type == "cuda" else _on_cpu(x, tensors)
    if fast.kernel == "eager":
        return fast
    if x.numel() == 0:
        return Choice("eager", "the input is empty")
    if (jit_traced() or torch.compiler.is_compiling()) and torch.onnx.is_in_onnx_export():
        return Choice("eager", "torch.onnx.export is at work")
    if transformed():
        return Choice("eager", "a transform of torch.func is at work")
    if forward_ad._current_level >= 0:
        return Choice("eager", "a forward-mode derivative is being taken")
    return fast


def _on_cpu(x: Tensor, tensors: tuple[Tensor | None, ...]) -> Choice:
    if cpu.MISSING:
        return Choice("eager", f"the C++ kernel is not in this install ({cpu.MISSING}); {ADVICE}")
    if x.device.type != "cpu":
        return Choice("eager", f"the C++ kernel runs on the CPU, and the input is on {x.device}")
    if any(tensor is not None and tensor.device != x.device for tensor in tensors):
        return Choice("eager", SEVERAL_DEVICES)
    dtype = computed_in(x, tensors)
    if dtype not in cpu.DTYPES:
        return Choice("eager", f"the C++ kernel has float32 and float64, and the input is {x.dtype}")
    return CPU if x.dtype == dtype else WIDENED


def _on_gpu(
    cell: LSTMCell, x: Tensor, tensors: tuple[Tensor | None, ...], lengths: Tensor | None, masks: Masks
) -> Choice:
    """cuDNN where it is called directly, since it is none of the operators that a compiled graph sees; else Triton."""
    if any(tensor is not None and tensor.device != x.device for tensor in tensors):
        return Choice("eager", SEVERAL_DEVICES)
    dtype = autocast_on_gpu(x)
    if dtype is None:
        if any(tensor is not None and tensor.dtype != x.dtype for tensor in tensors):
            return Choice("eager", "input, states and weights are of several dtypes")
        dtype = x.dtype
    is_plain = cell.peephole == "none" and not cell.input_gate and lengths is None and masks.v is None
    traced = torch.compiler.is_compiling()
    if is_plain and _wanted != "triton" and not traced and gpu.cudnn_serves(x.device, dtype):
        return CUDNN
    if refusal := gpu.refusal(x.device, dtype):
        return Choice("eager", refusal)
    if traced:
        return Choice("triton", "it has this cell, dtype and device")
    s = tensors[1]
    assert s is not None
    reason, fault = gpu.explained(cell, s, dtype)
    return Choice("eager", fault) if fault else Choice("triton", reason)


def resources(kernel: Chosen, device: torch.device) -> tuple[str | None, int]:
    """A kernel's instruction set, None where PyTorch chooses it, and the most threads that a call made here uses."""
    threads = torch.get_num_threads()  # first, because it hands the number to OpenMP, as in `cpu`
    if kernel == "eager":
        return None, threads
    if device.type == "cuda":
        return "sm_{}{}".format(*torch.cuda.get_device_capability(device)), threads
    from carousel.kernels import _cpu

    return _cpu.level(), _cpu.threads()
