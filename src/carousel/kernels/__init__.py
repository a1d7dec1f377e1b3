"""The recurrence over time, behind one door. The layers call `scan` and `trace` and know of no kernel."""

import torch
from torch import Tensor

from carousel.kernels import eager, operators
from carousel.kernels.cells import NO_MASKS as NO_MASKS
from carousel.kernels.cells import Cell as Cell
from carousel.kernels.cells import LSTMCell as LSTMCell
from carousel.kernels.cells import Masks as Masks
from carousel.kernels.cells import Peephole as Peephole
from carousel.kernels.cells import RNNCell as RNNCell
from carousel.kernels.cells import Weights as Weights
from carousel.kernels.cells import reordered as reordered
from carousel.kernels.cells import row_blocks as row_blocks
from carousel.kernels.choice import Choice as Choice
from carousel.kernels.choice import choose as choose
from carousel.kernels.choice import jit_traced as jit_traced
from carousel.kernels.choice import resources as resources
from carousel.kernels.choice import transformed as transformed
from carousel.kernels.choice import use_kernel as use_kernel
from carousel.kernels.gpu import cudnn
from carousel.kernels.precision import autocast_on_gpu, converted, must_widen
from carousel.kernels.precision import computed_in as computed_in
from carousel.kernels.precision import summed as summed
from carousel.kernels.shapes import Float, Int


def scan(
    cell: Cell,
    x: Float[Tensor, "T B I"],
    state: tuple[Float[Tensor, "B _"], ...],
    weights: Weights,
    lengths: Int[Tensor, " B"] | None = None,
    reverse: bool = False,
    masks: Masks = NO_MASKS,
) -> tuple[Float[Tensor, "T B V"], tuple[Float[Tensor, "B _"], ...]]:
    """Run the recurrence of `cell` over T >= 1 steps of a batch, on the fastest kernel that can.

    Args:
        cell: what to compute.
        x: what the nodes see of the input at each step, all taps of a window side by side, [T, B, I].
        state: the carried signals before the first step, in the cell's order, [B, d] each.
        weights: the weights.
        lengths: how many of the T steps are real for each sequence, [B], all 1..T; None if all are.
        reverse: from a sequence's last step to its first.
        masks: what regularises it.

    Returns:
        The output signal (v of an LSTM, r of an RNN) in time order, [T, B, V], exactly zero after a sequence's
        end; and the carried signals after the last step taken: a sequence's state stays as its own last step
        left it. The output has the dtype of x, a signal that of its state.
    """
    if must_widen(x, (*state, *weights)):
        dtype = computed_in(x, (*state, *weights))
        return _scan_in(dtype, cell, x, state, weights, lengths, reverse, masks)
    if isinstance(cell, LSTMCell):
        kernel = choose(cell, x, (*state, *weights), lengths, masks).kernel
        if kernel != "eager" and (narrow := autocast_on_gpu(x)) is not None:
            return _scan_in(narrow, cell, x, state, weights, lengths, reverse, masks)
        if kernel == "cudnn":
            return cudnn.scan(x, state, weights, reverse)
        if kernel != "eager":
            return operators.scan(cell, x, state, weights, lengths, reverse, masks.v)
    return eager.scan(cell, x, state, weights, lengths, reverse, masks)


def _scan_in(
    dtype: torch.dtype,
    cell: Cell,
    x: Tensor,
    state: tuple[Tensor, ...],
    weights: Weights,
    lengths: Tensor | None,
    reverse: bool,
    masks: Masks,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """`scan` computed in another dtype, which autocast does not change any more."""
    with torch.autocast(x.device.type, enabled=False):
        new_x, start, weights, masks = converted(dtype, x, state, weights, masks)
        output, last = scan(cell, new_x, start, weights, lengths, reverse, masks)
    return output.to(x.dtype), tuple(new.to(old.dtype) for new, old in zip(last, state, strict=True))


def trace(
    cell: Cell,
    x: Float[Tensor, "T B I"],
    state: tuple[Float[Tensor, "B _"], ...],
    weights: Weights,
    lengths: Int[Tensor, " B"] | None = None,
    reverse: bool = False,
    masks: Masks = NO_MASKS,
) -> dict[str, Tensor]:
    """Every signal of the paper at every step, [T, B, d] each, zero after a sequence's end. Arguments as for `scan`."""
    if must_widen(x, (*state, *weights)):
        with torch.autocast("cpu", enabled=False):
            dtype = computed_in(x, (*state, *weights))
            wide, state, weights, masks = converted(dtype, x, state, weights, masks)
            signals = trace(cell, wide, state, weights, lengths, reverse, masks)
        return {name: signal.to(x.dtype) for name, signal in signals.items()}
    return eager.trace(cell, x, state, weights, lengths, reverse, masks)
