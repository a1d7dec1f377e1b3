"""The numbers on which prediction and measurement meet: the systems of each claim and the plan of the trials."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from carousel.theory.evolution.steps import STEPS

Array = NDArray[np.float64]


def _feedback(size: int, seed: int) -> Array:
    """W_r with eigenvalues spread over the unit disc."""
    return np.random.default_rng(seed).normal(0, size**-0.5, (size, size))


def _even(low: float, high: float, points: int) -> Array:
    return np.linspace(low, high, points, dtype=np.float64)


@dataclass(frozen=True)
class Proportions:
    """A canonical RNN that is unstable at rest, and gates for its update, g_cs = 1."""

    w_s: Array = field(default_factory=lambda: np.random.default_rng(1).uniform(0.3, 0.9, 12))
    W_r: Array = field(default_factory=lambda: _feedback(12, 2))
    g_cu: Array = field(default_factory=lambda: _even(0, 1, 21))
    steps: int = 400


@dataclass(frozen=True)
class Absorbed:
    """Units without feedback: label -> (step of the road, fraction W_s, gate g_cs)."""

    paths: dict[str, tuple[str, float, float]] = field(
        default_factory=lambda: {
            "S1: $W_s$ = 0.9": ("split", 0.9, 1.0),
            "S2: $W_s$ = 0.9, $g_{cs}$ = 0.97": ("proportions", 0.9, 0.97),
            "S3: $g_{cs}$ = 0.97": ("absorbed", 1.0, 0.97),
            "S3: $g_{cs}$ = 1": ("absorbed", 1.0, 1.0),
        }
    )
    steps: int = 201


@dataclass(frozen=True)
class Readout:
    """A carousel, g_cs = 1, with feedback through a readout that is more or less open."""

    W_r: Array = field(default_factory=lambda: _feedback(12, 3))
    g_cu: float = 0.1
    g_cr: tuple[float, ...] = (0.0, 0.01, 0.1, 0.5, 1.0)
    steps: int = 101
    s: Array = field(default_factory=lambda: _even(-3, 3, 61))


@dataclass(frozen=True)
class InputGate:
    """A cell with constant gates of different sizes, and the values of its input gate."""

    W_r: Array = field(default_factory=lambda: _feedback(12, 4))
    W_x: Array = field(default_factory=lambda: np.random.default_rng(5).standard_normal((12, 1)))
    g_cs: Array = field(default_factory=lambda: np.random.default_rng(6).uniform(0.6, 0.95, 12))
    g_cu: Array = field(default_factory=lambda: np.random.default_rng(7).uniform(0.1, 0.5, 12))
    g_cr: Array = field(default_factory=lambda: np.random.default_rng(8).uniform(0.2, 0.9, 12))
    g_cx: Array = field(default_factory=lambda: _even(0, 1, 11))
    steps: int = 400


@dataclass(frozen=True)
class Bounded:
    """One unit without feedback under a constant input; many random cells under strong noise at g_cs = g_cu = 1."""

    g_cs: float = 0.9
    g_cu: float = 0.5
    amplitude: Array = field(default_factory=lambda: 10.0 ** _even(-2, 3, 16))
    steps: int = 50
    cells: int = 200
    noise: float = 10.0


@dataclass(frozen=True)
class Functions:
    """Remember one sample among many: constant gates of the state, and sharpness kappa of gates that see a marker."""

    g_cs: tuple[float, ...] = (0.9, 0.98, 1.0)
    kappa: tuple[float, ...] = (6.0, 12.0)
    steps: int = 101
    sequences: int = 16384


PROPORTIONS, ABSORBED, READOUT, INPUT_GATE = Proportions(), Absorbed(), Readout(), InputGate()
BOUNDED, FUNCTIONS = Bounded(), Functions()


@dataclass(frozen=True)
class End:
    """Random weights and data for a cell that must be one of the paper's systems."""

    params: dict[str, Array]
    """As `carousel.equations` takes them."""
    x: Array
    error: Array
    """Explicit dE/dv, [K, B, d]."""


def ends() -> dict[str, End]:
    """Step -> its system: 3 units, 2 features, 40 steps of one sequence."""
    d, d_x, K = 3, 2, 40
    rng = np.random.default_rng(9)
    x, error = rng.standard_normal((K, 1, d_x)), rng.standard_normal((K, 1, d))
    rnn = {
        "W_r": rng.standard_normal((d, d)),
        "W_x": rng.standard_normal((d, d_x)),
        "theta_s": np.full(d, 0.1),
    }
    systems = {"rnn": rnn, "split": rnn | {"W_s": np.diag(rng.uniform(0.2, 0.9, d))}}
    for step in ("vanilla", "augmented"):
        taps = sum(STEPS[step].context) + 1
        shapes = {"b": (d,), "W_x": (taps, d, d_x), "W_s": (d, d), "W_v": (d, d)}
        systems[step] = {
            name: rng.standard_normal(shapes["b" if name[0] == "b" else name[:3]]) / d**0.5
            for name in STEPS[step].weights
        }
    return {step: End(params, x, error) for step, params in systems.items()}


def plan(quick: bool = False) -> dict[str, tuple[tuple[str, ...], dict[str, Any]]]:
    """Task -> the steps that are trained on it, and how.

    Rates of learning and numbers of updates were chosen by trials of S6, Vanilla and augmented cells with the seeds 0
    to 2; the seed here had no part in that.
    """
    if quick:
        some = ("rnn", "bounded", "vanilla", "augmented")
        return {
            "two_sequence": (some, dict(length=30, updates=80, seeds=3, state_size=8, seed=5)),
            "adding": (some, dict(length=20, updates=200, seeds=3, state_size=12, seed=5)),
        }
    return {
        "two_sequence": (tuple(STEPS), dict(length=60, updates=200, learning_rate=0.02, seed=5)),
        "adding": (tuple(STEPS), dict(length=40, updates=800, seed=5)),
    }
