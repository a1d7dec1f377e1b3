"""No kernel's answers are used before a small case of it has agreed with eager, on this card, in this process."""

import warnings
from functools import cache

import torch
from torch import Tensor

from carousel.kernels import eager
from carousel.kernels.cells import NO_MASKS, LSTMCell, Masks, Weights
from carousel.kernels.cpu import PEEPHOLES, TENSORS, Arguments
from carousel.kernels.gpu import scan
from carousel.kernels.gpu.card import precision
from carousel.kernels.gpu.form import Form, instead_of

LARGEST_ERROR = {torch.float32: 1e-4, torch.bfloat16: 5e-2, torch.float16: 1e-2}
"""Relative to the largest value: what rounding may make of three steps, and far less than a fault does."""

Setting = tuple[Form, int, torch.dtype, str, torch.device]

_wrong: dict[Setting, str] = {}
_right: set[tuple[Setting, bool, bool]] = set()
"""With or without the backward pass, and recurrent dropout."""


def known_fault(form: Form, H: int, dtype: torch.dtype, device: torch.device) -> str:
    """What is known to be wrong with it; empty if nothing is."""
    return _wrong.get((form, H, dtype, precision(dtype), device), "") if _wrong else ""


def is_right(
    form: Form, H: int, dtype: torch.dtype, device: torch.device, keep: bool, masked: bool = False
) -> bool:
    """Whether `fault` has found nothing wrong with it before."""
    return ((form, H, dtype, precision(dtype), device), keep, masked) in _right


def fault(
    form: Form,
    cell: LSTMCell,
    H: int,
    dtype: torch.dtype,
    device: torch.device,
    keep: bool,
    masked: bool = False,
) -> str:
    """What is wrong with it; empty if nothing is. The first call takes the time of a small case, and warns of a fault.

    Args:
        keep: with the backward pass.
        masked: with recurrent dropout.

    Raises:
        RuntimeError: it was not called yet, and the stream is being captured into a CUDA graph, where it cannot wait.
    """
    setting = form, H, dtype, precision(dtype), device
    if setting in _wrong or (setting, keep, masked) in _right:
        return _wrong.get(setting, "")
    if device.type == "cuda" and torch.cuda.is_current_stream_capturing():
        raise RuntimeError(
            "carousel: a CUDA graph is being captured, and this layer has not run on this GPU yet; "
            "call it once, with gradients if the graph has them, before the capture"
        )
    with torch.inference_mode(False):
        found = _examined(form, cell, H, dtype, device, keep, masked)
    if found:
        _wrong[setting] = found
        other = instead_of(form)
        instead = f"the form {other.name} takes" if other else "PyTorch operations take"
        warnings.warn(f"carousel: {found}; {instead} its place", stacklevel=2)
    else:
        _right.add((setting, keep, masked))
    return found


def _examined(
    form: Form, cell: LSTMCell, H: int, dtype: torch.dtype, device: torch.device, keep: bool, masked: bool
) -> str:
    given, errors = _case(cell, H, dtype, device, masked)
    names = "v", "last v", "last s", *(f"dE/d({name})" for name in Arguments._fields[:TENSORS])
    outputs: list[Tensor | None]
    try:
        *outputs, kept = scan.forward(given, keep, form)
        if kept is not None:
            outputs += scan.backward(given, kept, errors, [True] * TENSORS, form)
    except Exception as failure:  # whatever a compiler or driver raises
        first_line = str(failure).strip().partition("\n")[0]
        return f"the Triton kernel fails on {_where(device)} ({type(failure).__name__}: {first_line})"
    limit = 1e-2 if precision(dtype) == "tf32" else LARGEST_ERROR[dtype]
    for name, got, wanted in zip(names, outputs, _truth(given, errors), strict=False):
        if got is None or wanted is None:
            continue
        error = ((got - wanted).abs().max() / wanted.abs().max().clamp(min=1e-3)).item()
        if not error <= limit:
            return f"the Triton kernel's {name} is off by {error:.1e} on {_where(device)}"
    return ""


@cache
def _where(device: torch.device) -> str:
    import triton

    card = torch.cuda.get_device_name(device) if device.type == "cuda" else str(device)
    return f"{card} with Triton {triton.__version__}"


def _case(
    cell: LSTMCell, H: int, dtype: torch.dtype, device: torch.device, masked: bool
) -> tuple[Arguments, tuple[Tensor, ...]]:
    """Three steps of three sequences, which end at different steps, and the errors that reach them."""
    T, B, inputs, V = 3, 3, 2, (H + 1) // 2 if cell.projection else H
    generator = torch.Generator("cpu").manual_seed(0)
    rows, seen = len(cell.nodes) * H, len(cell.peephole_nodes) * H

    def random(*shape: int, scale: float = 1.0) -> Tensor:
        return (scale * torch.randn(shape, generator=generator, device="cpu")).to(device, dtype)

    ch = {"none": None, "diagonal": random(seen), "full": random(seen, H, scale=H**-0.5)}[cell.peephole]
    given = Arguments(
        random(T, B, inputs),
        random(B, V),
        random(B, H),
        random(rows, inputs),
        random(rows, V, scale=V**-0.5),
        ch,
        random(rows),
        random(V, H, scale=H**-0.5) if cell.projection else None,
        torch.tensor([2, 3, 1], device=device),
        random(B, V) if masked else None,
        PEEPHOLES.index(cell.peephole),
        cell.input_gate,
        reverse=False,
    )
    return given, (random(T, B, V), random(B, V), random(B, H))


def _truth(given: Arguments, errors: tuple[Tensor, ...]) -> list[Tensor | None]:
    """Outputs and gradients by eager in float64."""
    leaves = [None if one is None else one.double().requires_grad_() for one in given.tensors]
    exact = Arguments(*leaves, *given[TENSORS:])  # type: ignore[arg-type]
    weights = Weights(exact.ih, exact.hh, exact.ch, exact.bias, exact.hr)
    state = exact.v_init, exact.s_init
    masks = NO_MASKS if exact.v_mask is None else Masks(exact.v_mask.double())
    with torch.enable_grad():
        v, last = eager.scan(exact.cell, exact.x, state, weights, exact.lengths, exact.reverse, masks)
        present = [leaf for leaf in leaves if leaf is not None]
        found = iter(torch.autograd.grad((v, *last), present, [error.double() for error in errors]))
    return [
        v.detach(),
        *(one.detach() for one in last),
        *(None if leaf is None else next(found) for leaf in leaves),
    ]
