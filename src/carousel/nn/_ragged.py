"""Lengths and masks of padded batches: what a caller may give, checked, as lengths [B]."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from carousel import kernels

Lengths = Tensor | Sequence[int] | npt.NDArray[np.integer[Any]]
"""How many steps of each sequence are real, [B], in any order."""


def checked_lengths(
    layer: str, x: Tensor, lengths: Lengths | None, mask: Tensor | None, batch_first: bool
) -> Tensor | None:
    """Lengths [B] on the device of x [T, B, d], from either of two forms; None if every sequence has T steps.

    Raises TypeError for another kind of object, ValueError for values or shapes that do not fit x, RuntimeError where
    there are no values to look at. In a compiled or exported graph values are looked at as it runs, and answered with
    RuntimeError; within a transform of torch.func they are not.
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
    if kernels.transformed() or lengths.is_meta:
        return lengths.to(x.device)
    if torch.compiler.is_compiling():
        torch._assert_async(
            ((lengths >= 1) & (lengths <= T)).all(),
            f"{layer}: every number in lengths must lie in 1..T, the steps of the input",
        )
    elif B:
        shortest, longest = int(lengths.min()), int(lengths.max())
        if shortest < 1:
            b = int(lengths.argmin())
            raise ValueError(
                f"{layer}: every sequence must have at least one step, lengths[{b}] is {shortest}; leave it out"
            )
        if longest > T:
            b = int(lengths.argmax())
            raise ValueError(f"{layer}: lengths[{b}] is {longest}, but the input has only {T} steps")
        if shortest == T and not kernels.jit_traced():  # a trace is there for other lengths, too
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
    shape = (B, T) if batch_first else (T, B)
    if mask.shape != shape:
        raise ValueError(
            f"{layer}: mask must have shape {list(shape)}, as the input without features, got {list(mask.shape)}"
        )
    if batch_first:
        mask = mask.t()
    lengths = mask.sum(0)
    if kernels.transformed() or mask.is_meta:
        return lengths
    real = torch.arange(T, device=mask.device).unsqueeze(-1) < lengths
    wanted = f"{layer}: mask must be True from the first step of a sequence to its last and False after it"
    if torch.compiler.is_compiling():
        torch._assert_async((mask == real).all(), wanted)
    elif not torch.equal(mask, real):
        b = int((mask != real).any(0).nonzero()[0])
        raise ValueError(f"{wanted}, which that of sequence {b} is not; move the padding to the end")
    return lengths


def _check_has_values(layer: str, name: str, given: Tensor, x: Tensor) -> None:
    if given.is_meta and not x.is_meta:
        raise RuntimeError(f"{layer}: {name} is on meta, where there are no values; make it on {x.device}")
