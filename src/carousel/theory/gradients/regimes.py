"""Claim: at rest the spectral radius of W_r separates vanishing from exploding gradients."""

from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.figure import Figure

from carousel.equations.arrays import Array
from carousel.style import BLUE, INK, ORANGE, house_style
from carousel.theory.claim import Claim, Verdict
from carousel.theory.gradients.drawing import one_panel
from carousel.theory.gradients.systems import gaussian, standard_rnn, symmetric, with_radius

CLAIM = Claim(
    name="gradients.regimes",
    title="Vanishing and exploding: the spectral radius decides",
    paragraph=(
        "For small signals every slope of G is 1 and the product of Jacobians is a power of W_r. Its norm follows the "
        "spectral radius, exactly if W_r is symmetric, the case that the paper studies: below 1 the influence of a "
        "step fades, above 1 it grows, and only at 1 is it kept. For other matrices the norm of the power is never "
        "below the radius to that power and exceeds it by a factor, which may delay the fate but not change it. This "
        "is this library's reading of the paper."
    ),
    equation=(
        r"s \to 0: \quad \frac{\partial r[l]}{\partial r[n]} = W_r^{\,l-n}, \qquad "
        r"\rho(W_r)^{l-n} \le \left\| W_r^{\,l-n} \right\| \quad (\text{equal for } W_r = W_r^T)"
    ),
    status="reading",
)
D, LAG = 48, 40
KINDS = {"symmetric": symmetric(D, seed=3), "Gaussian": gaussian(D, 1.0, seed=3)}
"""W_r, to be scaled to the radius."""


@dataclass(frozen=True)
class Norms:
    """Norm of d r[l] / d r[l - 40] over the spectral radius, by kind of W_r."""

    radii: Array
    norms: dict[str, Array]


def predict(quick: bool = False) -> Norms:
    radii = _radii(quick)
    unit = np.linalg.matrix_power(with_radius(KINDS["Gaussian"], 1.0), LAG)
    return Norms(radii, {"symmetric": radii**LAG, "Gaussian": np.linalg.norm(unit, ord=2) * radii**LAG})


def measure(quick: bool = False) -> Norms:
    """By automatic differentiation through 40 steps of a layer at rest, for the same matrices."""
    radii = _radii(quick)
    return Norms(
        radii,
        {
            kind: np.array([_norm_at_rest(with_radius(W_r, radius)) for radius in radii.tolist()])
            for kind, W_r in KINDS.items()
        },
    )


def _norm_at_rest(W_r: Array) -> float:
    start = torch.zeros(1, D, D, dtype=torch.float64, requires_grad=True)
    r, _ = standard_rnn(W_r)(torch.zeros(LAG, D, D, dtype=torch.float64), start)
    (jacobian,) = torch.autograd.grad(r[-1].diagonal().sum(), start)
    return float(torch.linalg.matrix_norm(jacobian[0], ord=2))


def compare(predicted: Norms, measured: Norms) -> Verdict:
    errors = {kind: float(np.abs(measured.norms[kind] / predicted.norms[kind] - 1).max()) for kind in KINDS}
    floor = measured.radii**LAG
    above_radius = all(bool((norms >= floor * (1 - 1e-9)).all()) for norms in measured.norms.values())
    first, last = measured.norms["symmetric"][[0, -1]]
    holds = max(errors.values()) <= 1e-8 and above_radius and bool(first < 1 < last)
    return Verdict(
        holds,
        f"Over {LAG} steps a symmetric W_r of radius {measured.radii[0]:.2f} leaves {first:.1e} and one of radius "
        f"{measured.radii[-1]:.2f} gives {last:.1e}; predicted {predicted.norms['symmetric'][0]:.1e} and "
        f"{predicted.norms['symmetric'][-1]:.1e}. The largest relative difference over {len(measured.radii)} radii is "
        f"{max(errors.values()):.0e}; Gaussian matrices "
        f"lie above by a factor of {(measured.norms['Gaussian'] / floor).mean():.1f}.",
    )


@house_style
def plot(predicted: Norms, measured: Norms) -> Figure:
    figure, axes = one_panel(
        f"What {LAG} steps leave of an error: vanishing below radius 1, exploding above",
        r"small signals; symmetric $W_r$: $\rho^{40}$, Gaussian $W_r$: norm of $W_r^{40}$",
    )
    looks = {"symmetric": (BLUE, "-", "o"), "Gaussian": (ORANGE, (0, (4, 1.5)), "^")}
    for kind, (colour, dashes, mark) in looks.items():
        axes.plot(
            predicted.radii, predicted.norms[kind], color=colour, linestyle=dashes, label=f"{kind}: predicted"
        )
        axes.plot(
            measured.radii, measured.norms[kind], color=colour, linestyle="none", marker=mark,
            markersize=5, label=f"{kind}: measured",
        )  # fmt: skip
    axes.axhline(1, color=INK, linewidth=0.6)
    axes.axvline(1, color=INK, linewidth=0.6)
    axes.set_yscale("log")
    axes.set_xlabel("spectral radius of $W_r$")
    axes.set_ylabel(r"norm of $\partial r[l] / \partial r[l - 40]$")
    axes.legend(frameon=False, fontsize=8)
    return figure


def _radii(quick: bool) -> Array:
    return np.linspace(0.5, 1.5, 5 if quick else 21, dtype=np.float64)
