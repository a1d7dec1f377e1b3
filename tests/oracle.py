"""The augmented LSTM in torch, one sequence of column vectors at a time, for autograd to differentiate.

Written apart from `carousel.equations` and in another manner (no batch, no shared code), so that the two can only
agree by both being right.
"""

import torch
from torch import Tensor

Signals = dict[str, list[Tensor]]


def augmented(
    W: dict[str, Tensor], x: Tensor, s: Tensor, v: Tensor, look_ahead: dict[str, int], halo
) -> Signals:
    """Signals of one sequence: x [before + K + after, d_x], s [d_s], v [d_v]."""
    before, after = halo
    signals: Signals = {}

    def record(name: str, value: Tensor) -> Tensor:
        signals.setdefault(name, []).append(value)
        return value

    for n in range(len(x) - before - after):
        xi = {
            node: record(f"xi_{node}", _window(W[f"W_x{node}"], x, n + before, look_ahead[node]))
            for node in look_ahead
        }

        def accumulate(node: str, share: Tensor, state: Tensor | None, v: Tensor = v) -> Tensor:
            total = share + W[f"W_v{node}"] @ v + W.get(f"b_{node}", torch.tensor(0.0))
            if state is not None and f"W_s{node}" in W:
                peephole = W[f"W_s{node}"]
                total = total + (peephole @ state if peephole.dim() == 2 else peephole * state)
            return record(f"a_{node}", total)

        g_cu = torch.sigmoid(accumulate("cu", xi["cu"], s))
        g_cs = torch.sigmoid(accumulate("cs", xi["cs"], s))
        share = torch.sigmoid(accumulate("cx", xi["cx"], s)) * xi["du"] if "cx" in xi else xi["du"]
        u = torch.tanh(accumulate("du", share, None))
        s = record("s", g_cs * s + g_cu * u)
        g_cr = torch.sigmoid(accumulate("cr", xi["cr"], s))
        r = record("r", torch.tanh(s))
        q = record("q", g_cr * r)
        v = record("v", W["W_qdr"] @ q if "W_qdr" in W else q * 1.0)
    return signals


def _window(filters: Tensor, x: Tensor, centre: int, look_ahead: int) -> Tensor:
    taps = filters if filters.dim() == 3 else filters[None]
    total = torch.zeros(taps.shape[1], dtype=x.dtype)
    for tap, matrix in enumerate(taps):
        position = centre - (tap - look_ahead)
        if 0 <= position < len(x):
            total = total + matrix @ x[position]
    return total
