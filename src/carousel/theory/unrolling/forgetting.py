"""Claim: a contracting RNN forgets the state it started from, at rho to the power of the steps."""

from collections.abc import Mapping
from types import ModuleType
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from carousel.equations import rnn
from carousel.equations.arrays import Array, Symbols
from carousel.style import BLUE, INK, MUTED, ORANGE, heading, house_style
from carousel.theory.claim import Claim, Verdict
from carousel.theory.unrolling.borders import LookAhead
from carousel.theory.unrolling.bounds import contraction, forgetting_bound
from carousel.theory.unrolling.canvas import canvas
from carousel.theory.unrolling.segments import CARRIED, segmented_forward

CLAIM = Claim(
    name="unrolling.forgetting",
    title="The start state is forgotten",
    paragraph=(
        "Two runs of one contracting RNN over the same input, from two start states, are at most rho^k times their "
        "first distance apart after k steps. So a segment may start from a zero state in place of the true one if it "
        "is long enough: the mistake dies out at a known rate. "
        "A network at rest whose W_r turns every direction alike, rho times a rotation, keeps exactly to the rate; "
        "a driven random network forgets faster: its tanh is less steep, and few directions are stretched so much. "
        "This is the standard contraction argument, stated for this library's reading of the paper."
    ),
    equation=r"|r'[k-1] - r[k-1]| \le \rho^k\, |r'[-1] - r[-1]|, \qquad \rho = |W_r|_2 \sup G'",
    status="derived",
)
SYSTEMS = ("at rest", "driven")
SMALL = 1e-6
"""Distance of the start states at rest: there tanh is linear to twelve digits."""


def predict(quick: bool = False) -> dict[str, Any]:
    r"""The bound [system, rho, k] for k = 0 ... steps, and the slope $\ln \rho$ of the network at rest."""
    rhos, steps = _grid(quick)
    k = np.arange(steps + 1)
    distances = (SMALL, 2 * np.sqrt(_D))
    bound = [[forgetting_bound(distance, rho, k) for rho in rhos] for distance in distances]
    return {"rho": rhos, "k": k, "bound": np.array(bound), "slope": np.log(rhos)}


def measure(quick: bool = False) -> dict[str, Any]:
    """The distance of two runs [system, rho, k], and the fitted slope of its logarithm at rest [rho]."""
    rhos, steps = _grid(quick)
    rng = np.random.default_rng(5)
    direction = rng.normal(size=(1, _D))
    direction *= SMALL / np.linalg.norm(direction)
    distances = np.empty((2, len(rhos), steps + 1))
    for i, rho in enumerate(rhos):
        silence = np.zeros((steps, 1, 1))
        distances[0, i] = state_distance(rnn, _at_rest(rho), silence, {}, {"r_init": direction})
        x, far = rng.normal(size=(steps, 1, 1)), np.ones((1, _D))
        distances[1, i] = state_distance(rnn, _driven(rho), x, {"r_init": -far}, {"r_init": far})
    slopes = [np.polyfit(np.arange(steps + 1), np.log(row), 1)[0] for row in distances[0]]
    return {"distance": distances, "slope": np.array(slopes)}


def state_distance(
    equations: ModuleType,
    params: Mapping[str, npt.ArrayLike],
    x: npt.ArrayLike,
    one: Mapping[str, npt.ArrayLike],
    other: Mapping[str, npt.ArrayLike],
    *,
    look_ahead: LookAhead = 0,
) -> Array:
    """The distance of two runs over the same input, step by step, for any cell.

    Args:
        equations: `carousel.equations.rnn`, `vanilla` or `augmented`.
        params: as the equations take them, or as a layer's `symbols()` gives them.
        x: [K, B, d_x].
        one: start states of one run, such as {"r_init": ...}, [B, d] each; zeros for those not named.
        other: start states of the other.
        look_ahead: as `augmented.forward` takes it.

    Returns:
        [K + 1]: before step 0, then after each step, the Euclidean distance of the carried signals (s and r, or s
        and v), the larger of the two, the largest in the batch.

    Raises:
        ValueError: unknown equations or states, NaN, or a shape that does not fit.
    """
    length = (len(np.asarray(x)),)
    runs = [
        segmented_forward(equations, params, x, length, start=start, look_ahead=look_ahead)
        for start in (one, other)
    ]

    def distance(name: str, signal: str) -> Array:
        path = [np.concatenate([run[name][None], run[signal]]) for run in runs]
        apart: Array = np.linalg.norm(path[0] - path[1], axis=-1).max(axis=-1)
        return apart

    largest: Array = np.max([distance(*pair) for pair in CARRIED[equations].states.items()], axis=0)
    return largest


def compare(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Verdict:
    """Hold if no distance is above its bound and the network at rest keeps to it, in value and slope, to 1 %."""
    rounding = 1e-15
    distance, bound = measured["distance"], predicted["bound"]
    below = bool((distance <= bound * (1 + 1e-9) + rounding).all())
    off = float(np.abs(distance[0] / bound[0] - 1).max())
    same_slope = np.allclose(measured["slope"], predicted["slope"], rtol=0.01, atol=0)
    return Verdict(
        below and off <= 0.01 and same_slope,
        f"Over {len(predicted['k']) - 1} steps the distance of two runs may not exceed rho^k times the first; it is "
        f"at most {100 * float((distance / bound).max()):.1f} % of that. At rest it is within {100 * off:.1g} % of "
        f"rho^k: ln rho is predicted to be {_listed(predicted['slope'])}, measured {_listed(measured['slope'])}.",
    )


@house_style
def plot(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Figure:
    """The distance of two runs over the first one, against the steps since."""
    figure, [axes] = canvas(
        "An RNN forgets its start state at least as fast as rho to the power of the steps"
    )
    k, bound, distance = predicted["k"], predicted["bound"], measured["distance"]
    first, lowest = bound[:, :, :1], 1e-13
    for i, (rho, marker) in enumerate(zip(predicted["rho"], "osD", strict=False)):
        named = i == 0
        axes.plot(k, (bound / first)[0, i], color=INK, label=r"prediction $\rho^k$" if named else None)
        for system, colour, face in ((0, BLUE, BLUE), (1, ORANGE, "white")):
            seen = distance[system, i] > 2 * lowest * first[system, i]
            axes.plot(
                k[seen], (distance / first)[system, i, seen], linestyle="none", marker=marker, markersize=4,
                color=colour, markerfacecolor=face, label=f"network {SYSTEMS[system]}" if named else None,
            )  # fmt: skip
        axes.annotate(
            rf"$\rho$ = {rho:g}", (k[-1], (bound / first)[0, i, -1]), (6, 0), textcoords="offset points",
            fontsize=8, va="center", color=INK, annotation_clip=False,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.set_ylim(bottom=lowest)
    axes.set_xlabel("k, steps since the start")
    axes.set_ylabel("distance of two runs, over the first")
    heading(axes, "two runs over one input, from two start states", r"$\rho = |W_r|_2$")
    figure.legend(loc="outside lower center", ncols=3, frameon=False, fontsize=8, labelcolor=MUTED)
    figure.set_label(
        "Distance of two runs from different start states against the steps, on a logarithmic scale. A network at "
        "rest follows the lines rho^k; a driven network falls below them."
    )
    return figure


_D = 5


def _grid(quick: bool) -> tuple[Array, int]:
    return np.array([0.5, 0.7, 0.9]), 20 if quick else 40


def _at_rest(rho: float) -> Symbols:
    """rho times a rotation, which stretches every direction alike; no bias."""
    rotation, _ = np.linalg.qr(np.random.default_rng(3).normal(size=(_D, _D)))
    return {"W_r": rho * rotation, "W_x": np.zeros((_D, 1)), "theta_s": np.zeros(_D)}


def _driven(rho: float) -> Symbols:
    rng = np.random.default_rng(4)
    W_r = rng.normal(size=(_D, _D))
    W_r *= rho / contraction({"W_r": W_r})
    return {"W_r": W_r, "W_x": rng.normal(size=(_D, 1)) / 2, "theta_s": np.zeros(_D)}


def _listed(values: Array) -> str:
    return ", ".join(f"{value:.4f}" for value in values)
