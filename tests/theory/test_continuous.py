"""Theory and experiment agree, and would not if either were wrong."""

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.figure import Figure

from carousel.theory import continuous
from carousel.theory.continuous import AdditiveModel, CanonicalRNN
from carousel.theory.continuous.claims import convolution, limit, order, stability, systems

NAMES = ["continuous.order", "continuous.stability", "continuous.limit", "continuous.convolution"]


@pytest.fixture(scope="module")
def predicted():
    return continuous.predict(quick=True)


@pytest.fixture(scope="module")
def measured():
    return continuous.measure(quick=True)


def test_every_claim_holds_and_says_so_in_a_sentence(predicted, measured):
    verdicts = continuous.compare(predicted, measured)
    assert [claim.name for claim in continuous.CLAIMS] == list(verdicts) == NAMES
    for verdict in verdicts.values():
        assert verdict.holds is True, verdict.sentence
        assert "predicted" in verdict.sentence and "nan" not in verdict.sentence


def test_every_claim_is_drawn(predicted, measured):
    figures = continuous.plot(predicted, measured)
    assert list(figures) == NAMES
    for figure in figures.values():
        assert isinstance(figure, Figure)
        assert (figure.get_size_inches() <= (8, 5)).all()
        figure.draw_without_rendering()


def test_the_order_is_one_within_five_percent(predicted, measured):
    slopes = order.fitted_slopes(predicted[NAMES[0]], measured[NAMES[0]])
    assert len(slopes) == 5 and (abs(slopes - 1) <= 0.05).all()


def test_four_systems_are_in_reach_from_the_coarsest_step(predicted):
    claim = predicted[NAMES[0]]
    assert ((claim.speed * claim.step[:, 0]) <= order.REACH).tolist() == [True] * 4 + [False]


def test_measuring_again_gives_the_same_numbers(measured):
    again = stability.measure(quick=True)
    np.testing.assert_array_equal(again.growth, measured[NAMES[1]].growth)
    np.testing.assert_array_equal(again.back, measured[NAMES[1]].back)


def shifted(matrices):
    return {lag + 1: W for lag, W in matrices.items()}


def transposed(matrices):
    return {lag: W.T for lag, W in matrices.items()}


def negative(matrices):
    return {lag: -W for lag, W in matrices.items()}


WRONG_SAMPLING = {
    "sign of W_r": lambda rnn: replace(rnn, W_r=negative(rnn.W_r)),
    "W_r transposed": lambda rnn: replace(rnn, W_r=transposed(rnn.W_r)),
    "W_s transposed": lambda rnn: replace(rnn, W_s=transposed(rnn.W_s)),
    "readout a step late": lambda rnn: replace(rnn, W_r=shifted(rnn.W_r)),
    "input a step late": lambda rnn: replace(rnn, W_x=shifted(rnn.W_x)),
    "sign of theta": lambda rnn: replace(rnn, theta_s=-rnn.theta_s),
    "forward Euler for the state": lambda rnn: replace(
        rnn, W_s={**rnn.W_s, 1: 2 * np.eye(len(rnn.theta_s)) - np.linalg.inv(rnn.W_s[1])}
    ),
}


@pytest.mark.parametrize("wrong", WRONG_SAMPLING.values(), ids=WRONG_SAMPLING)
def test_order_sees_a_wrong_rnn(monkeypatch, predicted, wrong):
    right = systems.discretize_delays
    monkeypatch.setattr(systems, "discretize_delays", lambda model, dT: wrong(right(model, dT)))
    assert not order.compare(predicted[NAMES[0]], order.measure(quick=True)).holds


def test_order_sees_a_wrong_delay_in_the_integrator(monkeypatch, predicted):
    right = systems.integrate

    def late(model, *args):
        slower = AdditiveModel(
            model.A,
            model.B,
            model.C,
            model.phi,
            tau_s=model.tau_s,
            tau_r=1.1 * model.tau_r,
            tau_x=model.tau_x,
        )
        return right(slower, *args)

    monkeypatch.setattr(systems, "integrate", late)
    assert not order.compare(predicted[NAMES[0]], order.measure(quick=True)).holds


@pytest.mark.parametrize(
    "fault",
    [
        {"drive_rate": lambda t: -systems.drive_rate(t)},
        {"leading_error": lambda *args: continuous.leading_error(*args, slope_G=np.ones_like)},
    ],
    ids=["sign of the input's rate", "slope of G forgotten"],
)
def test_order_sees_a_wrong_prediction(monkeypatch, measured, fault):
    for name, value in fault.items():
        monkeypatch.setattr(order, name, value)
    assert not order.compare(order.predict(quick=True), measured[NAMES[0]]).holds


WRONG_PERTURBING = {
    "sign of W_r": lambda W_s, W_r: (W_s, -W_r),
    "W_r transposed": lambda W_s, W_r: (W_s, W_r.swapaxes(-1, -2)),
    "W_s left out": lambda W_s, W_r: (0 * W_s, W_r),
}


@pytest.mark.parametrize("wrong", WRONG_PERTURBING.values(), ids=WRONG_PERTURBING)
def test_stability_sees_a_wrong_rnn(monkeypatch, predicted, wrong):
    right = stability.perturb
    monkeypatch.setattr(stability, "perturb", lambda W_s, W_r, s, steps: right(*wrong(W_s, W_r), s, steps))
    assert not stability.compare(predicted[NAMES[1]], stability.measure(quick=True)).holds


def test_stability_sees_a_wrong_prediction(monkeypatch, measured):
    right = stability.eigenvalues
    monkeypatch.setattr(
        stability,
        "eigenvalues",
        lambda rnn: right(CanonicalRNN(rnn.W_s, -rnn.W_r, rnn.W_x, rnn.theta_s)),
    )
    assert not stability.compare(stability.predict(quick=True), measured[NAMES[1]]).holds


def test_stability_sees_a_wrong_edge(predicted, measured):
    claim = predicted[NAMES[1]]
    assert not stability.compare(replace(claim, large=claim.small), measured[NAMES[1]]).holds


WRONG_LIMIT = {
    "W_s not dropped": lambda rnn: rnn._replace(W_s=0 * rnn.W_s),
    "sign of W_s": lambda rnn: rnn._replace(W_s=-rnn.W_s, W_r=-rnn.W_r),
    "W_s squared": lambda rnn: rnn._replace(W_s=rnn.W_s @ rnn.W_s),
    "W_s of twice the decay": lambda rnn: rnn._replace(W_s=rnn.W_s / 2),
}


@pytest.mark.parametrize("wrong", WRONG_LIMIT.values(), ids=WRONG_LIMIT)
def test_limit_sees_a_wrong_rnn(monkeypatch, predicted, wrong):
    right = limit.discretize
    monkeypatch.setattr(limit, "discretize", lambda *args: wrong(right(*args)))
    with np.errstate(divide="ignore"):
        assert not limit.compare(predicted[NAMES[2]], limit.measure(quick=True)).holds


def test_limit_sees_a_wrong_prediction(predicted, measured):
    claim = predicted[NAMES[2]]
    assert not limit.compare(replace(claim, error=1.1 * claim.error), measured[NAMES[2]]).holds


def test_convolution_sees_a_transposition(monkeypatch, predicted):
    monkeypatch.setattr(convolution, "circulant", lambda kernel: continuous.circulant(kernel).T)
    assert not convolution.compare(predicted[NAMES[3]], convolution.measure()).holds


def test_convolution_sees_a_wrong_prediction(monkeypatch, measured):
    monkeypatch.setattr(convolution, "DT", 0.51)
    assert not convolution.compare(convolution.predict(), measured[NAMES[3]]).holds
