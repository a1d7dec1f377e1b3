"""The dtypes of what a layer returns under autocast: those that PyTorch's own layers return."""

import torch
from torch import Tensor

from carousel.kernels import Cell, LSTMCell


def autocast_dtypes(
    cell: Cell, x: Tensor, state: tuple[Tensor, ...] | None, onednn: bool
) -> tuple[torch.dtype, ...] | None:
    """One for each signal that the cell carries, the output's first, or None for those of the computation.

    Only on the CPU, and not in float64, which autocast leaves alone. torch.nn.LSTM returns autocast's dtype, except
    where oneDNN has no layer for it: with a projection, for a PackedSequence or float16, its state is as wide as the
    first one, and so it is in torch.nn.LSTMCell.

    Args:
        cell: what is computed.
        x: the input.
        state: as the caller gave it.
        onednn: whether torch asks oneDNN in this form of call: not for a PackedSequence, nor for one step.
    """
    if x.device.type != "cpu" or not torch.is_autocast_enabled("cpu") or x.dtype == torch.float64:
        return None
    dtype = torch.get_autocast_dtype("cpu")
    if not isinstance(cell, LSTMCell):
        return (dtype,)
    if onednn and not cell.projection and x.dtype != torch.float16:
        return dtype, dtype
    wide = torch.promote_types(dtype, x.dtype if state is None else state[-1].dtype)
    return (dtype if cell.projection else wide), wide
