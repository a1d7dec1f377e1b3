"""Claim: what is lost when error signals are not carried has a bound, and the bound is nearly reached."""

from collections.abc import Mapping, Sequence
from functools import partial
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator, ScalarFormatter

from carousel.equations import rnn
from carousel.equations.arrays import Array, Symbols
from carousel.style import BLUE, INK, MUTED, ORANGE, heading, house_style, spread, whole_numbers
from carousel.theory.claim import Claim, Verdict
from carousel.theory.unrolling.borders import LookAhead, segment
from carousel.theory.unrolling.bounds import contraction, disjoint_bound, error_scale, sliding_bound
from carousel.theory.unrolling.canvas import canvas
from carousel.theory.unrolling.segments import segmented_backward, sliding_backward

CLAIM = Claim(
    name="unrolling.truncation",
    title="What truncation costs",
    paragraph=(
        "Segments start from the true states, but no error signal is carried backward. For a contracting RNN, "
        "rho = |W_r| sup G' < 1, the error of the gradient per sample has a bound. "
        "With sliding windows every error goes back through K steps of history, and the bound falls exponentially "
        "with K; with disjoint segments the samples near a border lose their future whatever K is, and the bound "
        "falls as 1/K only. The scale c is max|e| times max|(r[n-1]; x[n]; 1)|. "
        "A steady linear system nearly reaches both bounds and shows their slopes; a driven tanh network stays below. "
        "Both bounds are derived for this library."
    ),
    equation=(
        r"\Delta_{\mathrm{sliding}} \le \frac{c\,\rho^K}{1-\rho}, \qquad "
        r"\Delta_{\mathrm{disjoint}} \le \frac{c}{K (1-\rho)^2}"
    ),
    status="derived",
)
SYSTEMS = ("steady", "driven")
SLOPE_TOLERANCE = 0.05


class System(NamedTuple):
    """A standard RNN, a long run of it, and the error signals that enter."""

    params: Symbols
    signals: Symbols
    e: Array


def predict(quick: bool = False) -> dict[str, Any]:
    r"""Bounds [system, rho, K] for both kinds of truncation, their slopes, and what the steady system reaches.

    A slope is taken per step for sliding windows ($\ln \rho$), over $\ln K$ for disjoint segments (-1, once
    $\rho^K \ll 1$). In the steady linear system every term of the geometric series has its largest value, so that
    the sums can be done: the sliding bound is reached, and $c \rho (1 - \rho^K) / (K (1 - \rho)^2)$ is lost with
    disjoint segments; both but for the ends of the sequence.
    """
    rhos, K_sliding, K_disjoint, _ = _grid(quick)
    systems = _systems(quick)
    c = np.array([[error_scale(system.signals, system.e) for system in systems[name]] for name in SYSTEMS])
    sliding = np.array(
        [[sliding_bound(scale, rho, K_sliding) for scale, rho in zip(row, rhos, strict=True)] for row in c]
    )
    disjoint = np.array(
        [[disjoint_bound(scale, rho, K_disjoint) for scale, rho in zip(row, rhos, strict=True)] for row in c]
    )
    lost = rhos[:, None] * (1 - rhos[:, None] ** K_disjoint)
    return {
        "rho": rhos,
        "c": c,
        "K_sliding": K_sliding,
        "K_disjoint": K_disjoint,
        "sliding": sliding,
        "disjoint": disjoint,
        "sliding_slope": np.log(rhos),
        "disjoint_slope": np.full(len(rhos), -1.0),
        "sliding_reached": sliding[0],
        "disjoint_reached": disjoint[0] * lost,
    }


def measure(quick: bool = False) -> dict[str, Any]:
    """Norm of the error of the gradient per sample [system, rho, K], and the steady system's slopes [rho]."""
    rhos, K_sliding, K_disjoint, _ = _grid(quick)
    errors: dict[str, list[list[Array]]] = {"sliding": [], "disjoint": []}
    for name in SYSTEMS:
        rows = [truncation_errors(rnn, *system, K_sliding, K_disjoint) for system in _systems(quick)[name]]
        errors["sliding"].append([row[0] for row in rows])
        errors["disjoint"].append([row[1] for row in rows])
    sliding, disjoint = np.array(errors["sliding"]), np.array(errors["disjoint"])
    late = [K_disjoint >= 5 / (1 - rho) for rho in rhos]
    return {
        "sliding": sliding,
        "disjoint": disjoint,
        "sliding_slope": np.array([_slope(K_sliding.astype(float), row) for row in sliding[0]]),
        "disjoint_slope": np.array(
            [_slope(np.log(K_disjoint[kept]), row[kept]) for row, kept in zip(disjoint[0], late, strict=True)]
        ),
    }


def truncation_errors(
    equations: ModuleType,
    params: Mapping[str, npt.ArrayLike],
    signals: Symbols,
    e: npt.ArrayLike,
    K_sliding: Sequence[int] | npt.NDArray[np.int64],
    K_disjoint: Sequence[int] | npt.NDArray[np.int64],
    *,
    look_ahead: LookAhead = 0,
) -> tuple[Array, Array]:
    """How far truncated gradients of the parameters are from the full one, per sample, for any cell.

    Args:
        equations: `carousel.equations.rnn`, `vanilla` or `augmented`.
        params: as given to the forward run.
        signals: of the whole sequence of N steps and B rows.
        e: the explicit derivative of E by the cell's output at every step, [N, B, d_v] (d for an RNN).
        K_sliding: numbers of steps to try with sliding windows.
        K_disjoint: numbers of steps to try with disjoint segments.
        look_ahead: as given to the forward run.

    Returns:
        Euclidean norms over all parameters, divided by N B: one for each of K_sliding, one for each of K_disjoint.

    Raises:
        ValueError: as `sliding_backward` and `segmented_backward`.
    """
    N, B = signals["x"].shape[:2]
    _, full = segmented_backward(equations, params, signals, e, (N,), look_ahead=look_ahead)

    def error(gradients: Symbols) -> float:
        return float(np.sqrt(sum(np.sum((gradients[name] - full[name]) ** 2) for name in params)) / (N * B))

    sliding = [
        sliding_backward(equations, params, signals, e, int(K), look_ahead=look_ahead) for K in K_sliding
    ]
    disjoint = [
        segmented_backward(
            equations, params, signals, e, segment(int(K), N), carry=False, look_ahead=look_ahead
        )[1]
        for K in K_disjoint
    ]
    return np.array([error(gradients) for gradients in sliding]), np.array(
        [error(gradients) for gradients in disjoint]
    )


def compare(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Verdict:
    """Hold if no error is above its bound, the slopes are those of the bounds and the steady system reaches them."""
    rounding = 1e-14 * predicted["c"].max()
    below = all(
        (measured[kind] <= predicted[kind] * (1 + 1e-9) + rounding).all() for kind in ("sliding", "disjoint")
    )
    reached = max(
        float(np.abs(measured[kind][0] / predicted[f"{kind}_reached"] - 1).max())
        for kind in ("sliding", "disjoint")
    )
    slopes = all(
        np.allclose(measured[name], predicted[name], atol=0, rtol=SLOPE_TOLERANCE)
        for name in ("sliding_slope", "disjoint_slope")
    )
    shares = {kind: float((measured[kind] / predicted[kind]).max()) for kind in ("sliding", "disjoint")}
    return Verdict(
        bool(below and slopes and reached <= SLOPE_TOLERANCE),
        f"No error may exceed its bound; the largest is {100 * shares['sliding']:.0f} % of it with sliding windows, "
        f"{100 * shares['disjoint']:.0f} % with disjoint segments. Slopes for rho = {_listed(predicted['rho'], 1)}: "
        f"predicted {_listed(predicted['sliding_slope'])} a step and {_listed(predicted['disjoint_slope'], 2)} in "
        f"log K, measured {_listed(measured['sliding_slope'])} and {_listed(measured['disjoint_slope'], 2)}; the "
        f"steady system is within {100 * reached:.1f} % of what it should reach.",
    )


@house_style
def plot(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Figure:
    """Errors over their scale c, against K: sliding windows on the left, disjoint segments on the right."""
    figure, [left, right] = canvas(
        "What truncation costs: gradient errors below their bound, with its slope", panels=2
    )
    _panel(left, "sliding", predicted, measured)
    _panel(right, "disjoint", predicted, measured)
    heading(left, "sliding windows of K steps", r"bound $c\,\rho^K/(1-\rho)$")
    heading(right, "disjoint segments of K steps", r"bound $c/(K(1-\rho)^2)$")
    left.xaxis.set_major_locator(whole_numbers())
    right.set_xscale("log", base=2)
    right.xaxis.set_major_formatter(ScalarFormatter())
    right.xaxis.set_minor_locator(NullLocator())
    left.set_ylabel("error of the gradient per sample, over c")
    left.set_ylim(bottom=max(left.get_ylim()[0], 1e-12))
    handles, labels = left.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=4, frameon=False, fontsize=8, labelcolor=MUTED
    )
    figure.set_label(
        "Error of truncated gradients against the steps K of a window, for several rho. Lines are bounds: "
        "exponential in K for sliding windows, 1/K for disjoint segments. A steady system lies on or along them, "
        "a driven one below."
    )
    return figure


def _panel(axes: Axes, kind: str, predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> None:
    K, c = predicted[f"K_{kind}"], predicted["c"][:, :, None]
    bounds, points = predicted[kind][0] / c[0], measured[kind] / c
    reached = predicted[f"{kind}_reached"] / c[0]
    places = 10 ** np.array(spread(list(np.log10(bounds[:, -1])), gap=0.55, low=-np.inf, high=np.inf))
    for i, (rho, marker) in enumerate(zip(predicted["rho"], "osD", strict=False)):
        draw = partial(axes.plot, K, linestyle="none", marker=marker, markersize=4)
        named = i == 0
        axes.plot(K, bounds[i], color=INK, label="bound" if named else None)
        axes.plot(
            K, reached[i], color=MUTED, linestyle=(0, (2, 1.5)), linewidth=1,
            label="prediction for the steady system" if named else None,
        )  # fmt: skip
        draw(points[0, i], color=BLUE, label="steady linear system" if named else None)
        draw(
            points[1, i], color=ORANGE, markerfacecolor="white",
            label="driven tanh network" if named else None,
        )  # fmt: skip
        axes.annotate(
            rf"$\rho$ = {rho:g}", (K[-1], places[i]), (6, 0), textcoords="offset points", fontsize=8,
            va="center", color=INK, annotation_clip=False,
        )  # fmt: skip
    axes.set_yscale("log")
    axes.set_xlabel("K, steps")


def _grid(quick: bool) -> tuple[Array, npt.NDArray[np.int64], npt.NDArray[np.int64], int]:
    """rho, K of sliding windows, K of disjoint segments, and N."""
    if quick:
        return np.array([0.5, 0.7]), np.array([2, 5, 9, 16]), 2 ** np.arange(2, 7), 2048
    return np.array([0.5, 0.7, 0.9]), np.array([1, 2, 4, 6, 8, 12, 16, 20]), 2 ** np.arange(1, 9), 8192


def _systems(quick: bool) -> dict[str, list[System]]:
    rhos, _, _, N = _grid(quick)
    return {"steady": [_steady(rho, N) for rho in rhos], "driven": [_driven(rho, N) for rho in rhos]}


def _steady(rho: float, N: int) -> System:
    """All of x, e and the state constant, the state so small that tanh is linear, and W_r = rho I."""
    d, small = 3, 1e-6
    params = {"W_r": rho * np.eye(d), "W_x": np.full((d, 1), small), "theta_s": np.zeros(d)}
    signals = rnn.forward(params, np.ones((N, 1, 1)), r_init=np.full((1, d), small / (1 - rho)))
    return System(params, signals, np.ones((N, 1, d)))


def _driven(rho: float, N: int) -> System:
    """A random network with |W_r|_2 = rho, random input that drives tanh out of its linear part, random errors."""
    rng = np.random.default_rng(11)
    d, d_x = 6, 3
    W_r = rng.normal(size=(d, d))
    W_r *= rho / contraction({"W_r": W_r})
    params = {"W_r": W_r, "W_x": rng.normal(size=(d, d_x)) / 2, "theta_s": rng.normal(size=d) / 10}
    return System(params, rnn.forward(params, rng.normal(size=(N, 1, d_x))), rng.normal(size=(N, 1, d)))


def _slope(x: Array, errors: Array) -> float:
    return float(np.polyfit(x, np.log(errors), 1)[0])


def _listed(values: Array, digits: int = 3) -> str:
    return ", ".join(f"{value:.{digits}f}" for value in values)
