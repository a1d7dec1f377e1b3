"""With fast decay the canonical RNN becomes the standard RNN: what dropping W_s costs."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from carousel.equations import rnn
from carousel.equations.arrays import Array
from carousel.style import BLUE, INK, ORANGE, heading, house_style
from carousel.theory.claim import Claim, Verdict
from carousel.theory.continuous.claims.canvas import canvas
from carousel.theory.continuous.discretize import discretize

CLAIM = Claim(
    name="continuous.limit",
    title="The standard RNN is the canonical one with fast decay",
    paragraph=(
        "Let dT = 1 and let A be diagonal with large negative elements -a. Then W_s = diag(1 / (1 + a)) is small, and "
        "dropping W_s s[n-1] leaves the standard RNN, a form that public notes on the paper confirm; that A is chosen "
        "so is this library's reading of the paper. The error of dropping it follows a linear recursion along the "
        "standard RNN, derived here: in proportion to the state it falls as 1 / (1 + a). That holds whether B, C and "
        "phi stay as they are, so that W_r shrinks too, or grow with a so that W_r stays."
    ),
    equation=(
        r"W_s = \mathrm{diag}\!\left(\frac{1}{1 + a_i}\right), \qquad "
        r"\delta[n] = W_r \left(G'(s[n-1]) \odot \delta[n-1]\right) + W_s\, s[n-1] + O(W_s^2)"
    ),
    status="reading",
)

D, D_X = 6, 3
CASES = ("B, C, phi as they are", "B, C, phi grow with a")
ASYMPTOTIC = 10.0
"""Slopes are fitted from this a on."""


@dataclass(frozen=True)
class Predicted:
    """Relative error of the state [2, n] for the two cases, at the decays a [n]."""

    a: Array
    error: Array
    slope: float


@dataclass(frozen=True)
class Measured:
    """Relative error of the state [2, n]: root mean square of the difference by that of the canonical state."""

    error: Array


@dataclass(frozen=True)
class _Network:
    """Rates of decay relative to a [d], the standard RNN's matrices when W_r stays, and an input [K, d_x]."""

    decay: Array
    W_r: Array
    W_x: Array
    theta: Array
    x: Array


def predict(quick: bool = False) -> Predicted:
    """First order in W_s: the recursion along the standard RNN, from the formulas for a diagonal A."""
    network, decays = _network(), _decays(quick)
    error = [[_first_order(network, a, case) for a in decays] for case in range(len(CASES))]
    return Predicted(decays, np.array(error), -1.0)


def measure(quick: bool = False) -> Measured:
    """Both RNNs run on the same input, the one without W_s."""
    network = _network()
    error = [[_difference(network, a, case) for a in _decays(quick)] for case in range(len(CASES))]
    return Measured(np.array(error))


def compare(predicted: Predicted, measured: Measured) -> Verdict:
    """Within 5 % of the prediction from a = 10 on, within 1 % at the largest a, and slopes -1.00 +- 0.05."""
    large = predicted.a >= ASYMPTOTIC
    share = measured.error / predicted.error
    slopes = fitted_slopes(predicted, measured)
    holds = bool(
        (np.abs(share[:, large] - 1) < 0.05).all()
        and (np.abs(share[:, -1] - 1) < 0.01).all()
        and (np.abs(slopes - predicted.slope) <= 0.05).all()
    )
    return Verdict(
        holds,
        f"Relative error of dropping W_s: slope against 1 + a predicted {predicted.slope:.2f}, measured "
        f"{slopes[0]:.3f} with B fixed and {slopes[1]:.3f} with B growing (a = {ASYMPTOTIC:g} to {predicted.a[-1]:g}); "
        f"measured over predicted error {share[:, large].min():.3f} to {share[:, large].max():.3f} there, and "
        f"{share[:, 0].min():.2f} to {share[:, 0].max():.2f} at a = {predicted.a[0]:g}, where W_s is not small.",
    )


def fitted_slopes(predicted: Predicted, measured: Measured) -> Array:
    """Of log error against log(1 + a), for both cases, [2]."""
    large = predicted.a >= ASYMPTOTIC
    slopes: Array = np.polyfit(np.log(1 + predicted.a[large]), np.log(measured.error[:, large]).T, 1)[0]
    return slopes


@house_style
def plot(predicted: Predicted, measured: Measured) -> Figure:
    """The relative error against a."""
    figure, (axes,) = canvas("Fast decay makes the standard RNN of the canonical one", [1])
    styles = ((BLUE, "o", "-"), (ORANGE, "s", (0, (4, 2))))
    for case, (colour, marker, dashes) in enumerate(styles):
        axes.plot(
            predicted.a,
            predicted.error[case],
            color=colour,
            linestyle=dashes,
            label=f"{CASES[case]}: predicted",
        )
        axes.plot(
            predicted.a,
            measured.error[case],
            marker,
            color=colour,
            markersize=4.5,
            label=f"{CASES[case]}: measured",
        )
    slopes = fitted_slopes(predicted, measured)
    heading(axes, r"what dropping $W_s\, s[n-1]$ costs", f"slopes {slopes[0]:.2f} and {slopes[1]:.2f}")
    axes.set(xscale="log", yscale="log", xlabel=r"$a$: size of the diagonal of $-A$, with $\Delta T = 1$")
    axes.set_ylabel("relative error of the state")
    axes.legend(loc="upper right", frameon=False, fontsize=8, labelcolor=INK)
    return figure


def _decays(quick: bool) -> Array:
    return np.logspace(0, 4, 9 if quick else 17, dtype=np.float64)


def _network() -> _Network:
    generator = np.random.default_rng(3)
    B = generator.normal(size=(D, D))
    B = B + B.T
    steps = np.arange(200)[:, None]
    x = np.sin(generator.uniform(0.05, 0.5, size=D_X) * steps + generator.uniform(0, 6, size=D_X))
    C, theta = 0.2 * generator.normal(size=(D, D_X)), 0.1 * generator.normal(size=D)
    return _Network(generator.uniform(0.5, 2, size=D), 0.9 * B / np.linalg.norm(B, 2), C, theta, x)


def _first_order(network: _Network, a: float, case: int) -> float:
    W_s = 1 / (1 + a * network.decay)
    gain = W_s if case == 0 else np.ones(D)
    s, delta, squares, errors = np.zeros(D), np.zeros(D), 0.0, 0.0
    for x in network.x:
        delta = gain * (network.W_r @ (delta / np.cosh(s) ** 2)) + W_s * s
        s = gain * (network.W_r @ np.tanh(s) + network.W_x @ x + network.theta)
        squares += float(s @ s)
        errors += float(delta @ delta)
    return float(np.sqrt(errors / squares))


def _difference(network: _Network, a: float, case: int) -> float:
    growth = 1.0 if case == 0 else 1 + a * network.decay[:, None]
    B, C, phi = growth * network.W_r, growth * network.W_x, growth * network.theta[:, None]
    canonical = discretize(-a * np.diag(network.decay), B, C, phi[:, 0], 1.0)._asdict()
    standard = {name: W for name, W in canonical.items() if name != "W_s"}
    s, without = (rnn.forward(params, network.x[:, None])["s"] for params in (canonical, standard))
    return float(np.linalg.norm(s - without) / np.linalg.norm(s))
