"""The states that a caller gives to a layer, checked."""

from collections.abc import Sequence

import torch
from torch import Tensor


def checked_state(
    layer: str,
    state: Sequence[Tensor],
    shapes: Sequence[tuple[int, int, int]],
    is_batched: bool,
    weight: Tensor,
) -> tuple[Tensor, ...]:
    """The given states as [layers * directions, B, d] tensors.

    Args:
        layer: what messages call the layer.
        state: one for each shape; without the axis B for one sequence.
        shapes: the wanted ones.
        is_batched: whether the input has an axis B.
        weight: whose dtype and device a state must have.

    Raises RuntimeError for a shape, dtype or device that does not fit.
    """
    checked = []
    for i, (part, shape) in enumerate(zip(state, shapes, strict=True)):
        which = f"hx[{i}]" if len(shapes) > 1 else "hx"
        if part.dim() != (3 if is_batched else 2):
            kind = "batched 3-D" if is_batched else "unbatched 2-D"
            raise RuntimeError(
                f"{layer}: For {kind} input, {which} should also be {3 if is_batched else 2}-D, got {part.dim()}-D"
            )
        expected = shape if is_batched else (shape[0], shape[2])
        if tuple(part.shape) != expected:
            raise RuntimeError(f"{layer}: Expected {which} size {expected}, got {list(part.shape)}")
        part = matched(layer, which, part, weight)
        checked.append(part if is_batched else part.unsqueeze(1))
    return tuple(checked)


def matched(layer: str, which: str, part: Tensor, weight: Tensor) -> Tensor:
    """The state if it has the weight's device and dtype, to which autocast converts it; else RuntimeError."""
    if part.device != weight.device:
        raise RuntimeError(
            f"{layer}: {which} is on {part.device}, the weights are on {weight.device}; "
            f"move it: {which}.to('{weight.device}')"
        )
    if torch.is_autocast_enabled(weight.device.type):
        return part.to(weight.dtype)
    if part.dtype != weight.dtype:
        raise RuntimeError(
            f"{layer}: {which} dtype ({part.dtype}) does not match weight dtype ({weight.dtype}); "
            f"convert it: {which}.to({weight.dtype})"
        )
    return part


def checked_pair(layer: str, hx: tuple[Tensor, Tensor] | None) -> tuple[Tensor, Tensor] | None:
    """The states of an LSTM, if they are two tensors; RuntimeError for one tensor, TypeError for anything else."""
    if hx is None:
        return None
    if isinstance(hx, Tensor):
        raise RuntimeError(f"{layer}: hx must be a pair (h_0, c_0) of tensors, got one tensor")
    if not isinstance(hx, (tuple, list)) or len(hx) != 2 or not all(isinstance(part, Tensor) for part in hx):
        kinds = [type(part).__name__ for part in hx] if isinstance(hx, (tuple, list)) else type(hx).__name__
        raise TypeError(f"{layer}: hx must be a pair (h_0, c_0) of tensors, got {kinds}")
    return hx[0], hx[1]
