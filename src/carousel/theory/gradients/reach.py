"""Claim: the factor per step sets how far back an error reaches; held against the tool that measures any layer."""

from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.figure import Figure
from torch import nn

from carousel.equations.arrays import Array
from carousel.nn import LSTM
from carousel.style import BLUE, INK, MUTED, ORANGE, house_style
from carousel.theory.claim import Claim, Verdict
from carousel.theory.gradients.constant_error import carousel_cell
from carousel.theory.gradients.drawing import one_panel
from carousel.theory.gradients.flow import gradient_flow
from carousel.theory.gradients.gate import Layer
from carousel.theory.gradients.systems import inputs, orthogonal, standard_rnn

CLAIM = Claim(
    name="gradients.reach",
    title="How far back an error reaches",
    paragraph=(
        "If each step multiplies an error by a factor f below 1, a hundredth is left after ln(0.01) / ln(f) steps: 7 "
        "steps at one half, 459 at 0.99. For a standard RNN with an orthogonal W_r and small signals f is its norm; "
        "for an LSTM whose only path is the state f is its control state gate. The tool that measures this for any "
        "trained layer is tried here where the answer is known, on four kinds of layer. The reach is derived here."
    ),
    equation=r"f^{\,\mathrm{lag}} \le 0.01 \quad\Leftrightarrow\quad \mathrm{lag} \ge \frac{\ln(0.01)}{\ln f}",
    status="derived",
)
D = 8
LOOKS = {
    "carousel.LSTM": (BLUE, "o", 10),
    "torch.nn.LSTM": (INK, ".", 5),
    "carousel.RNN": (ORANGE, "s", 7),
    "torch.nn.RNN": (MUTED, "x", 4),
}
"""Kinds of layer, and how their points are drawn; they lie on each other."""


@dataclass(frozen=True)
class Reach:
    """Lag at which 1 % is left, over the factor per step, by kind of layer; NaN where it is not reached."""

    factors: Array
    lags: dict[str, Array]


def predict(quick: bool = False) -> Reach:
    factors = _factors(quick)
    return Reach(factors, dict.fromkeys(LOOKS, np.ceil(np.log(0.01) / np.log(factors))))


def measure(quick: bool = False) -> Reach:
    """By `gradient_flow` on layers made to have the factor."""
    factors = _factors(quick)
    x = torch.from_numpy(inputs(200 if quick else 512, D, 1e-6, seed=13))
    found: dict[str, list[float]] = {name: [] for name in LOOKS}
    for factor in factors.tolist():
        for name, layer in _layers(factor).items():
            reach = gradient_flow(layer, x).reach()
            found[name].append(np.nan if reach is None else float(reach))
    return Reach(factors, {name: np.array(lags) for name, lags in found.items()})


def _layers(factor: float) -> dict[str, Layer]:
    gated, plain = carousel_cell(np.full(D, factor), D), standard_rnn(orthogonal(D, factor, seed=12))
    theirs = nn.LSTM(D, D, dtype=torch.float64)
    ours = LSTM(D, D, dtype=torch.float64)
    ours.load_symbols({name: gated.symbols()[name] for name in ours.symbols()})
    theirs.load_state_dict(ours.state_dict())
    return {
        "carousel.LSTM": gated,
        "torch.nn.LSTM": theirs,
        "carousel.RNN": plain,
        "torch.nn.RNN": plain.to_torch(),
    }


def compare(predicted: Reach, measured: Reach) -> Verdict:
    equal = all(np.array_equal(measured.lags[name], predicted.lags[name]) for name in LOOKS)
    lags = {name: ", ".join(f"{lag:.0f}" for lag in found) for name, found in measured.lags.items()}
    told = "; ".join(f"{name} {values}" for name, values in lags.items())
    wanted = ", ".join(f"{lag:.0f}" for lag in next(iter(predicted.lags.values())))
    factors = ", ".join(f"{factor:g}" for factor in measured.factors)
    return Verdict(
        equal, f"With the factors {factors} a step, 1 % is left at lag {wanted}; measured: {told}."
    )


@house_style
def plot(predicted: Reach, measured: Reach) -> Figure:
    figure, axes = one_panel(
        "How far back an error reaches: the factor per step decides",
        "line: theory, points: gradient_flow on four kinds of layer with the same factor",
    )
    fine = 1 - np.geomspace(0.6, 1 - measured.factors[-1], 200)
    axes.plot(1 - fine, np.log(0.01) / np.log(fine), color=MUTED, label=r"predicted: $\ln 0.01 / \ln f$")
    for name, (colour, mark, size) in LOOKS.items():
        axes.plot(
            1 - measured.factors, measured.lags[name], color=colour, linestyle="none", marker=mark,
            markersize=size, markerfacecolor="none" if size > 5 else colour, label=name,
        )  # fmt: skip
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xticks(1 - measured.factors, [f"{factor:g}" for factor in measured.factors], minor=False)
    axes.minorticks_off()
    axes.invert_xaxis()
    axes.set_xlabel("factor $f$ per step, on a scale of $1 - f$")
    axes.set_ylabel("lag at which 1 % is left (steps)")
    axes.legend(frameon=False, fontsize=8)
    return figure


def _factors(quick: bool) -> Array:
    return np.array([0.5, 0.8, 0.95]) if quick else np.array([0.5, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99])
