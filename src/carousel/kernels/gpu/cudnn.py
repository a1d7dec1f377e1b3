"""The plain LSTM by cuDNN, through PyTorch: nothing is faster where it can serve."""

from typing import Any

import torch
from torch import Tensor

from carousel.kernels import eager
from carousel.kernels.cells import LSTMCell, Weights
from carousel.kernels.choice import transformed
from carousel.kernels.operators import is_batched

Outputs = tuple[Tensor, Tensor, Tensor]


def scan(
    x: Tensor, state: tuple[Tensor, ...], weights: Weights, reverse: bool
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """As `carousel.kernels.scan`, for a cell without peepholes and input gate, and sequences of one length."""
    given = (x.flip(0) if reverse else x, *state, weights.ih, weights.hh, weights.bias, weights.hr)
    keep = torch.is_grad_enabled() and any(one is not None and one.requires_grad for one in given)
    v, v_last, s_last = _Plain.apply(*given) if keep else _library(*given, training=False)  # type: ignore[no-untyped-call, arg-type]
    return v.flip(0) if reverse else v, (v_last, s_last)


class _Plain(torch.autograd.Function):
    """PyTorch's own derivative of cuDNN. It can be neither differentiated again nor batched; there operations serve."""

    @staticmethod
    def forward(ctx: Any, *given: Tensor | None) -> Outputs:
        leaves = [None if one is None else one.detach().requires_grad_(one.requires_grad) for one in given]
        with torch.enable_grad():
            outputs = _library(*leaves, training=True)  # type: ignore[arg-type]
        ctx.save_for_backward(*given)
        ctx.leaves, ctx.outputs = leaves, outputs
        return tuple(output.detach() for output in outputs)  # type: ignore[return-value]

    @staticmethod
    def backward(ctx: Any, *errors: Tensor) -> tuple[Tensor | None, ...]:
        again, given = torch.is_grad_enabled(), ctx.saved_tensors
        by_operations = again or transformed() or any(is_batched(error) for error in errors)
        leaves = given if by_operations else ctx.leaves
        wanted = [leaf if want else None for leaf, want in zip(leaves, ctx.needs_input_grad, strict=True)]
        with torch.enable_grad():
            outputs = _operations(*leaves) if by_operations else ctx.outputs
        found = iter(
            torch.autograd.grad(
                outputs,
                [leaf for leaf in wanted if leaf is not None],
                errors,
                retain_graph=True,
                create_graph=again,
                allow_unused=True,
            )
        )
        if not torch._C._autograd._get_current_graph_task_keep_graph():
            ctx.leaves = ctx.outputs = None  # autograd frees only what was saved with it
        return tuple(None if leaf is None else next(found) for leaf in wanted)


def _library(
    x: Tensor,
    v_init: Tensor,
    s_init: Tensor,
    ih: Tensor,
    hh: Tensor,
    bias: Tensor | None,
    hr: Tensor | None,
    *,
    training: bool,
) -> Outputs:
    zeros = None if bias is None else torch.zeros_like(bias)
    # One piece of memory in cuDNN's own order, which it then need not gather.
    parts = dict(ih=ih, hh=hh, hr=hr, b_ih=bias, b_hh=zeros)
    present = {name: part for name, part in parts.items() if part is not None}
    whole = torch.cat([part.flatten() for part in present.values()])
    pieces = torch.split(whole, [part.numel() for part in present.values()])
    flat = {name: piece.view(present[name].shape) for name, piece in zip(present, pieces, strict=True)}
    weights = [flat[name] for name in ("ih", "hh", "b_ih", "b_hh", "hr") if name in flat]
    state = v_init.unsqueeze(0), s_init.unsqueeze(0)
    v, v_last, s_last = torch.lstm(x, state, weights, bias is not None, 1, 0.0, training, False, False)
    return v, v_last.squeeze(0), s_last.squeeze(0)


def _operations(
    x: Tensor, v_init: Tensor, s_init: Tensor, ih: Tensor, hh: Tensor, bias: Tensor | None, hr: Tensor | None
) -> Outputs:
    cell, weights = LSTMCell(projection=hr is not None), Weights(ih, hh, None, bias, hr)
    v, (v_last, s_last) = eager.scan(cell, x, (v_init, s_init), weights)
    return v, v_last, s_last
