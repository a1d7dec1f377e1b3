"""One gate for what a caller may hand to a layer: inner code sees one case, [T, B, d] with lengths or None."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from carousel.kernels import jit_traced
from carousel.nn._ragged import Lengths, checked_lengths


class Batch(NamedTuple):
    """A batch in the caller's order, and the way back to the caller's form."""

    x: Tensor
    """[T, B, d], zero after a sequence's end."""
    lengths: Tensor | None
    """[B], or None if every sequence has T steps."""
    is_batched: bool
    restore: Callable[[Tensor], Tensor | PackedSequence]
    """From an output [T, B, d] to the form of the input."""
    halo: Tensor | None = None
    """[past, B, d], the samples before the first step; None for zeros."""


def unpack(
    layer: str,
    input: Tensor | PackedSequence,
    batch_first: bool,
    lengths: Lengths | None = None,
    mask: Tensor | None = None,
) -> Batch:
    """Bring a batched, unbatched, padded or packed input to one form.

    Raises ValueError for a tensor that is not 2-D or 3-D, TypeError for what is neither tensor nor PackedSequence,
    both for lengths or a mask that do not fit.
    """
    is_padded = lengths is not None or mask is not None
    if isinstance(input, PackedSequence):
        if is_padded:
            raise ValueError(
                f"{layer}: a PackedSequence knows its lengths; give no lengths and no mask with it"
            )
        return _unpack_packed(input)
    if not isinstance(input, Tensor):
        raise TypeError(f"{layer}: input must be a Tensor or a PackedSequence, got {type(input).__name__}")
    if is_padded and input.dim() == 2:
        raise ValueError(f"{layer}: one sequence needs no lengths and no mask; leave its padding out")
    if input.dim() == 2:
        return Batch(input.unsqueeze(1), None, False, lambda output: output.squeeze(1))
    if input.dim() != 3:
        raise ValueError(f"{layer}: Expected input to be 2D or 3D, got {input.dim()}D instead")
    x = input.transpose(0, 1) if batch_first else input
    sizes = checked_lengths(layer, x, lengths, mask, batch_first) if is_padded and x.shape[0] else None
    if sizes is not None:
        # Whatever stands in the padding, NaN too, must not be seen by a window or reach a gradient.
        x = x.masked_fill(torch.arange(x.shape[0], device=x.device)[:, None, None] >= sizes[:, None], 0)
    if batch_first:
        return Batch(x, sizes, True, lambda output: output.transpose(0, 1))
    return Batch(x, sizes, True, lambda output: output)


def _unpack_packed(packed: PackedSequence) -> Batch:
    """By indices, which torch.compile can trace; torch's own functions for this it cannot."""
    if jit_traced():
        raise RuntimeError(
            "a PackedSequence cannot be traced by torch.jit.trace or the exporters that stand on it; "
            "give the padded batch itself, with lengths="
        )
    data, order, places = packed.data, packed.sorted_indices, packed.unsorted_indices
    if data.dim() != 2:
        raise RuntimeError(f"input must have 2 dimensions, got {data.dim()}")
    N, T = data.shape[0], packed.batch_sizes.shape[0]
    B = int(packed.batch_sizes[0]) if places is None else places.shape[0]
    torch._check(B > 0)  # type: ignore[no-untyped-call] # for the tracer, who has not seen the numbers
    sizes = packed.batch_sizes.to(data.device)
    ends = sizes.cumsum(0)
    starts = ends - sizes
    b = torch.arange(B, device=data.device)
    real = b < sizes.unsqueeze(1)
    rows = torch.where(real, starts.unsqueeze(1) + b, 0)
    if places is not None:
        real, rows = real[:, places], rows[:, places]
    x = data.index_select(0, rows.flatten()).view(T, B, -1).masked_fill_(~real.unsqueeze(-1), 0)

    def restore(output: Tensor) -> PackedSequence:
        row = torch.arange(N, device=data.device)
        n = torch.searchsorted(ends, row, right=True)
        b = row - starts[n]
        if order is not None:
            b = order[b]
        return PackedSequence(
            output.flatten(0, 1).index_select(0, n * B + b), packed.batch_sizes, order, places
        )

    uniform = not torch.compiler.is_compiling() and N == T * B
    return Batch(x, None if uniform else real.sum(0), True, restore)


def check_features(layer: str, x: Tensor, weight: Tensor, input_size: int) -> None:
    """Raise unless x [..., input_size] fits a layer with such weights: ValueError for its dtype, else RuntimeError."""
    if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
        other_way = f", or the layer: layer.to({x.dtype})" if x.is_floating_point() else ""
        raise ValueError(
            f"{layer}: input dtype ({x.dtype}) does not match weight dtype ({weight.dtype}); "
            f"convert the input: input.to({weight.dtype}){other_way}"
        )
    if x.device != weight.device:
        raise RuntimeError(
            f"{layer}: input is on {x.device}, the weights are on {weight.device}; "
            f"move one: input.to('{weight.device}') or layer.to('{x.device}')"
        )
    if x.shape[-1] != input_size:
        raise RuntimeError(
            f"{layer}: input.size(-1) must be equal to input_size. Expected {input_size}, "
            f"got {x.shape[-1]} in an input of shape {list(x.shape)}"
        )


def dropped_out(batch: Batch, x: Tensor, probability: float) -> Tensor:
    """Dropout of a signal [T, B, d] of this batch. As in torch, the mask of a packed input is drawn packed."""
    form = batch.restore(x)
    if isinstance(form, PackedSequence):
        data = F.dropout(form.data, probability)
        return _unpack_packed(
            PackedSequence(data, form.batch_sizes, form.sorted_indices, form.unsorted_indices)
        ).x
    return F.dropout(x, probability)


def context_windows(x: Tensor, past: int, future: int, halo: Tensor | None = None) -> Tensor:
    """Beside each x[n] its neighbours x[n - l], l = -future .. past in this order, zeros beyond the ends.

    [T, B, d] to [T, B, (future + 1 + past) * d]. Before the first step stands the halo [past, B, d] if there is one.
    """
    if past == future == 0:
        return x
    T = x.shape[0]
    before = past if halo is None else 0
    padded = F.pad(x if halo is None else torch.cat([halo, x]), (0, 0, 0, 0, before, future))
    taps = past + 1 + future
    return torch.cat([padded[taps - 1 - tap : taps - 1 - tap + T] for tap in range(taps)], dim=-1)


def checked_halo(
    layer: str, halo: Tensor, batch: Batch, context: Sequence[tuple[int, int]], batch_first: bool
) -> Tensor:
    """The samples before the first step, in the form of the input, as [past, B, d]."""
    past, *others = [pair[0] for pair in context]
    if any(others):
        raise ValueError(f"{layer}: a halo reaches the first layer alone, but later ones look back, too")
    if not isinstance(halo, Tensor):
        raise TypeError(f"{layer}: halo must be a tensor, got {type(halo).__name__}")
    x = batch.x
    wanted = [past, *x.shape[1:]] if batch.is_batched else [past, x.shape[2]]
    if batch_first and batch.is_batched:
        wanted[:2] = wanted[1::-1]
    if list(halo.shape) != wanted or halo.dtype != x.dtype or halo.device != x.device:
        raise RuntimeError(
            f"{layer}: halo must be {x.dtype} on {x.device} of shape {wanted}, the samples that the window sees "
            f"before the first step, got {halo.dtype} on {halo.device} of shape {list(halo.shape)}"
        )
    if not batch.is_batched:
        return halo.unsqueeze(1)
    return halo.transpose(0, 1) if batch_first else halo
