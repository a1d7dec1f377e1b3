"""What theory says of each step: closed forms and linear algebra, no cell is run."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from carousel.equations import augmented, rnn, vanilla
from carousel.theory.evolution.systems import (
    ABSORBED,
    BOUNDED,
    FUNCTIONS,
    INPUT_GATE,
    PROPORTIONS,
    READOUT,
    ends,
    plan,
)
from carousel.theory.evolution.tasks import TASKS

Array = NDArray[np.float64]

NONE, MOST = (0.0, 0.125), (0.501, 1.0)
"""Shares of seeds: none, where one of eight may be luck, and more than half."""


def predict(quick: bool = False) -> dict[str, Any]:
    """Claim name -> what theory says, as numbers and arrays under names that `measure` shares.

    Args:
        quick: for the smaller trials of `measure(quick=True)`.
    """
    return {
        "evolution.proportions": _proportions(),
        "evolution.absorbed": _absorbed(),
        "evolution.readout": _readout(),
        "evolution.input_gate": _input_gate(),
        "evolution.bounded": _bounded(),
        "evolution.functions": _functions(),
        "evolution.ends": _ends(),
        "evolution.training": _training(quick),
    }


def _spectral_radius(matrix: Array) -> float:
    return float(np.abs(np.linalg.eigvals(matrix)).max())


def _proportions() -> dict[str, Any]:
    system = PROPORTIONS
    rates = [_spectral_radius(np.diag(system.w_s) + g * system.W_r) for g in system.g_cu]
    return {"g_cu": system.g_cu, "growth": np.array(rates)}


def _absorbed() -> dict[str, Any]:
    lags = np.arange(ABSORBED.steps)
    carried = {label: (w_s * g_cs) ** lags for label, (_, w_s, g_cs) in ABSORBED.paths.items()}
    return {"lag": lags, "carried": carried, "twins_differ": 0.0}


def _readout() -> dict[str, Any]:
    system = READOUT
    size = len(system.W_r)
    error = np.arange(1, size + 1) / np.linalg.norm(np.arange(1, size + 1))
    carried = {}
    for g_cr in system.g_cr:
        way_back = (np.eye(size) + system.g_cu * system.W_r * g_cr).T
        carried[g_cr] = np.array(
            [np.linalg.norm(np.linalg.matrix_power(way_back, n) @ error) for n in range(system.steps)]
        )
    slopes = {g_cr: g_cr * (1 - np.tanh(system.s) ** 2) for g_cr in system.g_cr}
    return {"lag": np.arange(system.steps), "carried": carried, "s": system.s, "slope": slopes}


def _input_gate() -> dict[str, Any]:
    system = INPUT_GATE
    growth = _spectral_radius(np.diag(system.g_cs) + np.diag(system.g_cu) @ system.W_r @ np.diag(system.g_cr))
    written = np.linalg.norm(system.g_cu[:, None] * system.W_x)
    return {
        "g_cx": system.g_cx,
        "growth": np.full(len(system.g_cx), growth),
        "written": written * system.g_cx,
    }


def _bounded() -> dict[str, Any]:
    system = BOUNDED
    reach = system.g_cu * (1 - system.g_cs**system.steps) / (1 - system.g_cs)
    n = np.arange(1, system.steps + 1)
    return {
        "amplitude": system.amplitude,
        "linear": reach * system.amplitude,
        "bounded": reach * np.tanh(system.amplitude),
        "n": n,
        "bound": 1.0 * n,
    }


def _functions() -> dict[str, Any]:
    lags = np.arange(FUNCTIONS.steps)
    shares = {}
    for g in FUNCTIONS.g_cs:
        powers = g ** (2.0 * lags)
        shares[f"constant, $g_{{cs}}$ = {g:g}"] = powers / powers.cumsum()
    for kappa in FUNCTIONS.kappa:
        opened, shut = 1 / (1 + np.exp(-kappa / 2)), 1 / (1 + np.exp(kappa / 2))
        shares[rf"sees the marker, $\kappa$ = {kappa:g}"] = opened**2 / (opened**2 + lags * shut**2)
    return {"lag": lags, "share": shares}


def _ends() -> dict[str, Any]:
    """Values, and gradients of the sum of v times `error`, by the equations and training equations in NumPy."""
    found = {}
    for step, end in ends().items():
        params, x, error = end.params, end.x, end.error
        if step in ("rnn", "split"):
            signals = rnn.forward(params, x)
            _, gradients = rnn.backward(params, signals, error)
        elif step == "vanilla":
            signals = vanilla.forward(params, x)
            _, gradients = vanilla.backward(params, signals, error)
        else:
            signals = augmented.forward(params, x, look_ahead=1)
            _, gradients = augmented.backward(params, signals, error, look_ahead=1)
        value, feedback = ("r", "W_r") if "r_init" in signals else ("v", "W_vdu")
        found[step] = {
            "value": signals[value],
            "dE_dx": gradients["x"],
            "dE_dW_vdu": gradients[feedback],
        }
    return found


def _training(quick: bool) -> dict[str, Any]:
    """Between which shares of seeds learn each task, where theory says so, and the error of a blind answer."""
    trials = plan(quick)
    return {
        task: {
            "rate": {"rnn": NONE, "vanilla": MOST, "augmented": MOST},
            "blind": TASKS[task].blind_error(trial["length"]),
        }
        for task, (_, trial) in trials.items()
    }
