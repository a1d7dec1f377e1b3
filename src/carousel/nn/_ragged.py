"""Lengths and masks of padded batches: what a caller may give, checked, as lengths [B]."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

Lengths = Tensor | Sequence[int] | npt.NDArray[np.integer[Any]]
"""How many steps of each sequence are real, [B], in any order."""


def checked_lengths(
    layer: str, x: Tensor, lengths: Lengths | None, mask: Tensor | None, batch_first: bool
) -> Tensor | None:
    """Lengths [B] on the device of x [T, B, d], from either of two forms; None if every sequence has T steps.

    Raises TypeError for another kind of object, ValueError for values or shapes that do not fit x, RuntimeError where
    there are no values to look at.
    """
    if lengths is not None and mask is not None:
        raise ValueError(f"{layer}: lengths and mask say the same; give one of them")
    if mask is not None:
        lengths = _from_mask(layer, x, mask, batch_first)
    if lengths is None:
        return None
    T, B, _ = x.shape
    lengths = _as_tensor(layer, lengths)
    _check_has_values(layer, "lengths", lengths, x)
    if lengths.shape != (B,):
        raise ValueError(
            f"{layer}: lengths must be one number for each of {B} sequences, got shape {list(lengths.shape)}"
        )
    if not torch.compiler.is_compiling() and B and not lengths.is_meta:
        shortest, longest = int(lengths.min()), int(lengths.max())
        if shortest < 1:
            b = int(lengths.argmin())
            raise ValueError(
                f"{layer}: every sequence must have at least one step, lengths[{b}] is {shortest}; leave it out"
            )
        if longest > T:
            b = int(lengths.argmax())
            raise ValueError(f"{layer}: lengths[{b}] is {longest}, but the input has only {T} steps")
        if shortest == T:
            return None
    return lengths.to(x.device)


def _as_tensor(layer: str, lengths: Lengths) -> Tensor:
    if not isinstance(lengths, Tensor):
        try:
            lengths = torch.tensor(lengths)
        except (TypeError, ValueError, RuntimeError) as error:
            raise TypeError(
                f"{layer}: lengths must be a tensor or a list of integers, got {type(lengths).__name__}"
            ) from error
    is_other = lengths.is_floating_point() or lengths.is_complex() or lengths.dtype == torch.bool
    if is_other and lengths.numel():  # of an empty list PyTorch makes floats
        raise TypeError(f"{layer}: lengths must be integers, got {lengths.dtype}")
    return lengths.long()  # there is no arithmetic in every dtype of integers


def _from_mask(layer: str, x: Tensor, mask: Tensor, batch_first: bool) -> Tensor:
    if not isinstance(mask, Tensor) or mask.dtype != torch.bool:
        kind = mask.dtype if isinstance(mask, Tensor) else type(mask).__name__
        raise TypeError(f"{layer}: mask must be a bool tensor, True where a step is real, got {kind}")
    _check_has_values(layer, "mask", mask, x)
    T, B, _ = x.shape
    wanted = (B, T) if batch_first else (T, B)
    if mask.shape != wanted:
        raise ValueError(
            f"{layer}: mask must have shape {list(wanted)}, as the input without features, got {list(mask.shape)}"
        )
    if batch_first:
        mask = mask.t()
    lengths = mask.sum(0)
    if not torch.compiler.is_compiling() and not mask.is_meta:
        real = torch.arange(T, device=mask.device).unsqueeze(-1) < lengths
        if not torch.equal(mask, real):
            b = int((mask != real).any(0).nonzero()[0])
            raise ValueError(
                f"{layer}: mask must be True from the first step of a sequence to its last and False after it, "
                f"which that of sequence {b} is not; move the padding to the end"
            )
    return lengths


def _check_has_values(layer: str, name: str, given: Tensor, x: Tensor) -> None:
    if given.is_meta and not x.is_meta:
        raise RuntimeError(f"{layer}: {name} is on meta, where there are no values; make it on {x.device}")
