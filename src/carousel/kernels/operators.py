"""The kernels as differentiable functions: directly where they are called, as operators of torch where they are traced.

`torch.ops.carousel.lstm` and `lstm_backward` are what torch.compile and torch.export see. A call that is not traced
skips the dispatcher, which would cost several times what a short scan does. Both share one backward; second
derivatives run through eager.
"""

from typing import Any

import torch
from torch import Tensor

from carousel.kernels import cpu, eager, gpu
from carousel.kernels.cells import LSTMCell, Masks, Weights
from carousel.kernels.choice import jit_traced, transformed
from carousel.kernels.cpu import PEEPHOLES, SAVED, TENSORS, Arguments, Kept

Outputs = tuple[Tensor, Tensor, Tensor]

_ARGUMENTS = (
    "Tensor x, Tensor v_init, Tensor s_init, Tensor ih, Tensor hh, Tensor? ch, Tensor? bias, Tensor? hr, "
    "Tensor? lengths, Tensor? v_mask, int peephole, bool input_gate, bool reverse"
)

_SCHEMAS = (
    f"lstm({_ARGUMENTS}, bool keep) -> (Tensor v, Tensor v_last, Tensor s_last, Tensor s, Tensor gates)",
    f"lstm_backward({_ARGUMENTS}, Tensor v, Tensor s, Tensor gates, "
    "Tensor? dv, Tensor? dv_last, Tensor? ds_last, bool[] wanted) -> Tensor[]",
)


def scan(
    cell: LSTMCell,
    x: Tensor,
    state: tuple[Tensor, ...],
    weights: Weights,
    lengths: Tensor | None,
    reverse: bool,
    v_mask: Tensor | None = None,
) -> tuple[Tensor, tuple[Tensor, ...]]:
    """As `carousel.kernels.scan`, for a cell, types and devices that `carousel.kernels.cpu` or `gpu` serves."""
    v_init, s_init = state
    settings = PEEPHOLES.index(cell.peephole), cell.input_gate, reverse
    given = Arguments(x, v_init, s_init, *weights, lengths, v_mask, *settings)
    keep = torch.is_grad_enabled() and any(
        argument is not None and argument.requires_grad for argument in given.tensors
    )
    # An exported program is there to be run; who takes gradients of it all the same has them from eager.
    is_jit = jit_traced()
    keep = keep and not is_jit and not torch.compiler.is_exporting()
    if is_jit or torch.compiler.is_compiling() or is_watched() or any(map(is_traced, given.tensors)):
        v, v_last, s_last, *_ = torch.ops.carousel.lstm(*given, keep)
    elif x.is_cuda and gpu.fault(given, keep):
        return eager.scan(cell, x, state, weights, lengths, reverse, Masks(v_mask))
    elif keep:
        v, v_last, s_last = _Direct.apply(*given)  # type: ignore[no-untyped-call]
    else:
        v, v_last, s_last, _ = kernel_of(given).forward(given, keep=False)
    return v, (v_last, s_last)


def kernel_of(given: Arguments) -> Any:
    """The module with `forward`, `backward` and `kept_rows` for where the tensors are."""
    return gpu if given.x.is_cuda else cpu


def is_watched() -> bool:
    """Whether a mode sees every operator, such as that by which make_fx records a graph."""
    return torch._C._len_torch_dispatch_stack() > 0


def is_traced(argument: Tensor | None) -> bool:
    """Whether it is a stand-in for a tensor, such as torch.export makes."""
    return argument is not None and type(argument) is not Tensor and type(argument) is not torch.nn.Parameter


def is_batched(error: Tensor | None) -> bool:
    """Whether it holds the errors of several backward passes, as with `is_grads_batched` of torch.autograd.grad."""
    return error is not None and torch._C._functorch.is_legacy_batchedtensor(error)


def _check(given: Arguments) -> None:
    """The kernel trusts its arguments, and a layer checks them; who calls the operator by hand is checked here."""
    if given.x.dim() != 3 or given.v_init.dim() != 2 or given.s_init.dim() != 2:
        raise ValueError("carousel::lstm: x must be [T, B, I], v_init [B, V], s_init [B, H]")
    (_, B, inputs), H, V = given.x.shape, given.s_init.shape[1], given.v_init.shape[1]
    cell = given.cell
    rows, seen = len(cell.nodes) * H, len(cell.peephole_nodes) * H
    wanted: dict[str, tuple[int, ...]] = {
        "v_init": (B, V),
        "s_init": (B, H),
        "ih": (rows, inputs),
        "hh": (rows, V),
        "ch": (seen, H) if cell.peephole == "full" else (seen,),
        "bias": (rows,),
        "hr": (V, H),
        "lengths": (B,),
        "v_mask": (B, V),
    }
    for name, shape in wanted.items():
        tensor = getattr(given, name)
        if tensor is None and (name != "ch" or cell.peephole == "none"):
            continue
        if tensor is None or tuple(tensor.shape) != shape:
            found = "none" if tensor is None else list(tensor.shape)
            raise ValueError(f"carousel::lstm: {name} must have shape {list(shape)}, got {found}")
        if name != "lengths" and tensor.dtype != given.x.dtype:
            raise ValueError(f"carousel::lstm: {name} must be {given.x.dtype}, as x is, got {tensor.dtype}")
    if given.lengths is not None and (given.lengths.is_floating_point() or given.lengths.is_complex()):
        raise ValueError(f"carousel::lstm: lengths must be integers, got {given.lengths.dtype}")
    if given.v_mask is not None and given.hr is not None and given.x.is_cuda:
        raise ValueError(
            "carousel::lstm: no kernel for GPUs takes a v_mask with hr; run carousel.use_kernel('eager')"
        )
    if V != H and given.hr is None:
        raise ValueError(
            f"carousel::lstm: v_init has {V} values and s_init {H} units, which takes a projection hr"
        )


def _lstm(*arguments: Any) -> tuple[Tensor, ...]:
    given, keep = Arguments(*arguments[:-1]), arguments[-1]
    _check(given)
    v, v_last, s_last, kept = kernel_of(given).forward(given, keep)
    return v, v_last, s_last, *((v.new_empty(0), v.new_empty(0)) if kept is None else (kept.s, kept.gates))


def _lstm_fake(*arguments: Any) -> tuple[Tensor, ...]:
    given, keep = Arguments(*arguments[:-1]), arguments[-1]
    T, B, _ = given.x.shape
    H, V = given.s_init.shape[1], given.v_init.shape[1]
    new = given.x.new_empty
    rows = kernel_of(given).kept_rows(H, given.input_gate)
    s, gates = (new((T, B, row)) for row in rows) if keep else (new(0), new(0))
    return new((T, B, V)), new((B, V)), new((B, H)), s, gates


def _check_errors(
    given: Arguments, kept: Kept, upstream: tuple[Tensor | None, ...], wanted: list[bool]
) -> None:
    """The same of what only the backward pass is given."""
    (T, B, _), H, V = given.x.shape, given.s_init.shape[1], given.v_init.shape[1]
    rows = kernel_of(given).kept_rows(H, given.input_gate)
    shapes = [(T, B, V), *((T, B, row) for row in rows), (T, B, V), (B, V), (B, H)]
    names = (*Kept._fields[:3], "dv", "dv_last", "ds_last")
    for name, tensor, shape in zip(names, (*kept[:3], *upstream), shapes, strict=True):
        is_other = tensor is not None and not tensor.is_cuda and tensor.dtype != given.x.dtype
        if tensor is not None and (tuple(tensor.shape) != shape or is_other):
            found = f"{list(tensor.shape)} of {tensor.dtype}"
            raise ValueError(
                f"carousel::lstm_backward: {name} must be {list(shape)} of {given.x.dtype}, got {found}"
            )
    if len(wanted) != TENSORS:
        raise ValueError(f"carousel::lstm_backward: wanted must have {TENSORS} values, got {len(wanted)}")


def _lstm_backward(*arguments: Any) -> list[Tensor]:
    given, kept, upstream, wanted = _split(arguments)
    _check(given)
    _check_errors(given, kept, upstream, wanted)
    gradients = kernel_of(given).backward(given, kept, upstream, wanted)
    return [given.x.new_empty(0) if gradient is None else gradient for gradient in gradients]


def _lstm_backward_fake(*arguments: Any) -> list[Tensor]:
    given, _, _, wanted = _split(arguments)
    return [
        given.x.new_empty(argument.shape if want and isinstance(argument, Tensor) else 0)
        for argument, want in zip(given.tensors, wanted, strict=True)
    ]


def _split(arguments: tuple[Any, ...]) -> tuple[Arguments, Kept, tuple[Any, ...], list[bool]]:
    count = len(Arguments._fields)
    return (
        Arguments(*arguments[:count]),
        Kept(*arguments[count : count + 3]),
        arguments[count + 3 : -1],
        arguments[-1],
    )


def _save(ctx: Any, inputs: tuple[Any, ...], output: tuple[Tensor, ...]) -> None:
    given = Arguments(*inputs[: len(Arguments._fields)])
    v, _, _, s, gates = output
    ctx.set_materialize_grads(False)
    ctx.save_for_backward(*given[:SAVED], v, s, gates)
    ctx.settings, ctx.rows = given[SAVED:], None


def _gradients(
    ctx: Any, dv: Tensor | None, dv_last: Tensor | None, ds_last: Tensor | None, *_: Any
) -> tuple[Any, ...]:
    """dE/d(each argument) of `lstm`."""
    saved = ctx.saved_tensors
    given, kept = Arguments(*saved[:SAVED], *ctx.settings), Kept(*saved[SAVED:])._replace(rows=ctx.rows)
    wanted = list(ctx.needs_input_grad[:TENSORS])
    found: list[Tensor | None]
    batched = transformed() or any(is_batched(error) for error in (dv, dv_last, ds_last))
    if torch.is_grad_enabled() or batched or kept.s.numel() == 0:
        found = _differentiable(given, (dv, dv_last, ds_last), wanted)
    elif torch.compiler.is_compiling() or any(is_traced(argument) for argument in saved):
        found = torch.ops.carousel.lstm_backward(*given, *kept[:3], dv, dv_last, ds_last, wanted)
    else:
        found = kernel_of(given).backward(given, kept, (dv, dv_last, ds_last), wanted)
    found = [gradient if want else None for gradient, want in zip(found, wanted, strict=True)]
    return *found, *[None] * (len(ctx.needs_input_grad) - TENSORS)


def _differentiable(
    given: Arguments, upstream: tuple[Tensor | None, ...], wanted: list[bool]
) -> list[Tensor | None]:
    """The same gradients, by operations of torch: autograd can differentiate them again, a transform can batch them."""
    state, weights = (given.v_init, given.s_init), Weights(given.ih, given.hh, given.ch, given.bias, given.hr)
    again = torch.is_grad_enabled()
    with torch.enable_grad():
        masks = Masks(given.v_mask)
        v, last = eager.scan(given.cell, given.x, state, weights, given.lengths, given.reverse, masks)
        pairs = [(one, error) for one, error in zip((v, *last), upstream, strict=True) if error is not None]
        sources = [
            argument
            for argument, want in zip(given.tensors, wanted, strict=True)
            if want and argument is not None
        ]
        found = iter(
            torch.autograd.grad(
                [one for one, _ in pairs],
                sources,
                [error for _, error in pairs],
                create_graph=again,
                allow_unused=True,
            )
            if pairs
            else [None] * len(sources)
        )
    return [next(found) if want else None for want in wanted]


class _Direct(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, *arguments: Any) -> Outputs:
        given = Arguments(*arguments)
        v, v_last, s_last, kept = kernel_of(given).forward(given, keep=True)
        assert kept is not None
        _save(ctx, arguments, (v, v_last, s_last, kept.s, kept.gates))
        ctx.rows = kept.rows
        return v, v_last, s_last

    @staticmethod
    def backward(ctx: Any, *errors: Any) -> tuple[Any, ...]:
        return _gradients(ctx, *errors)


_library = torch.library.Library("carousel", "DEF")  # type: ignore[no-untyped-call]
for _schema in _SCHEMAS:
    _library.define(_schema)  # type: ignore[no-untyped-call]
for _device in "CPU", "CUDA":
    _library.impl("lstm", _lstm, _device)  # type: ignore[no-untyped-call]
    _library.impl("lstm_backward", _lstm_backward, _device)  # type: ignore[no-untyped-call]
torch.library.register_fake("carousel::lstm", _lstm_fake, lib=_library)
torch.library.register_fake("carousel::lstm_backward", _lstm_backward_fake, lib=_library)
torch.library.register_autograd("carousel::lstm", _gradients, setup_context=_save, lib=_library)
