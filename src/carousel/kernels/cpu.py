"""The recurrence of an LSTM in C++: float32 and float64 on the CPU, forward and backward.

Each function works out shapes, makes what is returned, and hands addresses to `carousel.kernels._cpu`, which is absent
where the package was installed without a compiler. Letters as in csrc/lstm.h: T, B, I, H (d_s), V (d_v).
"""

import time
from typing import Any, NamedTuple

import torch
from torch import Tensor

from carousel.kernels.cells import LSTMCell, Peephole

try:
    # After torch, whose OpenMP it then shares.
    from carousel.kernels import _cpu as _cpu

    MISSING = ""
except ImportError as error:
    _cpu = None  # type: ignore[assignment]
    MISSING = str(error)

DTYPES = (torch.float32, torch.float64)
TENSORS = 8
"""How many arguments of a scan, from the first, have gradients."""
SAVED = TENSORS + 2
"""How many are tensors."""
PEEPHOLES: tuple[Peephole, ...] = ("none", "diagonal", "full")


class Arguments(NamedTuple):
    """What a scan is given, in the order of the registered operator."""

    x: Tensor
    v_init: Tensor
    s_init: Tensor
    ih: Tensor
    hh: Tensor
    ch: Tensor | None
    bias: Tensor | None
    hr: Tensor | None
    lengths: Tensor | None
    v_mask: Tensor | None
    peephole: int
    input_gate: bool
    reverse: bool

    @property
    def tensors(self) -> tuple[Tensor | None, ...]:
        """Those that have gradients."""
        return self[:TENSORS]  # type: ignore[return-value]

    @property
    def cell(self) -> LSTMCell:
        return LSTMCell(PEEPHOLES[self.peephole], self.input_gate, self.hr is not None)


class Kept(NamedTuple):
    """What the forward equations leave for the training equations."""

    v: Tensor
    """[T, B, V]."""
    s: Tensor
    """[T, B, padded H], the kernel's own order."""
    gates: Tensor
    """[T, B, padded slots * H], the kernel's own order."""
    rows: Any = None
    """How a GPU's kernel has packed the batch; None on the CPU, and for an operator, which finds it out again."""


def kept_rows(H: int, input_gate: bool) -> tuple[int, int]:
    """The last sizes of `Kept.s` and `Kept.gates`, as in csrc/lstm.h."""
    padded = -(-H // 16) * 16
    return _odd(padded), _odd((6 if input_gate else 4) * padded)


def _odd(count: int) -> int:
    return count if count // 16 % 2 else count + 16


def forward(given: Arguments, keep: bool) -> tuple[Tensor, Tensor, Tensor, Kept | None]:
    """v at every step [T, B, V], the last v [B, V] and s [B, H], and with `keep` what `backward` needs."""
    given = _dense(given)
    T, B, _ = given.x.shape
    H, V = given.s_init.shape[1], given.v_init.shape[1]
    new = given.x.new_empty
    v, v_last, s_last = new((T, B, V)), new((B, V)), new((B, H))
    kept = None
    if keep:
        s_row, gates_row = kept_rows(H, given.input_gate)
        kept = Kept(v, new((T, B, s_row)), new((T, B, gates_row)))
    _cpu.forward(_problem(given, v, v_last, s_last, kept))
    return v, v_last, s_last, kept


def backward(
    given: Arguments,
    kept: Kept,
    errors: tuple[Tensor | None, ...],
    wanted: list[bool],
) -> list[Tensor | None]:
    """dE/d(argument) of those that are wanted, given dE/d(v, last v, last s), each zero where it is None."""
    given = _dense(given)
    upstream = [_plain(error) for error in errors]
    gradients = [
        torch.empty_like(argument) if want and argument is not None else None
        for argument, want in zip(given.tensors, wanted, strict=True)
    ]
    if given.lengths is not None and gradients[0] is not None:
        gradients[0].zero_()
    names = "dx", "dv_init", "ds_init", "dih", "dhh", "dch", "dbias", "dhr"
    told = _cpu.Errors(
        **dict(zip(("dv", "dv_last", "ds_last"), map(_address, upstream), strict=True)),
        **dict(zip(names, map(_address, gradients), strict=True)),
    )
    seen = kept.v if given.v_mask is None else kept.v * given.v_mask
    _cpu.backward(_problem(given, seen, None, None, kept), told)
    return gradients


def multiply_add_rate(threads: int, dtype: torch.dtype, seconds: float = 0.05) -> float:
    """Multiply-adds a second that the processor does in its registers: what bounds every kernel.

    Raises:
        RuntimeError: the C++ kernel is not in this install, or so many threads could not be had.
    """
    if MISSING:
        raise RuntimeError(f"the C++ kernel is not in this install ({MISSING})")
    rounds, best, end = 100_000, 0.0, time.perf_counter() + seconds
    while time.perf_counter() < end:
        begin = time.perf_counter()
        done = _cpu.multiply_add(dtype == torch.float64, rounds, threads)
        best = max(best, done / (time.perf_counter() - begin))
    if not best:
        raise RuntimeError(f"{threads} threads could not be had")
    return best


def _dense(given: Arguments) -> Arguments:
    lengths = None if given.lengths is None else given.lengths.to("cpu", torch.int64).contiguous()
    v_mask = given.v_mask
    if v_mask is not None:
        v_mask = v_mask.contiguous()
        # The kernels multiply by it what they have made themselves.
        given = given._replace(v_init=given.v_init * v_mask)
    tensors = [_plain(argument) for argument in given.tensors]
    return Arguments(*tensors, lengths, v_mask, *given[SAVED:])  # type: ignore[arg-type, call-arg]


def _plain(tensor: Tensor | None) -> Tensor | None:
    """With its values as they stand in memory: row after row, no sign still to be turned as in `z.conj().imag`."""
    if tensor is None or tensor.is_contiguous() and not tensor.is_neg():
        return tensor
    return tensor.resolve_neg().contiguous()


def _problem(
    given: Arguments, v: Tensor, v_last: Tensor | None, s_last: Tensor | None, kept: Kept | None
) -> "_cpu.Problem":
    T, B, inputs = given.x.shape
    torch.get_num_threads()  # hands PyTorch's number to OpenMP in a thread in which it has not worked yet
    return _cpu.Problem(
        is_double=given.x.dtype == torch.float64,
        peephole=given.peephole,
        input_gate=given.input_gate,
        projection=given.hr is not None,
        reverse=given.reverse,
        T=T,
        B=B,
        I=inputs,
        H=given.s_init.shape[1],
        V=given.v_init.shape[1],
        lengths=_address(given.lengths),
        v_mask=_address(given.v_mask),
        x=given.x.data_ptr(),
        v_init=given.v_init.data_ptr(),
        s_init=given.s_init.data_ptr(),
        ih=given.ih.data_ptr(),
        hh=given.hh.data_ptr(),
        ch=_address(given.ch),
        bias=_address(given.bias),
        hr=_address(given.hr),
        v=v.data_ptr(),
        v_last=_address(v_last),
        s_last=_address(s_last),
        s=0 if kept is None else kept.s.data_ptr(),
        gates=0 if kept is None else kept.gates.data_ptr(),
    )


def _address(tensor: Tensor | None) -> int:
    return 0 if tensor is None else tensor.data_ptr()
