r"""The gradient of 1997: back in time, an error goes along the state alone.

Hochreiter and Schmidhuber (1997) cut off what reaches the accumulation nodes, and Gers, Schraudolph and Schmidhuber
(2002) what would go through peepholes: for the gradient, $v[n-1]$ is a constant wherever the cell sees it, and so is
the state wherever a gate sees it. Of the backward equations in `carousel.equations`, $f_\chi = 0$,
$f_\psi = g_{cs} \odot \psi$ and $\psi = \rho \odot G_d'(s) + f_\psi[n+1]$ are left.
"""

import torch
from torch import Tensor
from torch.nn.functional import linear

import carousel


def truncated(layer: carousel.LSTM, x: Tensor) -> Tensor:
    """The output [T, B, H] of one layer for x [T, B, F], with the gradient of 1997.

    What is constant is computed first, without a gradient. Given that, all nodes of all steps are one sum, and only the
    state is left to be run through step by step.

    Args:
        layer: one layer and direction, without input gate, window and projection; any peepholes.
        x: the input.
    """
    with torch.no_grad():
        known = layer.trace(x)
    weights, v, s = layer.symbols(), _delayed(known["v"]), _delayed(known["s"])

    def node(name: str, state: Tensor | None = None) -> Tensor:
        a = linear(x, weights[f"W_x{name}"][0], weights.get(f"b_{name}")) + linear(v, weights[f"W_v{name}"])
        W_s = weights.get(f"W_s{name}")
        if state is None or W_s is None:
            return a
        return a + (linear(state, W_s) if W_s.dim() == 2 else state * W_s)

    g_cs = torch.sigmoid(node("cs", s))
    update = torch.sigmoid(node("cu", s)) * torch.tanh(node("du"))
    g_cr = torch.sigmoid(node("cr", known["s"]))
    state, states = torch.zeros_like(update[0]), []
    for forgotten, added in zip(g_cs.unbind(), update.unbind(), strict=True):
        state = torch.addcmul(added, forgotten, state)
        states.append(state)
    return g_cr * torch.tanh(torch.stack(states))


def _delayed(signal: Tensor) -> Tensor:
    """The signal [T, B, H] of the step before, zero at the first."""
    return torch.cat([torch.zeros_like(signal[:1]), signal[:-1]])
