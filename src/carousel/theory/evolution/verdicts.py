"""Prediction against measurement, each in one sentence."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from carousel.theory.claim import Verdict

EXACT = 1e-10
"""Largest relative difference where theory leaves no room."""
GROWTH = 0.01
"""Of factors a step: what is left of slower modes after some hundred steps."""
SHARE = 0.025
"""Of shares of variance, estimated from some ten thousand sequences."""


def compare(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> dict[str, Verdict]:
    """Claim name -> whether measurement and prediction agree. Takes what `predict` and `measure` return.

    Raises KeyError if a claim is in one of them only.
    """
    return {name: COMPARISONS[name](predicted[name], measured[name]) for name in predicted}


def _proportions(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Verdict:
    apart = _apart(predicted["growth"], measured["growth"])
    whole, split = predicted["growth"][-1], float(measured["growth_split"])
    stable = int((measured["growth"] < 1).sum())
    return Verdict(
        bool(apart <= GROWTH and abs(whole - split) <= GROWTH and whole > 1 and stable > 0),
        f"In equal proportions a disturbance grows by {split:.3f} a step, predicted {whole:.3f}; with less of the "
        f"update, {stable} of {len(measured['growth'])} settings are stable, and the largest difference from the "
        f"spectral radius is {apart:.4f} (at most {GROWTH} allowed).",
    )


def _absorbed(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Verdict:
    apart = max(_relative(line, measured["carried"][label]) for label, line in predicted["carried"].items())
    twins = measured["twins_differ"]
    lag = int(predicted["lag"][-1])
    best = [float(line[-1]) for line in measured["carried"].values()]
    return Verdict(
        bool(apart <= EXACT and twins <= EXACT),
        f"After {lag} steps {_small(best[0])} of an error is left at W_s = 0.9 and {_small(best[-1])} at W_s = I, "
        f"g_cs = 1; all lags agree with the prediction within {_small(apart)}, and a cell of S2 and its twin in S3 "
        f"differ by {_small(twins)}.",
    )


def _readout(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Verdict:
    apart = max(_relative(line, measured["carried"][gate]) for gate, line in predicted["carried"].items())
    slope = max(_apart(line, measured["slope"][gate]) for gate, line in predicted["slope"].items())
    ends = {gate: float(line[-1]) for gate, line in measured["carried"].items()}
    lag = int(predicted["lag"][-1])
    return Verdict(
        bool(apart <= EXACT and slope <= EXACT),
        f"Over {lag} steps on the carousel the error becomes {ends[1.0]:.4g} with the readout open and {ends[0.0]:.4g} "
        f"with it shut; all gates and lags agree with the prediction within {_small(apart)}, the gradient through "
        f"the readout within {_small(slope)}.",
    )


def _input_gate(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Verdict:
    growth = _apart(predicted["growth"], measured["growth"])
    spread = float(np.ptp(measured["growth"]))
    written = _apart(predicted["written"], measured["written"])
    return Verdict(
        bool(max(growth, spread) <= GROWTH / 100 and written <= EXACT),
        f"The growth is {measured['growth'].mean():.4f} a step, predicted {predicted['growth'][0]:.4f}, and moves by "
        f"{_small(spread)} as the input gate goes from 0 to 1; what the input writes is proportional to the gate "
        f"within {_small(written)}.",
    )


def _bounded(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Verdict:
    apart = max(_relative(predicted[name], measured[name]) for name in ("linear", "bounded"))
    inside = bool((measured["bounded_crowd"] <= predicted["bound"]).all())
    above = measured["linear_crowd"][-1] / predicted["bound"][-1]
    return Verdict(
        bool(apart <= EXACT and inside and above > 1),
        f"At input amplitude {predicted['amplitude'][-1]:g} the state reaches {measured['linear'][-1]:.4g} with a "
        f"linear update and {measured['bounded'][-1]:.4g} with a bounded one, as predicted within {_small(apart)}; "
        f"under strong noise bounded cells {'stay' if inside else 'do not stay'} within n g_cu, and linear ones "
        f"end at {above:.1f} times that.",
    )


def _functions(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Verdict:
    apart = max(_apart(line, measured["share"][label]) for label, line in predicted["share"].items())
    ends = {label: float(line[-1]) for label, line in measured["share"].items()}
    constant = max(value for label, value in ends.items() if label.startswith("constant"))
    marked = max(value for label, value in ends.items() if not label.startswith("constant"))
    return Verdict(
        bool(apart <= SHARE and marked > 0.9 > 0.1 > constant),
        f"Of a sample {int(predicted['lag'][-1])} steps back, constant gates know at most {100 * constant:.1f} % of "
        f"the variance and gates that see a marker {100 * marked:.1f} %; the largest difference from the prediction is "
        f"{apart:.3f} (at most {SHARE} allowed).",
    )


def _ends(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Verdict:
    apart = {
        step: max(_apart(wanted[name], measured[step][name]) for name in wanted)
        for step, wanted in predicted.items()
    }
    listed = ", ".join(f"{step} {_small(distance)}" for step, distance in apart.items())
    return Verdict(
        all(distance <= EXACT for distance in apart.values()),
        f"Values and gradients differ from the paper's equations by at most: {listed} (allowed {EXACT:.0e}).",
    )


def _training(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Verdict:
    holds, parts = True, []
    for task, found in measured.items():
        for step, (low, high) in predicted[task]["rate"].items():
            holds &= bool(low <= found["rate"][step] <= high)
        rates = ", ".join(f"{step} {100 * rate:.0f} %" for step, rate in found["rate"].items())
        seeds = len(next(iter(found["errors"].values())))
        parts.append(f"{task}: {rates} of {seeds} seeds")
    return Verdict(
        holds,
        f"Learnt within this small budget, {'; '.join(parts)}. Predicted: none of the standard RNN's seeds, most "
        "of the Vanilla and the augmented LSTM's.",
    )


COMPARISONS = {
    "evolution.proportions": _proportions,
    "evolution.absorbed": _absorbed,
    "evolution.readout": _readout,
    "evolution.input_gate": _input_gate,
    "evolution.bounded": _bounded,
    "evolution.functions": _functions,
    "evolution.ends": _ends,
    "evolution.training": _training,
}


def _apart(one: Any, other: Any) -> float:
    """Largest absolute difference; NaN, which agrees with nothing, if there is one."""
    one, other = np.asarray(one), np.asarray(other)
    return float(np.abs(one - other).max()) if one.shape == other.shape else float("nan")


def _relative(one: Any, other: Any) -> float:
    """The same, relative to the first, which is nowhere zero."""
    one, other = np.asarray(one), np.asarray(other)
    return float(np.abs((other - one) / one).max()) if one.shape == other.shape else float("nan")


def _small(number: float) -> str:
    return f"{number:.2g}"
