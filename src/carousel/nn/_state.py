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
        weight: whose dtype a state must have.

    Raises RuntimeError for a shape or dtype that does not fit.
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
        if torch.is_autocast_enabled(weight.device.type):
            part = part.to(weight.dtype)
        elif part.dtype != weight.dtype:
            raise RuntimeError(
                f"{layer}: {which} dtype ({part.dtype}) does not match weight dtype ({weight.dtype}); "
                f"convert it: {which}.to({weight.dtype})"
            )
        checked.append(part if is_batched else part.unsqueeze(1))
    return tuple(checked)
