"""The dtype in which a scan is computed: half precision on the CPU in float32, rounded once, at the end."""

from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from carousel.kernels.cells import Masks, Weights

HALVES = (torch.float16, torch.bfloat16)


def computed_in(x: Tensor, others: tuple[Tensor | None, ...]) -> torch.dtype:
    """The widest dtype among x and the others; on the CPU float32 where that is half precision."""
    dtype = x.dtype
    for other in others:
        if other is not None and other.dtype != dtype:
            dtype = torch.promote_types(dtype, other.dtype)
    return torch.float32 if dtype in HALVES and x.device.type == "cpu" else dtype


def summed(bias: Tensor, other: Tensor) -> Tensor:
    """The sum of two biases in the dtype that a scan with them is computed in."""
    dtype = computed_in(bias, (other,))
    return bias.to(dtype) + other.to(dtype)


def must_widen(x: Tensor, others: tuple[Tensor | None, ...]) -> bool:
    """Whether a scan on the CPU has other dtypes than the one it is computed in, or autocast would change them."""
    if x.device.type != "cpu":
        return False
    if torch.is_autocast_enabled("cpu") or x.dtype in HALVES:
        return True
    return any(other is not None and other.dtype != x.dtype for other in others)


def autocast_on_gpu(x: Tensor) -> torch.dtype | None:
    """The dtype that a GPU's autocast wants of x and what meets it; None where it is off, and for float64."""
    if x.device.type != "cuda" or not torch.is_autocast_enabled("cuda") or x.dtype == torch.float64:
        return None
    return torch.get_autocast_dtype("cuda")


def converted(
    dtype: torch.dtype, x: Tensor, state: tuple[Tensor, ...], weights: Weights, masks: Masks
) -> tuple[Tensor, tuple[Tensor, ...], Weights, Masks]:
    """The same in one dtype."""

    def to(tensors: Iterable[Tensor | None]) -> Any:
        return tuple(None if tensor is None else tensor.to(dtype) for tensor in tensors)

    masks = Masks(None if masks.v is None else masks.v.to(dtype), to(masks.zones))
    return x.to(dtype), to(state), Weights(*to(weights)), masks
