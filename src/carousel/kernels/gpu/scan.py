"""A scan on the GPU: products over all steps by the library, the recurrence in one of the two forms.

A projection is no part of the recurrence. The nodes see v[n-1] = W_qdr q[n-1] through W_v W_qdr, so the recurrence runs
in q alone; v and what belongs to it are products over all steps, before and after. Recurrent dropout stands between the
two, so there is no kernel for both.
"""

import torch
from torch import Tensor

from carousel.kernels.cells import row_blocks
from carousel.kernels.cpu import Arguments, Kept
from carousel.kernels.gpu import buffers
from carousel.kernels.gpu.buffers import dense, product, slots
from carousel.kernels.gpu.form import Form
from carousel.kernels.gpu.rows import Rows


def forward(given: Arguments, keep: bool, form: Form) -> tuple[Tensor, Tensor, Tensor, Kept | None]:
    """As `carousel.kernels.cpu.forward`. In what is kept, rows are packed and come first."""
    rows, cell = _rows(given), given.cell
    (T, B, _), H, new = given.x.shape, given.s_init.shape[1], given.x.new_empty
    full, count = cell.peephole == "full", rows.count
    nodes = len(cell.nodes) * H
    gates = new(T, B, slots(cell.input_gate) * H)
    states = new(T, B, H) if keep or full else new(1, 1, H)
    v_init, s_init = rows.sort(given.v_init), rows.sort(given.s_init)
    from_v = new((B, nodes), dtype=torch.float32)
    v_mask = None if given.v_mask is None else dense(rows.sort(given.v_mask))
    product(v_init if v_mask is None else v_init * v_mask, given.hh.t(), from_v)
    from_s = from_v
    if full:
        assert given.ch is not None
        from_s = new((B, len(given.ch)), dtype=torch.float32)
        product(s_init, given.ch.t(), from_s)
    packed_gates = gates.flatten(0, 1)[:count]
    torch.mm(rows.pack(given.x), given.ih.t(), out=packed_gates[:, :nodes])
    q = new(count, H)
    W_v = _value_weights(given)
    told = buffers.Forward(
        W_v=W_v,
        W_s=W_v if given.ch is None else dense(given.ch),
        bias=new(nodes).zero_() if given.bias is None else dense(given.bias),
        gates=packed_gates,
        from_v=from_v,
        from_s=from_s,
        state=s_init.to(torch.float32, copy=True).contiguous(),
        states=states.flatten(0, 1),
        q=q,
        seen=q if v_mask is None else torch.empty_like(q),
        v_mask=q if v_mask is None else v_mask,
        is_masked=v_mask is not None,
        keep=keep,
    )
    form.forward(told, rows)
    v = told.q if given.hr is None else told.q @ given.hr.t()
    v_last, s_last = rows.unsort(v[rows.of_last_steps]), rows.unsort(told.state.to(given.x.dtype))
    v = rows.unpack(v)
    return v, v_last.clone(), s_last, Kept(v, states, gates, rows) if keep else None


def backward(
    given: Arguments, kept: Kept, errors: tuple[Tensor | None, ...], wanted: list[bool], form: Form
) -> list[Tensor | None]:
    """As `carousel.kernels.cpu.backward`."""
    rows, cell = _rows(given) if kept.rows is None else kept.rows, given.cell
    B, H = given.s_init.shape
    full = cell.peephole == "full"
    blocks, early = row_blocks(cell.nodes, H), [(slice(2 * H), slice(2 * H))]  # cu and cs, neighbours in both
    if cell.input_gate:
        early.append((blocks["cx"], slice(2 * H, 3 * H)))
    gates, states = (part.flatten(0, 1)[: rows.count] for part in (kept.gates, kept.s))
    s_init = dense(rows.sort(given.s_init))
    v_mask = None if given.v_mask is None else dense(rows.sort(given.v_mask))
    e = _explicit(errors[0], errors[1], kept.v, rows)
    ds_last = errors[2]
    alpha = gates.new_empty(rows.count, len(cell.nodes) * H)
    W_v = _value_weights(given)
    told = buffers.Backward(
        W_v=W_v,
        W_s=W_v if given.ch is None else dense(given.ch),
        gates=gates,
        states=states,
        s_init=s_init,
        dq=dense(e if given.hr is None else e @ given.hr),
        alpha=alpha,
        f_psi=alpha.new_zeros(B, H, dtype=torch.float32)
        if ds_last is None
        else rows.sort(ds_last).to(torch.float32, copy=True).contiguous(),
        v_mask=alpha if v_mask is None else v_mask,
        is_masked=v_mask is not None,
    )
    form.backward(told, rows)

    found: dict[str, Tensor] = {}
    sources = zip(Arguments._fields, given.tensors, wanted, strict=False)
    asked = {name for name, tensor, want in sources if want and tensor is not None}
    if "v_init" in asked:
        dv_init = alpha[rows.of_first_steps] @ given.hh
        found["v_init"] = rows.unsort(dv_init if v_mask is None else dv_init * v_mask)
    if "hr" in asked:
        q = gates[:, blocks["cr"]] * states.tanh()
        found["hr"] = rows.handed_back(alpha @ given.hh).add_(e).t() @ q
    if "s_init" in asked:
        ds_init = told.f_psi
        if full:
            assert given.ch is not None
            first = alpha[rows.of_first_steps]
            for nodes, seen in early:
                ds_init = ds_init + (first[:, nodes] @ given.ch[seen]).float()
        found["s_init"] = rows.unsort(ds_init.to(given.x.dtype))
    if "hh" in asked:
        v, v_init = kept.v, given.v_init
        if given.v_mask is not None:
            v, v_init = v * given.v_mask, v_init * given.v_mask
        found["hh"] = alpha.t() @ rows.delayed(v, rows.sort(v_init))
    if "ch" in asked:
        s_before = rows.delayed(states, s_init)
        pairs = [(alpha[:, nodes], s_before) for nodes, _ in early] + [(alpha[:, blocks["cr"]], states)]
        found["ch"] = torch.cat(
            [a.t() @ s for a, s in pairs]
            if full
            else [
                (part * s).sum(0, dtype=torch.float32).to(s.dtype)
                for a, s in pairs
                for part in torch.split(a, H, dim=1)
            ]
        )
    if "bias" in asked:
        found["bias"] = alpha.sum(0, dtype=torch.float32).to(alpha.dtype)
    if cell.input_gate:
        alpha[:, blocks["du"]] *= gates[:, blocks["cx"]]  # from here on it is delta
    if "ih" in asked:
        found["ih"] = alpha.t() @ rows.pack(given.x)
    if "x" in asked:
        found["x"] = rows.unpack(alpha @ given.ih)
    return [found.get(name) if name in asked else None for name in Arguments._fields[: len(wanted)]]


def _rows(given: Arguments) -> Rows:
    T, B, _ = given.x.shape
    return Rows.of(T, B, given.lengths, given.reverse, given.x.device)


def _value_weights(given: Arguments) -> Tensor:
    return dense(given.hh if given.hr is None else given.hh @ given.hr)


def _explicit(dv: Tensor | None, dv_last: Tensor | None, v: Tensor, rows: Rows) -> Tensor:
    """e of every step, [rows, V], the error of the last v in it."""
    e = v.new_zeros(rows.count, v.shape[2]) if dv is None else rows.pack(dv)
    if dv_last is not None:
        if dv is not None and rows.index is None:
            e = e.clone()  # it is the caller's
        e[rows.of_last_steps] += rows.sort(dv_last)
    return e
