"""What a form works on. [R, ...] is packed, as `Rows` says; N nodes, P peepholes, H units."""

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Forward:
    W_v: Tensor
    """Value to nodes, the projection in it, [N * H, H]."""
    W_s: Tensor
    """Full peepholes [P * H, H], or diagonal ones [P * H]; anything without."""
    bias: Tensor
    """[N * H]."""
    gates: Tensor
    """xi in the first N blocks, [R, slots * H]; what the backward pass needs takes its place, if it is kept."""
    from_v: Tensor
    """float32 [B, N * H]: what v_init brings to the nodes of a sequence's first step. Written over."""
    from_s: Tensor
    """float32 [B, P * H]: with full peepholes the same of s_init; anything without. Written over."""
    state: Tensor
    """float32 [B, H]: s_init, whose place the last s takes."""
    states: Tensor
    """[R, H]: s of every step, if it is kept or the peepholes are full; anything else."""
    q: Tensor
    """[R, H]: the result."""
    seen: Tensor
    """[R, H]: a result, what the nodes see of q. With a mask q times its factors, otherwise q itself."""
    v_mask: Tensor
    """[B, H]: the factors; anything without."""
    is_masked: bool
    """Then there is no projection."""
    keep: bool


@dataclass(frozen=True)
class Backward:
    W_v: Tensor
    W_s: Tensor
    gates: Tensor
    states: Tensor
    s_init: Tensor
    """[B, H]."""
    dq: Tensor
    """The explicit dE/dq, [R, H]."""
    alpha: Tensor
    """[R, N * H]: the result."""
    f_psi: Tensor
    """float32 [B, H]: dE/d(last s), whose place f_psi of the first step takes, but for full peepholes."""
    v_mask: Tensor
    is_masked: bool


def dense(tensor: Tensor) -> Tensor:
    """Contiguous, its values as they stand, and aligned to 16 bytes: for other addresses Triton would compile anew."""
    tensor = tensor.resolve_neg().contiguous()
    return tensor if tensor.data_ptr() % 16 == 0 else tensor.clone()


def slots(input_gate: bool) -> int:
    """Blocks of `gates`: one a node, and with an input gate xi_du beside u."""
    return 6 if input_gate else 4


def product(a: Tensor, b: Tensor, out: Tensor) -> None:
    """The product a b into a float32 array, without rounding to fewer digits on the way."""
    if a.dtype == out.dtype:
        torch.mm(a, b, out=out)
    elif a.is_cuda:
        torch.mm(a, b, out.dtype, out=out)
    else:
        torch.mm(a.float(), b.float(), out=out)
