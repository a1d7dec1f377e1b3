r"""From the RNN to the LSTM, one logical step at a time.

| signal | meaning |
|---|---|
| s | state |
| r, v | readout $G_d(s)$; value, the gated readout, which is what the cell puts out and feeds back |
| F_s, F_u | the two parts of the state: from the state before, and the update |
| u | data update candidate $G_d(F_u)$ |
| g_cs, g_cu, g_cr, g_cx | gates in [0, 1]: control state, control update, control readout, control input |

Order and wording of the steps are this library's reading of the paper; public notes on the paper confirm where they
begin, and a public program in its notation confirms the Vanilla LSTM, where they end. Before the last step a gate is
a constant for each unit, $G_c(b)$. As a constant, every gate but $g_{cs}$ could be absorbed in the weights next to it:
what the road is built for arrives when gates become functions of data.
"""

from typing import Any

from torch import Tensor

from carousel.errors import did_you_mean
from carousel.theory.evolution.scan import Cell, G_c, G_d

Step = tuple[Tensor, Tensor]
Shares = dict[str, Tensor]


class StandardRNN(Cell):
    r"""The beginning: $s[n] = W_r v[n-1] + W_x x[n] + \theta_s$, $v[n] = G_d(s[n])$. Memory is in v alone."""

    weights = ("W_xdu", "W_vdu", "b_du")

    def step(self, xi: Shares, s: Tensor, v: Tensor) -> Step:
        s = self.node("du", xi["du"], v)
        return s, G_d(s)


class Split(Cell):
    r"""S1, the canonical RNN in two parts: $s = F_s + F_u$.

    $F_s = W_s s[n-1]$ and $F_u = W_r v[n-1] + W_x x[n] + \theta_s$, the control parts of state and update.
    $W_s = \mathrm{diag}(G_c(b_s))$: positive fractions, as a diagonal A with negative entries gives them.
    """

    weights = (*StandardRNN.weights, "b_s")

    def step(self, xi: Shares, s: Tensor, v: Tensor) -> Step:
        s = G_c(self.b_s) * s + self.node("du", xi["du"], v)
        return s, G_d(s)


class Proportions(Cell):
    r"""S2, each part in its own proportion: $s = g_{cs} \odot W_s s[n-1] + g_{cu} \odot F_u$."""

    weights = (*Split.weights, "b_cs", "b_cu")

    def step(self, xi: Shares, s: Tensor, v: Tensor) -> Step:
        s = G_c(self.b_cs) * G_c(self.b_s) * s + G_c(self.b_cu) * self.node("du", xi["du"], v)
        return s, G_d(s)


class Absorbed(Cell):
    r"""S3, fractions of fractions are fractions, so $W_s = I$: $s = g_{cs} \odot s[n-1] + g_{cu} \odot F_u$."""

    weights = (*StandardRNN.weights, "b_cs", "b_cu")

    def step(self, xi: Shares, s: Tensor, v: Tensor) -> Step:
        s = G_c(self.b_cs) * s + G_c(self.b_cu) * self.node("du", xi["du"], v)
        return s, G_d(s)


class GatedReadout(Cell):
    r"""S4, what is fed back is no longer tied to the state: $v = g_{cr} \odot G_d(s)$."""

    weights = (*Absorbed.weights, "b_cr")

    def step(self, xi: Shares, s: Tensor, v: Tensor) -> Step:
        s = G_c(self.b_cs) * s + G_c(self.b_cu) * self.node("du", xi["du"], v)
        return s, G_c(self.b_cr) * G_d(s)


class InputGate(Cell):
    r"""S5, seen and left for later: $F_u = W_r v[n-1] + g_{cx} \odot W_x x[n] + \theta_s$."""

    weights = (*GatedReadout.weights, "b_cx")

    def step(self, xi: Shares, s: Tensor, v: Tensor) -> Step:
        F_u = self.node("du", G_c(self.b_cx) * xi["du"] + self.b_du, v)
        s = G_c(self.b_cs) * s + G_c(self.b_cu) * F_u
        return s, G_c(self.b_cr) * G_d(s)


class BoundedUpdate(Cell):
    r"""S6, on S4: $u = G_d(F_u)$, $s = g_{cs} \odot s[n-1] + g_{cu} \odot u$."""

    weights = GatedReadout.weights

    def step(self, xi: Shares, s: Tensor, v: Tensor) -> Step:
        s = G_c(self.b_cs) * s + G_c(self.b_cu) * G_d(self.node("du", xi["du"], v))
        return s, G_c(self.b_cr) * G_d(s)


class Vanilla(Cell):
    r"""S7, gates are functions of data: $g_p = G_c(W_{x_p} x[n] + W_{s_p} s + W_{v_p} v[n-1] + b_p)$.

    $g_{cu}$ and $g_{cs}$ see $s[n-1]$, $g_{cr}$ sees $s[n]$. This is the Vanilla LSTM.
    """

    weights = (
        *("W_xcu", "W_scu", "W_vcu", "b_cu"),
        *("W_xcs", "W_scs", "W_vcs", "b_cs"),
        *("W_xdu", "W_vdu", "b_du"),
        *("W_xcr", "W_scr", "W_vcr", "b_cr"),
    )

    def step(self, xi: Shares, s: Tensor, v: Tensor) -> Step:
        g_cu = G_c(self.node("cu", xi["cu"], v, s))
        g_cs = G_c(self.node("cs", xi["cs"], v, s))
        u = G_d(self.node("du", xi["du"], v))
        s = g_cs * s + g_cu * u
        g_cr = G_c(self.node("cr", xi["cr"], v, s))
        return s, g_cr * G_d(s)


class Augmented(Cell):
    r"""The step left for later, as a function of data: $u = G_d(W_{v_{du}} v[n-1] + g_{cx} \odot \xi_{du} + b_{du})$.

    Every $W_{x_p} x[n]$ has become a window, $\xi_p = \sum_l W_{x_p}[l]\, x[n-l]$, here with one sample on each side.
    This is the augmented LSTM without its projection, which changes sizes, not the way of the error.
    """

    weights = (*Vanilla.weights, "W_xcx", "W_scx", "W_vcx", "b_cx")
    context = (1, 1)

    def step(self, xi: Shares, s: Tensor, v: Tensor) -> Step:
        g_cu = G_c(self.node("cu", xi["cu"], v, s))
        g_cs = G_c(self.node("cs", xi["cs"], v, s))
        g_cx = G_c(self.node("cx", xi["cx"], v, s))
        u = G_d(self.node("du", g_cx * xi["du"] + self.b_du, v))
        s = g_cs * s + g_cu * u
        g_cr = G_c(self.node("cr", xi["cr"], v, s))
        return s, g_cr * G_d(s)


STEPS: dict[str, type[Cell]] = {
    "rnn": StandardRNN,
    "split": Split,
    "proportions": Proportions,
    "absorbed": Absorbed,
    "readout": GatedReadout,
    "input_gate": InputGate,
    "bounded": BoundedUpdate,
    "vanilla": Vanilla,
    "augmented": Augmented,
}
"""The road in its order."""


def cell(step: str, input_size: int, state_size: int, copies: int | None = None, **options: Any) -> Cell:
    """The cell of one step of the road; arguments as for `Cell`.

    Raises:
        ValueError: there is no such step, or as for `Cell`.
    """
    return named(step)(input_size, state_size, copies, **options)


def named(step: str) -> type[Cell]:
    """The class of one step. Raises ValueError for an unknown name."""
    if step not in STEPS:
        raise ValueError(f"No step '{step}' leads from the RNN to the LSTM; {did_you_mean(str(step), STEPS)}")
    return STEPS[step]
