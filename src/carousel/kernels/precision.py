"""The dtype in which a scan on the CPU is computed: half precision in float32, rounded once, at the end."""

import torch
from torch import Tensor

from carousel.kernels.cells import Weights

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


def widened(
    x: Tensor, state: tuple[Tensor, ...], weights: Weights
) -> tuple[Tensor, tuple[Tensor, ...], Weights]:
    """The same in the one dtype they are computed in."""
    dtype = computed_in(x, (*state, *weights))
    wide = (None if weight is None else weight.to(dtype) for weight in weights)
    return x.to(dtype), tuple(part.to(dtype) for part in state), Weights(*wide)  # type: ignore[arg-type]
