"""The equations of every LSTM here as a loop in PyTorch, written as well as its operations allow.

The input's share of all steps is one product before the loop. A step costs one product of v and, with peepholes, one
of s: s[n] is seen by the readout gate of its own step and by the other gates of the next, so that one product serves
both. Gates that can be warped together lie side by side.
"""

from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor


def run_loop(
    symbols: Mapping[str, Tensor], x: Tensor, future: int = 0
) -> tuple[Tensor, tuple[Tensor, Tensor]]:
    """An LSTM over a batch of whole sequences, from zero states.

    Args:
        symbols: weights under the paper's names, as `LSTM.symbols()` gives them; the cell has the peepholes, the input
            gate and the projection that have weights.
        x: [T, B, I].
        future: how many taps of the input window look ahead.

    Returns:
        v at every step, [T, B, V], and (v, s) after the last, [1, B, V] and [1, B, H].
    """
    H = len(symbols["b_du"])
    early = ("cu", "cs", "cx") if "b_cx" in symbols else ("cu", "cs")
    nodes = (*early, "cr", "du")
    shares, xi_du = _input_shares(symbols, nodes, x, future)
    W_v = torch.cat([symbols[f"W_v{node}"] for node in nodes]).t()
    W_s = [symbols[f"W_s{node}"] for node in nodes if f"W_s{node}" in symbols]
    peephole = torch.cat(W_s).t() if W_s and W_s[0].dim() == 2 else torch.stack(W_s) if W_s else None
    H_early = len(early) * H
    W_qdr = symbols.get("W_qdr")

    s, seen_early = x.new_zeros(x.shape[1], H), None
    v = s if W_qdr is None else x.new_zeros(x.shape[1], len(W_qdr))
    output = []
    for n, share in enumerate(shares):
        a = torch.addmm(share, v, W_v)
        if peephole is None:
            a_gates, a_du = a.split_with_sizes([H_early + H, H], dim=1)
            *gates, g_cr = torch.sigmoid(a_gates).chunk(len(early) + 1, dim=1)
        else:
            a_early, a_cr, a_du = a.split_with_sizes([H_early, H, H], dim=1)
            a_early = a_early if seen_early is None else a_early + seen_early
            gates = list(torch.sigmoid(a_early).chunk(len(early), dim=1))
        if xi_du is not None:
            a_du = torch.addcmul(a_du, gates[2], xi_du[n])
        s = torch.addcmul(gates[1] * s, gates[0], torch.tanh(a_du))
        if peephole is not None:
            seen = s @ peephole if W_s[0].dim() == 2 else (s.unsqueeze(1) * peephole).flatten(1)
            seen_early, seen_late = seen.split_with_sizes([H_early, H], dim=1)
            g_cr = torch.sigmoid(a_cr + seen_late)
        v = g_cr * torch.tanh(s)
        if W_qdr is not None:
            v = F.linear(v, W_qdr)
        output.append(v)
    return torch.stack(output), (v.unsqueeze(0), s.unsqueeze(0))


def _input_shares(
    symbols: Mapping[str, Tensor], nodes: tuple[str, ...], x: Tensor, future: int
) -> tuple[tuple[Tensor, ...], tuple[Tensor, ...] | None]:
    """For each step the input's share of all nodes, with bias; and that of du apart if a gate multiplies it first."""
    W_x = torch.cat([symbols[f"W_x{node}"] for node in nodes], dim=1)
    bias = torch.cat([symbols[f"b_{node}"] for node in nodes])
    taps, H = len(W_x), len(symbols["b_du"])
    if taps > 1:
        padded = F.pad(x, (0, 0, 0, 0, taps - 1 - future, future))
        x = torch.cat([padded[taps - 1 - tap :][: len(x)] for tap in range(taps)], dim=-1)
    W = W_x.transpose(0, 1).flatten(1)
    if "cx" not in nodes:
        return F.linear(x, W, bias).unbind(), None
    xi = F.linear(x, W)
    shares = torch.cat([xi[..., :-H], torch.zeros_like(xi[..., -H:])], dim=-1) + bias
    return shares.unbind(), xi[..., -H:].unbind()
