"""Unrolling: every claim holds, and a fault in theory or experiment is noticed."""

import numpy as np
import pytest
from matplotlib import colors

from carousel.equations import augmented, rnn, vanilla
from carousel.mathml import mathml
from carousel.theory import unrolling
from carousel.theory.unrolling import adequacy, exactness, forgetting, segments, truncation
from carousel.theory.unrolling.segments import LSTM, Carried

PARTS = {part.CLAIM.name: part for part in (exactness, truncation, forgetting, adequacy)}


@pytest.fixture(scope="module")
def both():
    return unrolling.predict(quick=True), unrolling.measure(quick=True)


def test_claims_are_complete(both):
    predicted, measured = both
    names = [claim.name for claim in unrolling.CLAIMS]
    assert names == list(predicted) == list(measured) == list(PARTS)
    for claim in unrolling.CLAIMS:
        assert claim.name.startswith("unrolling.")
        assert claim.paragraph.count(". ") >= 1
        mathml(claim.equation)


@pytest.mark.parametrize("name", PARTS)
def test_claim_holds(both, name):
    predicted, measured = both
    verdict = unrolling.compare(predicted, measured)[name]
    assert verdict.holds, verdict.sentence


def test_every_claim_has_its_figure(both):
    figures = unrolling.plot(*both)
    assert list(figures) == list(PARTS)
    for figure in figures.values():
        assert (figure.get_size_inches() <= (8, 5)).all()
        assert figure.get_label()
        figure.canvas.draw()


def test_the_figure_shows_what_was_predicted_and_measured(both):
    predicted, measured = (side["unrolling.forgetting"] for side in both)
    axes = forgetting.plot(predicted, measured).axes[0]
    lines = [line for line in axes.lines if line.get_linestyle() == "-"]
    points = [line for line in axes.lines if colors.same_color(line.get_color(), forgetting.BLUE)]
    for i, rho in enumerate(predicted["rho"]):
        np.testing.assert_allclose(lines[i].get_ydata(), rho ** predicted["k"])
        np.testing.assert_allclose(points[i].get_ydata(), lines[i].get_ydata(), rtol=1e-6)


def test_measurements_repeat(both):
    for part in (exactness, forgetting):
        np.testing.assert_equal(part.measure(quick=True), both[1][part.CLAIM.name])
    once, again = (adequacy.measured_losses(1, 0.1, 2, seed=3, updates=20) for _ in range(2))
    assert once == again


def holds(part, quick=True) -> bool:
    return part.compare(part.predict(quick), part.measure(quick)).holds


EXACTNESS_FAULTS = {
    "s is carried in place of r": (rnn, Carried({"s_init": "s", "r_init": "s"}, {"psi_end": "psi"})),
    "chi is carried in place of psi": (rnn, Carried({"s_init": "s", "r_init": "r"}, {"psi_end": "chi"})),
    "f_chi is carried in place of f_psi": (
        vanilla,
        LSTM._replace(errors={"f_chi_end": "f_chi", "f_psi_end": "f_chi"}),
    ),
    "s and v change places": (vanilla, LSTM._replace(states={"s_init": "v", "v_init": "s"})),
    "dE/ds is carried in place of its share": (
        augmented,
        LSTM._replace(errors={"f_chi_end": "f_chi", "f_psi_end": "psi"}),
    ),
}


@pytest.mark.parametrize("fault", EXACTNESS_FAULTS)
def test_exactness_notices(fault, monkeypatch):
    equations, carried = EXACTNESS_FAULTS[fault]
    monkeypatch.setitem(segments.CARRIED, equations, carried)
    cells = exactness.cases(4)
    chosen = {name: case for name, case in cells.items() if case.equations is equations}
    monkeypatch.setattr(exactness, "cases", lambda N: chosen)
    monkeypatch.setattr(exactness, "MARKERS", dict.fromkeys(chosen, "o"))
    monkeypatch.setattr(exactness, "steps", lambda quick: 4)
    assert not exactness.compare(exactness.predict(), exactness.measure()).holds


@pytest.mark.parametrize("missing", ["look-ahead", "look-back"])
def test_exactness_notices_a_missing_halo(missing, monkeypatch):
    reach = segments.window_reach

    def short(params, look_ahead=0):
        before, after = reach(params, look_ahead)
        return (before, after - 1) if missing == "look-ahead" else (before - 1, after)

    monkeypatch.setattr(segments, "window_reach", short)
    assert not holds(exactness)


def test_exactness_notices_errors_that_are_not_carried(both, monkeypatch):
    backward = exactness.segmented_backward
    monkeypatch.setattr(
        exactness,
        "segmented_backward",
        lambda *given, carry, **options: backward(*given, carry=False, **options),
    )
    assert not exactness.compare(both[0]["unrolling.exactness"], exactness.measure(quick=True)).holds


def test_exactness_notices_that_cutting_off_makes_no_difference(both):
    predicted, measured = (side["unrolling.exactness"] for side in both)
    same = {"cut_off": measured["carried"], "carried": measured["carried"]}
    assert not exactness.compare(predicted, same).holds


@pytest.mark.parametrize("shift", [-1, 1])
def test_truncation_notices_a_window_that_is_one_step_off(both, shift, monkeypatch):
    slide = truncation.sliding_backward
    monkeypatch.setattr(
        truncation,
        "sliding_backward",
        lambda *given, **options: slide(*given[:-1], given[-1] + shift, **options),
    )
    predicted = both[0]["unrolling.truncation"]
    assert not truncation.compare(predicted, truncation.measure(quick=True)).holds


def test_truncation_notices_errors_that_are_carried_after_all(both, monkeypatch):
    backward = truncation.segmented_backward

    def half(*given, carry=True, **options):
        errors, gradients = backward(*given, carry=carry, **options)
        if not carry:
            _, full = backward(*given, carry=True, **options)
            gradients = {name: (gradients[name] + full[name]) / 2 for name in gradients}
        return errors, gradients

    monkeypatch.setattr(truncation, "segmented_backward", half)
    assert not truncation.compare(both[0]["unrolling.truncation"], truncation.measure(quick=True)).holds


@pytest.mark.parametrize(
    ("bound", "wrong"),
    [
        ("sliding_bound", lambda c, rho, K: c * rho ** (K + 1) / (1 - rho)),
        ("sliding_bound", lambda c, rho, K: c * rho**K / (1 + rho)),
        ("sliding_bound", lambda c, rho, K: c * rho ** (K - 1) / (1 - rho)),
        ("disjoint_bound", lambda c, rho, K: c / (K**2 * (1 - rho) ** 2)),
        ("disjoint_bound", lambda c, rho, K: c / (K * (1 - rho))),
        ("error_scale", lambda signals, e: 0.9 * unrolling.error_scale(signals, e)),
    ],
)
def test_truncation_notices_a_wrong_bound(both, bound, wrong, monkeypatch):
    monkeypatch.setattr(truncation, bound, wrong)
    assert not truncation.compare(truncation.predict(quick=True), both[1]["unrolling.truncation"]).holds


@pytest.mark.parametrize("shift", [-1, 1])
def test_forgetting_notices_a_step_too_many(both, shift, monkeypatch):
    bound = forgetting.forgetting_bound
    monkeypatch.setattr(
        forgetting,
        "forgetting_bound",
        lambda distance, rho, k: bound(distance, rho, k + 1) / rho ** (1 - shift),
    )
    assert not forgetting.compare(forgetting.predict(quick=True), both[1]["unrolling.forgetting"]).holds


def test_forgetting_notices_another_slope(both):
    predicted, measured = (side["unrolling.forgetting"] for side in both)
    assert not forgetting.compare(predicted | {"slope": -predicted["slope"]}, measured).holds


@pytest.mark.parametrize("shift", [-1, 1])
def test_adequacy_notices_another_dependency_in_the_prediction(both, shift):
    predicted = adequacy.predicted_losses(adequacy.D + shift, adequacy.NOISE, adequacy.steps(quick=True))
    assert not adequacy.compare(predicted, both[1]["unrolling.adequacy"]).holds


@pytest.mark.parametrize("delay", [0, 1])
def test_adequacy_notices_another_dependency_in_the_data(delay, monkeypatch):
    monkeypatch.setattr(adequacy, "D", 1)
    monkeypatch.setattr(adequacy, "echo", lambda D, *rest: unrolling.echo(D + delay, *rest))
    assert holds(adequacy) is (delay == 0)


def test_adequacy_notices_a_state_that_is_not_carried(monkeypatch):
    monkeypatch.setattr(adequacy, "D", 1)

    def forgetful(*given, carried, **options):
        unrolling.train_unrolled(*given, carried=False, **options)

    monkeypatch.setattr(adequacy, "train_unrolled", forgetful)
    assert not holds(adequacy)
