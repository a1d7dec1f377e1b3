"""The recurrence of an LSTM on NVIDIA GPUs: cuDNN's where that can, the rest in Triton.

`forward` and `backward` are the counterparts of those of `carousel.kernels.cpu`, on Triton. Triton is imported when a
kernel first runs. Below: `scan` has the products over all steps; `form` says which of two ways the recurrence goes,
`persistent` or `streamed`, in the files of these names; they `launch` the kernels in `jit`; `trust` compares a kernel
with eager before its first use; `cudnn` serves the plain cells.
"""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

import torch
from torch import Tensor

from carousel.kernels.cells import LSTMCell
from carousel.kernels.cpu import Arguments, Kept
from carousel.kernels.gpu import scan, trust
from carousel.kernels.gpu.buffers import slots
from carousel.kernels.gpu.card import card_of, missing, triton_missing
from carousel.kernels.gpu.form import Form, form_of, instead_of

__all__ = [
    "backward",
    "cudnn_serves",
    "explained",
    "fault",
    "forward",
    "kept_rows",
    "refusal",
    "triton_missing",
]

DTYPES = (torch.float32, torch.bfloat16, torch.float16)
BFLOAT16_TORCH, BFLOAT16_CUDNN = (2, 10), 91300
"""Since when PyTorch asks cuDNN for a recurrence in bfloat16, and cuDNN has one."""


def refusal(device: torch.device, dtype: torch.dtype) -> str:
    """Why Triton cannot serve there; empty if it can."""
    if reason := missing(device):
        return reason
    if dtype not in DTYPES:
        return f"the Triton kernels have float32, bfloat16 and float16, and the input is {dtype}"
    return ""


# A compiled graph takes it as it is: what torch.compiler.assume_constant_result sets, which would import the compiler.
refusal._dynamo_marked_constant = True  # type: ignore[attr-defined]


def cudnn_serves(device: torch.device, dtype: torch.dtype) -> bool:
    """Whether PyTorch would hand a plain LSTM to cuDNN there."""
    cudnn: Any = torch.backends.cudnn
    on = bool(cudnn.is_available() and cudnn.enabled) and torch.version.hip is None
    if not on or device.type != "cuda":
        return False
    if dtype == torch.bfloat16:  # else PyTorch runs a loop of its own
        asks = tuple(int(part) for part in torch.__version__.split(".")[:2]) >= BFLOAT16_TORCH
        return asks and bool(cudnn.version() >= BFLOAT16_CUDNN)
    return dtype in (torch.float16, torch.float32, torch.float64)


def explained(cell: LSTMCell, s_init: Tensor, dtype: torch.dtype) -> tuple[str, str]:
    """Why Triton runs in the form that it does; and what has been found wrong with it here, empty if nothing has."""
    form, reason = _form(cell, s_init, dtype)
    return reason, trust.known_fault(form, s_init.shape[-1], dtype, s_init.device)


def fault(given: Arguments, keep: bool) -> str:
    """What a first small case of this cell finds wrong with all its kernels on this card; empty if one is right."""
    return _trusted(given, keep)[1]


def kept_rows(H: int, input_gate: bool) -> tuple[int, int]:
    """The last sizes of `Kept.s` and `Kept.gates`."""
    return H, slots(input_gate) * H


def forward(given: Arguments, keep: bool) -> tuple[Tensor, Tensor, Tensor, Kept | None]:
    """As `carousel.kernels.cpu.forward`.

    Raises:
        RuntimeError: the kernel was found to be wrong here.
    """
    form, found = _trusted(given, keep)
    if found:
        raise RuntimeError(f"carousel::lstm: {found}; call carousel.use_kernel('eager') before torch.compile")
    with _at_work(given.x.device):
        return scan.forward(given, keep, form)


def backward(
    given: Arguments, kept: Kept, errors: tuple[Tensor | None, ...], wanted: list[bool]
) -> list[Tensor | None]:
    """As `carousel.kernels.cpu.backward`."""
    with _at_work(given.x.device):
        return scan.backward(given, kept, errors, wanted, _form_for(given))


@contextmanager
def _at_work(device: torch.device) -> Iterator[None]:
    """Launches go to this GPU, and products keep their dtypes."""
    is_on = torch.is_autocast_enabled("cuda")  # to turn it off takes as long as some of the launches
    with torch.cuda.device(device), torch.autocast("cuda", enabled=False) if is_on else nullcontext():
        yield


def _form(cell: LSTMCell, s_init: Tensor, dtype: torch.dtype) -> tuple[Form, str]:
    """What `form_of` says; or, where that was found to be wrong, the next that was not; the last if all were."""
    (*_, B, H), device = s_init.shape, s_init.device
    form, reason = form_of(cell, B, H, dtype, card_of(device))
    while (found := trust.known_fault(form, H, dtype, device)) and (other := instead_of(form)):
        form, reason = other, f"{other.name}: {found}"
    return form, reason


def _form_for(given: Arguments) -> Form:
    form, _ = _form(given.cell, given.s_init, given.x.dtype)
    return form


def _trusted(given: Arguments, keep: bool) -> tuple[Form, str]:
    """The form that this call takes; and what a first small case finds wrong with it, where all forms are wrong."""
    setting = given.s_init.shape[1], given.x.dtype, given.x.device, keep, given.v_mask is not None
    form, tried, found = _form_for(given), None, ""
    while form != tried:
        if trust.is_right(form, *setting):
            return form, ""
        with _at_work(given.x.device):
            found = trust.fault(form, given.cell, *setting)
        form, tried = _form_for(given), form
    return form, found
