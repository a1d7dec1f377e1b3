"""Claim: driven hard, a tanh network attenuates errors far below its bound; mean field theory says by how much."""

from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.figure import Figure

from carousel.equations.arrays import Array
from carousel.style import BLUE, INK, MUTED, ORANGE, house_style
from carousel.theory.claim import Claim, Verdict
from carousel.theory.gradients.drawing import one_panel, write_beside
from carousel.theory.gradients.systems import gaussian, inputs, standard_rnn

CLAIM = Claim(
    name="gradients.saturation",
    title="The saturated regime: a large norm that does not explode",
    paragraph=(
        "A norm above 1 is necessary for explosion, not sufficient. In a large network with independent Gaussian "
        "weights the states are Gaussian; their variance q is the fixed point of one equation, and the mean square "
        "slope at that variance gives the factor by which a step scales an error. The harder the input drives the "
        "units into saturation, the larger the radius at which gradients begin to explode. That large norms can go "
        "with vanishing gradients is this library's reading of the paper; this mean field prediction is derived here."
    ),
    equation=(
        r"q = \rho^2\, \mathbb{E}\, G(\sqrt{q} z)^2 + \sigma_x^2, \qquad "
        r"\text{factor per step} = \rho \sqrt{\mathbb{E}\, G'(\sqrt{q} z)^2}, \qquad z \sim \mathcal{N}(0, 1)"
    ),
    status="derived",
)
BURN_IN, LAG, ERRORS = 30, 40, 64
DRIVES = {1.0: (BLUE, "o"), 5.0: (ORANGE, "^")}
"""Standard deviations of the input, and how they are drawn."""
TOLERANCE = 0.05


@dataclass(frozen=True)
class Growth:
    """Factor per step by which the root mean square error changes, over the radius, by standard deviation of x."""

    radii: Array
    factors: dict[float, Array]


def error_growth(radius: float, input_std: float) -> float:
    """Mean field factor per step of the error in a large tanh RNN with Gaussian W_r, driven by white noise.

    Args:
        radius: spectral radius of W_r, > 0; its entries have the standard deviation radius / sqrt(d).
        input_std: standard deviation of a unit's input W_x x[n] + theta_s, >= 0.

    Returns:
        Below 1 errors vanish on their way back, above 1 they explode.

    Raises:
        ValueError: radius or input_std is out of range or not finite.

    Source: derived for this library, by the mean field argument known from random networks.
    """
    if not (np.isfinite(radius) and radius > 0 and np.isfinite(input_std) and input_std >= 0):
        raise ValueError(
            f"radius must be above 0 and input_std at least 0, both finite, got {radius} and {input_std}"
        )
    q = radius**2 + input_std**2
    for _ in range(2000):
        slope, _ = _mean_slopes(q)
        # G^2 is 1 - G' for the hyperbolic tangent.
        q, before = radius**2 * (1 - slope) + input_std**2, q
        if abs(q - before) <= 1e-12 * before:
            break
    _, square = _mean_slopes(q)
    return float(radius * np.sqrt(square))


def _mean_slopes(q: float) -> tuple[float, float]:
    """E G' and E G'^2 of states from N(0, q), on a grid that covers where both density and slope are above 0."""
    z = np.linspace(-1, 1, 4001) * min(8.0, 20.0 / max(np.sqrt(q), 1e-9))
    density = np.exp(-(z**2) / 2) / np.sqrt(2 * np.pi) * (z[1] - z[0])
    slope = 1 - np.tanh(np.sqrt(q) * z) ** 2
    return float(density @ slope), float(density @ slope**2)


def predict(quick: bool = False) -> Growth:
    radii = np.linspace(0.25, 6, 24, dtype=np.float64)
    return Growth(
        radii,
        {std: np.array([error_growth(radius, std) for radius in radii.tolist()]) for std in DRIVES},
    )


def measure(quick: bool = False) -> Growth:
    """Random errors sent back through 40 steps of a driven layer by automatic differentiation."""
    d, seeds = (200, 3) if quick else (320, 3)
    radii = np.array([0.5, 1.5, 3.0, 6.0]) if quick else np.array([0.25, 0.5, 1, 1.5, 2, 3, 4, 5, 6])
    return Growth(
        radii,
        {
            std: np.array(
                [
                    np.mean([_measured(d, radius, std, seed) for seed in range(seeds)])
                    for radius in radii.tolist()
                ]
            )
            for std in DRIVES
        },
    )


def _measured(d: int, radius: float, input_std: float, seed: int) -> float:
    layer = standard_rnn(gaussian(d, radius, seed=100 + seed))
    x = torch.from_numpy(inputs(BURN_IN + LAG, d, input_std, seed=200 + seed))
    _, r = layer(x[:BURN_IN])
    start = r.expand(1, ERRORS, d).clone().requires_grad_()
    after, _ = layer(x[BURN_IN:].expand(-1, ERRORS, -1), start)
    errors = torch.from_numpy(np.random.default_rng(300 + seed).standard_normal((ERRORS, d)))
    (arrived,) = torch.autograd.grad((after[-1] * errors).sum(), start)
    return float((arrived.norm() / errors.norm()) ** (1 / LAG))


def compare(predicted: Growth, measured: Growth) -> Verdict:
    worst, words = 0.0, []
    for std, found in measured.factors.items():
        theory = np.interp(measured.radii, predicted.radii, predicted.factors[std])
        worst = max(worst, float(np.abs(found / theory - 1).max()))
        at = int(np.flatnonzero(measured.radii == 3.0)[0])
        words.append(f"{found[at]:.2f} (predicted {theory[at]:.2f}) with inputs of deviation {std:g}")
    return Verdict(
        worst <= TOLERANCE,
        f"At radius 3 an error changes per step by a factor of {' and of '.join(words)}, while the bound, the norm of "
        f"W_r, is about 6; the largest relative difference over all radii is {100 * worst:.1f} %.",
    )


@house_style
def plot(predicted: Growth, measured: Growth) -> Figure:
    figure, axes = one_panel(
        "The bound promises an explosion that saturation prevents",
        "lines: mean field theory, points: measured over 40 steps; below 1 errors vanish",
    )
    end = predicted.radii[-1]
    for slope, text in ((2.0, r"bound: $\|W_r\| \approx 2\rho$"), (1.0, r"at rest: $\rho$")):
        shown = predicted.radii[slope * predicted.radii <= 4]
        axes.plot(shown, slope * shown, color=MUTED, linestyle=":" if slope == 2 else (0, (4, 1.5)))
        write_beside(axes, shown[-1], slope * shown[-1], text, MUTED)
    for std, (colour, mark) in DRIVES.items():
        line = predicted.factors[std]
        axes.plot(predicted.radii, line, color=colour)
        axes.plot(
            measured.radii, measured.factors[std], color=colour, linestyle="none", marker=mark, markersize=5
        )
        write_beside(axes, end, line[-1], rf"driven, $\sigma_x = {std:g}$", colour)
    axes.axhline(1, color=INK, linewidth=0.6)
    axes.set_ylim(0, 4.2)
    axes.set_xlabel(r"spectral radius $\rho$ of a Gaussian $W_r$")
    axes.set_ylabel("factor per step of an error")
    return figure
