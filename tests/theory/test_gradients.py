"""Why the standard RNN is hard to train: every claim holds, and a fault in theory or experiment is noticed."""

import dataclasses

import numpy as np
import pytest
import torch

import carousel
from carousel.theory import gradients
from carousel.theory.gradients import (
    clipping,
    constant_error,
    product,
    reach,
    regimes,
    saturation,
    systems,
)
from helpers import assert_same

PARTS = {part.CLAIM.name: part for part in (product, regimes, saturation, constant_error, reach, clipping)}


@pytest.fixture(scope="module")
def both():
    return gradients.predict(quick=True), gradients.measure(quick=True)


def test_claims_are_complete(both):
    predicted, measured = both
    names = [claim.name for claim in gradients.CLAIMS]
    assert names == list(predicted) == list(measured) == list(PARTS)
    assert all(claim.paragraph and claim.equation for claim in gradients.CLAIMS)


@pytest.mark.parametrize("name", PARTS)
def test_claim_holds(both, name):
    predicted, measured = both
    verdict = gradients.compare(predicted, measured)[name]
    assert verdict.holds, verdict.sentence


def test_every_claim_has_its_figure(both):
    figures = gradients.plot(*both)
    assert list(figures) == list(PARTS)
    for figure in figures.values():
        assert (figure.get_size_inches() <= (8, 5)).all()
        figure.canvas.draw()


def test_measurement_is_repeatable():
    once, again = clipping.measure(quick=True), clipping.measure(quick=True)
    assert_same(dataclasses.asdict(once), dataclasses.asdict(again), tolerance=0)


def notices(name, **given) -> bool:
    part = PARTS[name]
    predicted = given.get("predicted") or part.predict(quick=True)
    measured = given.get("measured") or part.measure(quick=True)
    return not part.compare(predicted, measured).holds


def shifted(slopes):
    return np.roll(slopes, 1, axis=0)


THEORY_FAULTS = {
    "a sign": lambda W_r, slopes: product_of(W_r, -slopes),
    "a transposition": lambda W_r, slopes: product_of(W_r.T, slopes),
    "a step off": lambda W_r, slopes: product_of(W_r, shifted(slopes)),
    "the order of factors": lambda W_r, slopes: product_of(W_r, slopes[::-1]),
}
product_of = product.jacobian_product


@pytest.mark.parametrize("fault", THEORY_FAULTS)
def test_a_wrong_product_is_noticed(monkeypatch, fault):
    monkeypatch.setattr(product, "jacobian_product", THEORY_FAULTS[fault])
    assert notices("gradients.product")


def test_a_bound_that_is_too_low_is_noticed(monkeypatch):
    bounds = product.jacobian_bounds
    monkeypatch.setattr(product, "jacobian_bounds", lambda W_r, slopes: bounds(W_r * 0.5, slopes))
    assert notices("gradients.product")


@pytest.mark.parametrize("name", ["gradients.product", "gradients.regimes", "gradients.clipping"])
def test_an_experiment_on_other_weights_is_noticed(monkeypatch, name):
    predicted = PARTS[name].predict(quick=True)
    monkeypatch.setattr(PARTS[name], "standard_rnn", lambda W_r: systems.standard_rnn(0.3 * W_r.T))
    assert notices(name, predicted=predicted)


def test_a_lag_off_by_one_is_noticed(monkeypatch):
    predicted = regimes.predict(quick=True)
    monkeypatch.setattr(regimes, "LAG", 39)
    measured = regimes.measure(quick=True)
    monkeypatch.setattr(regimes, "LAG", 40)
    assert notices("gradients.regimes", predicted=predicted, measured=measured)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda radius, std: radius,
        lambda radius, std: saturation_of(radius, std) ** 2,
        lambda radius, std: saturation_of(radius, 1.4 * std),
    ],
    ids=["no saturation", "no root", "the input's variance taken for its deviation"],
)
def test_a_wrong_mean_field_is_noticed(monkeypatch, wrong):
    monkeypatch.setattr(saturation, "error_growth", wrong)
    assert notices("gradients.saturation")


saturation_of = saturation.error_growth


@pytest.mark.parametrize(("symbol", "leak"), [("b_cs", -30.0), ("W_vcs", 1e-3), ("W_scu", 1e-3)])
def test_a_carousel_with_another_path_or_a_gate_ajar_is_noticed(monkeypatch, symbol, leak):
    closed = constant_error.carousel_cell

    def ajar(gates):
        layer = closed(gates)
        layer.load_symbols(layer.symbols() | {symbol: layer.symbols()[symbol] + leak})
        return layer

    monkeypatch.setattr(constant_error, "carousel_cell", ajar)
    assert notices("gradients.carousel")


def test_a_carousel_run_one_step_too_far_is_noticed(monkeypatch):
    predicted, lags = constant_error.predict(), constant_error._lags()
    monkeypatch.setattr(constant_error, "_lags", lambda: lags + 1)
    assert notices("gradients.carousel", predicted=predicted)


def test_the_carousel_carries_to_the_last_bits():
    measured = constant_error.measure()
    assert measured.lags[-1] == 1000
    assert np.abs(measured.share[:, 0] - 1).max() <= 1e-12


def test_a_flow_that_is_one_lag_off_is_noticed(monkeypatch):
    right = reach.gradient_flow

    def off(layer, x):
        flow = right(layer, x)
        return dataclasses.replace(flow, psi=flow.psi[[0, *range(len(flow.psi) - 1)]])

    monkeypatch.setattr(reach, "gradient_flow", off)
    assert notices("gradients.reach")


def test_clipping_each_element_is_noticed(monkeypatch):
    clip = torch.nn.utils.clip_grad_norm_

    def by_value(parameters, limit):
        parameters = list(parameters)
        norm = clip(parameters, float("inf"))
        torch.nn.utils.clip_grad_value_(parameters, limit)
        return norm

    monkeypatch.setattr(torch.nn.utils, "clip_grad_norm_", by_value)
    assert notices("gradients.clipping")


def test_jacobians_of_one_step_in_closed_form():
    W_r, slopes = np.array([[0.5, 1.0], [0.0, 2.0]]), np.array([[0.1, 0.2], [0.5, 0.25]])
    wanted = np.array([[[1, 0], [0, 1]], [[0.25, 0.5], [0, 0.5]], [[0.0125, 0.225], [0, 0.2]]])
    assert_same(gradients.jacobian_product(W_r, slopes), wanted)
    tight, loose = gradients.jacobian_bounds(W_r, slopes)
    norm = np.linalg.norm(W_r, 2)
    assert_same(tight, np.array([1, 0.5 * norm, 0.1 * norm**2]))
    assert_same(loose, np.array([1, norm, norm**2]))


@pytest.mark.parametrize(
    ("W_r", "slopes", "message"),
    [
        (np.ones((2, 3)), np.ones((4, 2)), "W_r must be square, [d, d], got [2, 3]"),
        (
            np.ones((2, 2)),
            np.ones((4, 3)),
            "slopes must have shape [steps >= 1, 2], one sequence, got [4, 3]",
        ),
        (
            np.ones((2, 2)),
            np.ones((0, 2)),
            "slopes must have shape [steps >= 1, 2], one sequence, got [0, 2]",
        ),
        (np.full((2, 2), np.nan), np.ones((4, 2)), "W_r and slopes must be finite, got NaN or infinity"),
    ],
)
@pytest.mark.parametrize("tool", [gradients.jacobian_product, gradients.jacobian_bounds])
def test_bad_jacobians(tool, W_r, slopes, message):
    with pytest.raises(ValueError) as error:
        tool(W_r, slopes)
    assert str(error.value) == message


def test_growth_in_closed_form():
    assert gradients.error_growth(0.7, 0.0) == pytest.approx(0.7, abs=1e-6), "at rest all slopes are 1"
    std = 400.0  # a step function: E G'^2 = (4/3) / (std sqrt(2 pi))
    wanted = 2.0 * np.sqrt(4 / 3 / np.sqrt(2 * np.pi * std**2))
    assert gradients.error_growth(2.0, std) == pytest.approx(wanted, rel=0.02)


@pytest.mark.parametrize(("radius", "std"), [(0.0, 1.0), (1.0, -1.0), (np.nan, 1.0), (1.0, np.inf)])
def test_bad_growth(radius, std):
    with pytest.raises(ValueError, match="radius must be above 0 and input_std at least 0, both finite"):
        gradients.error_growth(radius, std)


@pytest.mark.parametrize("gates", [[0.0], [1.1], [], [np.nan], [[0.5]]])
def test_bad_gates(gates):
    with pytest.raises(ValueError, match="gates must be a list of numbers above 0, at most 1"):
        gradients.carousel_cell(gates)


def test_the_cell_has_the_gates_asked_for():
    x = torch.randn(5, 2, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    g_cs = gradients.carousel_cell([1.0, 0.5, 0.01], 3).trace(x)["g_cs"]
    assert_same(g_cs, torch.tensor([1.0, 0.5, 0.01], dtype=torch.float64).expand(5, 2, 3), tolerance=1e-15)
    assert isinstance(gradients.carousel_cell([1.0]), carousel.LSTM)
