"""Every step of the road buys what it is said to buy, and a fault in theory or in a cell is noticed."""

import dataclasses

import numpy as np
import pytest

from carousel.theory import evolution
from carousel.theory.claim import Verdict
from carousel.theory.evolution import measurements, predictions, steps, verdicts
from carousel.theory.evolution.scan import G_c, G_d
from helpers import assert_same

NAMES = [claim.name for claim in evolution.CLAIMS]
QUICK = [name for name in NAMES if name != "evolution.training"]


@pytest.fixture(scope="module")
def both():
    return evolution.predict(quick=True), evolution.measure(quick=True)


def part(module, name: str):
    return getattr(module, "_" + name.removeprefix("evolution."))


def verdict_of(name: str) -> Verdict:
    """The verdict on one claim, predicted and measured anew."""
    return verdicts.COMPARISONS[name](part(predictions, name)(), part(measurements, name)())


def test_claims_are_complete(both):
    predicted, measured = both
    assert NAMES == list(predicted) == list(measured)
    assert {claim.status for claim in evolution.CLAIMS} == {"confirmed", "reading", "derived"}
    for claim in evolution.CLAIMS:
        assert claim.status == "confirmed" or "this library's reading" in claim.paragraph.lower()


@pytest.mark.parametrize("name", NAMES)
def test_the_claim_holds(both, name):
    verdict = evolution.compare(*both)[name]
    assert verdict.holds, verdict.sentence


def test_every_claim_has_its_figure(both):
    figures = evolution.plot(*both)
    assert list(figures) == NAMES
    for figure in figures.values():
        assert (figure.get_size_inches() <= (8, 5)).all()
        figure.canvas.draw()


@pytest.mark.parametrize("name", QUICK)
def test_measuring_is_repeatable(both, name):
    assert_nested_same(part(measurements, name)(), both[1][name])


def assert_nested_same(got, wanted) -> None:
    if isinstance(wanted, dict):
        assert got.keys() == wanted.keys()
        for key in wanted:
            assert_nested_same(got[key], wanted[key])
    else:
        assert_same(np.asarray(got), np.asarray(wanted), 0.0)


FAULTY_SYSTEMS = {
    "evolution.proportions": ("PROPORTIONS", lambda system: {"W_r": -system.W_r}),
    "evolution.absorbed": ("ABSORBED", lambda system: {"paths": {k: (s, w, g * 0.999) for k, (s, w, g) in system.paths.items()}}),
    "evolution.readout": ("READOUT", lambda system: {"W_r": system.W_r.T}),
    "evolution.input_gate": ("INPUT_GATE", lambda system: {"W_r": system.W_r * system.g_cx[5]}),
    "evolution.bounded": ("BOUNDED", lambda system: {"g_cs": 0.91}),
    "evolution.functions": ("FUNCTIONS", lambda system: {"g_cs": (0.8, 0.98, 1.0)}),
}  # fmt: skip


@pytest.mark.parametrize("name", FAULTY_SYSTEMS)
def test_a_fault_in_the_prediction_is_noticed(monkeypatch, name):
    """A sign, a transposition, an off-by-one, a factor: in what the formula is given, not the cell."""
    system, fault = FAULTY_SYSTEMS[name]
    right = getattr(predictions, system)
    monkeypatch.setattr(predictions, system, dataclasses.replace(right, **fault(right)))
    predicted, measured = part(predictions, name)(), part(measurements, name)()
    if name == "evolution.functions":
        predicted["share"] = dict(zip(measured["share"], predicted["share"].values(), strict=True))
    assert not verdicts.COMPARISONS[name](predicted, measured).holds


def test_an_off_by_one_in_the_lag_is_noticed():
    for name in ("evolution.absorbed", "evolution.readout"):
        predicted, measured = part(predictions, name)(), part(measurements, name)()
        measured["carried"] = {
            key: np.append(line[1:], line[-1]) for key, line in measured["carried"].items()
        }
        assert not verdicts.COMPARISONS[name](predicted, measured).holds


def gate_on_the_whole_update(self, xi, s, v):
    F_u = G_c(self.b_cx) * self.node("du", xi["du"] + self.b_du, v)
    s = G_c(self.b_cs) * s + G_c(self.b_cu) * F_u
    return s, G_c(self.b_cr) * G_d(s)


def readout_gate_sees_the_state_before(self, xi, s, v):
    g_cr = G_c(self.node("cr", xi["cr"], v, s))
    s, v = self.right_step(xi, s, v)
    return s, g_cr * G_d(s)


FAULTY_CELLS = [
    ("evolution.proportions", "proportions", lambda self, xi, s, v: swap(self, "b_cs", "b_cu", xi, s, v)),
    ("evolution.absorbed", "absorbed", steps.StandardRNN.step),
    ("evolution.readout", "readout", steps.Absorbed.step),
    ("evolution.input_gate", "input_gate", gate_on_the_whole_update),
    ("evolution.bounded", "bounded", steps.GatedReadout.step),
    ("evolution.functions", "vanilla", lambda self, xi, s, v: self.right_step(xi | {"cu": -xi["cu"]}, s, v)),
    ("evolution.ends", "vanilla", readout_gate_sees_the_state_before),
    ("evolution.ends", "split", steps.StandardRNN.step),
    ("evolution.ends", "rnn", lambda self, xi, s, v: self.right_step(xi, s, -v)),
    ("evolution.ends", "augmented", lambda self, xi, s, v: self.right_step(xi | {"cx": xi["cu"]}, s, v)),
]


def swap(self, one: str, other: str, xi, s, v):
    one_value, other_value = getattr(self, one).data, getattr(self, other).data
    getattr(self, one).data, getattr(self, other).data = other_value, one_value
    result = self.right_step(xi, s, v)
    getattr(self, one).data, getattr(self, other).data = one_value, other_value
    return result


@pytest.mark.parametrize(("name", "step", "fault"), FAULTY_CELLS)
def test_a_fault_in_a_cell_is_noticed(monkeypatch, name, step, fault):
    monkeypatch.setattr(evolution.STEPS[step], "right_step", evolution.STEPS[step].step, raising=False)
    monkeypatch.setattr(evolution.STEPS[step], "step", fault)
    assert not verdict_of(name).holds


def test_cells_that_learn_what_they_should_not_are_noticed(both):
    predicted, measured = (found["evolution.training"] for found in both)
    compare = verdicts.COMPARISONS["evolution.training"]
    for step, rate in {"rnn": 0.5, "vanilla": 0.5, "augmented": float("nan")}.items():
        faulty = {task: found | {"rate": found["rate"] | {step: rate}} for task, found in measured.items()}
        assert not compare(predicted, faulty).holds


@pytest.mark.parametrize("name", QUICK)
def test_nan_in_the_measurement_never_holds(both, name):
    predicted, measured = both[0][name], spoilt(both[1][name])
    assert not verdicts.COMPARISONS[name](predicted, measured).holds


def spoilt(found):
    if isinstance(found, dict):
        return {key: spoilt(value) for key, value in found.items()}
    return np.asarray(found) * np.nan
