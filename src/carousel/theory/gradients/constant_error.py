"""Claim: with g_cs = 1 and no other path an LSTM carries an error back unchanged, however far."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure

from carousel.equations.arrays import Array
from carousel.nn import LSTM, VanillaLSTM
from carousel.style import BLUE, INK, ORANGE, house_style
from carousel.theory.claim import Claim, Verdict
from carousel.theory.gradients.drawing import one_panel, write_beside

CLAIM = Claim(
    name="gradients.carousel",
    title="The constant error carousel",
    paragraph=(
        "In the Vanilla LSTM the path from s[n-1] to s[n] has the factor g_cs[n], the control state gate, and nothing "
        "squashes it. If every other path is closed, an error changes by exactly this factor per step: at g_cs = 1 it "
        "is carried unchanged over any distance, and a gate a little below 1 forgets at its own steady rate. This is "
        "what the gated cell was built for. The equations are confirmed by a public program in the paper's notation; "
        "the argument is this library's reading of the paper."
    ),
    equation=(
        r"\psi[n] = g_{cs}[n+1] \odot \psi[n+1] \quad\Rightarrow\quad "
        r"\frac{\partial E}{\partial s[n]} = \left( \prod_{k=n+1}^{l} g_{cs}[k] \right) \odot "
        r"\frac{\partial E}{\partial s[l]}"
    ),
    status="reading",
)
GATES = np.array([1.0, 0.999, 0.99])
OPEN = 50.0
"""A gate with this bias is 1 to the last bit of a float64."""


@dataclass(frozen=True)
class Carried:
    """|dE/ds[l - lag]| / |dE/ds[l]| for each of the gates, [lags, gates]."""

    lags: npt.NDArray[np.int64]
    share: Array


def carousel_cell(gates: Array, input_size: int = 1) -> LSTM:
    """A Vanilla LSTM in float64 whose only path through time is the state: unit i keeps the share gates[i] a step.

    Raises ValueError unless the gates [d_s] lie in (0, 1].
    """
    gates = np.asarray(gates, dtype=np.float64)
    if gates.ndim != 1 or not gates.size or not ((gates > 0) & (gates <= 1)).all():
        raise ValueError(f"gates must be a list of numbers above 0, at most 1, got {gates.tolist()}")
    layer = VanillaLSTM(input_size, len(gates), dtype=torch.float64)
    symbols = {name: torch.zeros_like(value) for name, value in layer.symbols().items()}
    with np.errstate(divide="ignore"):
        symbols["b_cs"] = torch.from_numpy(np.minimum(np.log(gates) - np.log1p(-gates), OPEN))
    symbols["W_xdu"] = torch.full_like(symbols["W_xdu"], 0.1)
    layer.load_symbols(symbols)
    return layer


def predict(quick: bool = False) -> Carried:
    lags = _lags()
    return Carried(lags, GATES ** lags[:, None])


def measure(quick: bool = False) -> Carried:
    """By automatic differentiation: the layer runs `lag` steps from a state that takes gradients."""
    layer, lags = carousel_cell(GATES), _lags()
    x = 0.1 * torch.from_numpy(np.random.default_rng(11).standard_normal((int(lags[-1]), 1, 1)))
    v, s = torch.zeros(1, 1, len(GATES), dtype=torch.float64), torch.full((1, 1, len(GATES)), 0.3).double()
    shares = []
    for lag in lags.tolist():
        start = s.clone().requires_grad_()
        _, (_, last) = layer(x[:lag], (v, start))
        # E is read from the state's readout. The state is all that reaches it, so dE/ds[l] is G_d'(s[l]).
        (arrived,) = torch.autograd.grad(torch.tanh(last).sum(), start)
        shares.append((arrived / (1 - torch.tanh(last.detach()) ** 2))[0, 0].numpy())
    return Carried(lags, np.stack(shares))


def compare(predicted: Carried, measured: Carried) -> Verdict:
    error = np.abs(measured.share / predicted.share - 1).max(axis=0)
    lag = measured.lags[-1]
    return Verdict(
        bool(error[0] <= 1e-12 and error.max() <= 1e-9),
        f"At g_cs = 1 an error changes over {lag} steps by a share of at most {error[0]:.0e}; at 0.999 and 0.99 "
        f"it has fallen to {measured.share[-1, 1]:.3g} and {measured.share[-1, 2]:.3g}, predicted "
        f"{predicted.share[-1, 1]:.3g} and {predicted.share[-1, 2]:.3g}.",
    )


@house_style
def plot(predicted: Carried, measured: Carried) -> Figure:
    figure, axes = one_panel(
        "The constant error carousel: at g_cs = 1 an error rides on for ever",
        "lines: $g_{cs}$ to the power of the lag, points: measured by differentiation",
    )
    looks = ((BLUE, "o"), (INK, "s"), (ORANGE, "^"))
    for unit, (gate, (colour, mark)) in enumerate(zip(GATES.tolist(), looks, strict=True)):
        axes.plot(predicted.lags, predicted.share[:, unit], color=colour)
        axes.plot(
            measured.lags, measured.share[:, unit], color=colour, linestyle="none", marker=mark, markersize=5
        )
        write_beside(axes, predicted.lags[-1], predicted.share[-1, unit], f"$g_{{cs}} = {gate:g}$", colour)
    axes.set_yscale("log")
    axes.set_xlabel("lag (steps)")
    axes.set_ylabel("share of the error that arrives")
    return figure


def _lags() -> npt.NDArray[np.int64]:
    return np.array([1, 50, 100, 200, 300, 400, 600, 800, 1000])
