"""The recurrence in PyTorch operations: any dtype, any device, any order of derivative, every cell."""

from collections.abc import Callable, Iterator

import torch
import torch.nn.functional as F
from torch import Tensor

from carousel.kernels.cells import NO_MASKS, Cell, LSTMCell, Masks, RNNCell, Weights, row_blocks
from carousel.kernels.shapes import Float, Int

Signals = dict[str, Tensor]
Step = Callable[..., Signals]


def scan(
    cell: Cell,
    x: Float[Tensor, "T B I"],
    state: tuple[Float[Tensor, "B _"], ...],
    weights: Weights,
    lengths: Int[Tensor, " B"] | None = None,
    reverse: bool = False,
    masks: Masks = NO_MASKS,
) -> tuple[Float[Tensor, "T B V"], tuple[Float[Tensor, "B _"], ...]]:
    """The output at every step and the last state. See `carousel.kernels.scan`."""
    output: dict[int, Tensor] = {}
    for n, signals, after in _steps(cell, F.linear(x, weights.ih), state, weights, lengths, reverse, masks):
        output[n], state = signals[cell.output], after
    return _zero_after_end(_stack(output), lengths), state


def trace(
    cell: Cell,
    x: Float[Tensor, "T B I"],
    state: tuple[Float[Tensor, "B _"], ...],
    weights: Weights,
    lengths: Int[Tensor, " B"] | None = None,
    reverse: bool = False,
    masks: Masks = NO_MASKS,
) -> Signals:
    """Every signal of the paper at every step, [T, B, d] each, zero after a sequence's end."""
    xi = F.linear(x, weights.ih)
    rows = {n: signals for n, signals, _ in _steps(cell, xi, state, weights, lengths, reverse, masks)}
    parts = dict(zip(cell.nodes, xi.chunk(len(cell.nodes), dim=-1), strict=True))
    signals = {f"xi_{node}": part for node, part in parts.items()} if isinstance(cell, LSTMCell) else {}
    signals |= {name: _stack({n: row[name] for n, row in rows.items()}) for name in rows[0]}
    return {name: _zero_after_end(signal, lengths) for name, signal in signals.items()}


def _steps(
    cell: Cell,
    xi: Tensor,
    state: tuple[Tensor, ...],
    weights: Weights,
    lengths: Tensor | None,
    reverse: bool,
    masks: Masks,
) -> Iterator[tuple[int, Signals, tuple[Tensor, ...]]]:
    """Step index, its signals, and the state after it; a sequence's state does not move outside its steps."""
    step = (
        _lstm(cell, xi, weights, masks.v) if isinstance(cell, LSTMCell) else _rnn(cell, xi, weights, masks.v)
    )
    inside = None if lengths is None else _inside(len(xi), lengths).unbind()
    for n in reversed(range(len(xi))) if reverse else range(len(xi)):
        signals = step(n, *state)
        for name, before, zone in zip(cell.carried, state, masks.zones, strict=False):
            signals[name] = torch.lerp(signals[name], before, zone[n])
        after = tuple(signals[name] for name in cell.carried)
        if inside is not None:
            after = tuple(torch.where(inside[n], new, old) for new, old in zip(after, state, strict=True))
        state = after
        yield n, signals, state


def _lstm(cell: LSTMCell, xi: Tensor, weights: Weights, v_mask: Tensor | None) -> Step:
    """One step of `carousel.equations.augmented`: from n, v[n-1], s[n-1] to every signal of step n.

    Everything that does not need the state is done for all steps at once. The data update's input share is kept
    apart only where a gate has to multiply it first.
    """
    H = int(xi.shape[-1]) // len(cell.nodes)  # as torch.jit.trace counts, sizes are tensors
    W_early: Tensor | None
    W_late: Tensor | None
    W_early, W_late = (None, None) if weights.ch is None else (weights.ch[:-H], weights.ch[-H:])
    xi_du: tuple[Tensor, ...] = ()
    if cell.input_gate:
        du = row_blocks(cell.nodes, H)["du"]
        xi_du = xi[..., du].unbind()
        xi = torch.cat([xi[..., : du.start], torch.zeros_like(xi[..., du]), xi[..., du.stop :]], dim=-1)
    shares = (xi if weights.bias is None else xi + weights.bias).unbind()
    W_hh = weights.hh.t()

    def step(n: int, v: Tensor, s: Tensor) -> Signals:
        v = v if v_mask is None else v * v_mask
        a = dict(zip(cell.nodes, torch.addmm(shares[n], v, W_hh).chunk(len(cell.nodes), dim=-1), strict=True))
        if W_early is not None:
            *early, _ = cell.peephole_nodes
            for node, seen in zip(early, _peephole(W_early, s).chunk(len(early), dim=-1), strict=True):
                a[node] = a[node] + seen
        signals: Signals = {}
        if cell.input_gate:
            signals["g_cx"] = torch.sigmoid(a["cx"])
            a["du"] = torch.addcmul(a["du"], signals["g_cx"], xi_du[n])
        g_cu, g_cs, u = torch.sigmoid(a["cu"]), torch.sigmoid(a["cs"]), torch.tanh(a["du"])
        s = torch.addcmul(g_cs * s, g_cu, u)
        if W_late is not None:
            a["cr"] = a["cr"] + _peephole(W_late, s)
        g_cr, r = torch.sigmoid(a["cr"]), torch.tanh(s)
        q = g_cr * r
        v = q if weights.hr is None else F.linear(q, weights.hr)
        signals |= {f"a_{node}": value for node, value in a.items()}
        signals |= dict(g_cu=g_cu, g_cs=g_cs, g_cr=g_cr, u=u, s=s, r=r, q=q, v=v)
        return signals

    return step


def _rnn(cell: RNNCell, xi: Tensor, weights: Weights, r_mask: Tensor | None) -> Step:
    """One step of `carousel.equations.rnn`: from n and the state s[n-1] (canonical) or r[n-1] to s[n] and r[n]."""
    warp = torch.tanh if cell.nonlinearity == "tanh" else torch.relu
    shares = (xi if weights.bias is None else xi + weights.bias).unbind()
    W_r = weights.hh.t()

    def step(n: int, carried: Tensor) -> Signals:
        r = carried if weights.ch is None else warp(carried)
        s = torch.addmm(shares[n], r if r_mask is None else r * r_mask, W_r)
        if weights.ch is not None:
            s = s + F.linear(carried, weights.ch)
        return {"s": s, "r": warp(s)}

    return step


def _peephole(W: Tensor, s: Tensor) -> Tensor:
    """The state's share of the nodes in W: full [P * H, H] or diagonal [P * H], to [B, P * H]."""
    if W.dim() == 2:
        return F.linear(s, W)
    return (W.view(-1, s.shape[-1]) * s.unsqueeze(1)).flatten(1)


def _stack(rows: dict[int, Tensor]) -> Tensor:
    return torch.stack([rows[n] for n in range(len(rows))])


def _zero_after_end(signal: Tensor, lengths: Tensor | None) -> Tensor:
    if lengths is None:
        return signal
    return signal.masked_fill(~_inside(len(signal), lengths), 0)


def _inside(T: int, lengths: Tensor) -> Tensor:
    """Whether step n belongs to a sequence, [T, B, 1]."""
    return (torch.arange(T, device=lengths.device).unsqueeze(-1) < lengths).unsqueeze(-1)
