"""GARCH(1,1) against the package that estimates it, and what is said without it."""

import sys

import numpy as np
import pytest
from arch import arch_model

from carousel.training.forecasting.parts import cut
from carousel.training.forecasting.rival import LeftOutError
from carousel.training.forecasting.scaling import moments_of
from carousel.training.forecasting.volatility import Constant, Garch
from helpers import assert_same
from some_series import series_from


@pytest.fixture(scope="module")
def series():
    """Returns whose variance is 0.1 + 0.1 e² + 0.85 s², around 0.5."""
    series = series_from([3000])
    random = np.random.default_rng(0)
    variance, y = 2.0, np.empty(3000)
    for n in range(3000):
        e = variance**0.5 * random.normal()
        y[n] = 0.5 + e
        variance = 0.1 + 0.1 * e**2 + 0.85 * variance
    series.values[0][:, 0] = y
    return series


def test_mean_and_deviation_are_those_of_arch(series):
    _, choosing, _ = cut(series, 2000, 2500)
    y = series.values[0][:, 0].astype(float)
    model = arch_model(10 * y / y[:2500].std(), mean="Constant", vol="GARCH", p=1, q=1, dist="t")
    found = model.fit(disp="off", last_obs=2500)
    wanted = found.forecast(horizon=4, start=2600).variance.to_numpy()[:300] * y[:2500].std() ** 2 / 100
    mean, deviation = Garch(choosing, 0, 4).told(0, 2600, 2900)
    assert_same(deviation**2, wanted, 2e-3)
    assert np.abs(mean - found.params["mu"] * y[:2500].std() / 10).max() < 1e-3
    assert deviation[:, 0].max() > 1.5 * deviation[:, 0].min()


def test_a_segment_begins_with_the_variance_of_the_long_run(series):
    rival = Garch(cut(series, 2000, 2500)[1], 0, 3000)
    mu, omega, alpha, beta = rival._of_group["a"]
    e = series.values[0][:2, 0].astype(float) - mu
    _, deviation = rival.told(0, 0, 2)
    first = omega + alpha * e[0] ** 2 + beta * omega / (1 - alpha - beta)
    assert_same(deviation[:, 0] ** 2, np.array([first, omega + alpha * e[1] ** 2 + beta * first]))
    assert_same(deviation[:, -1] ** 2, np.full(2, omega / (1 - alpha - beta)))


def test_what_lies_ahead_is_not_seen(series):
    _, choosing, _ = cut(series, 2000, 2500)
    rival = Garch(choosing, 0, 2)
    one, other = rival.told(0, 2600, 2601)[1], rival.told(0, 2600, 2900)[1][:1]
    assert_same(one, other)


def test_the_constant_is_the_mean_and_deviation_of_its_group():
    series = series_from([50, 50], ["a", "b"])
    _, choosing, _ = cut(series, 20, 80)
    rival = Constant(series, moments_of(series, choosing.ends), 0, 2)
    y = series.values[1][: choosing.ends[1], 0].astype(float)
    mean, deviation = rival.told(1, 5, 8)
    assert_same(mean, np.full((3, 2), y.mean()))
    assert_same(deviation, np.full((3, 2), y.std()))


def test_why_there_is_none(series, monkeypatch):
    _, choosing, _ = cut(series, 20, 50)
    with pytest.raises(LeftOutError, match="^there is too little before the test part to learn it from$"):
        Garch(choosing, 0, 1)
    many = series_from([200] * 21, [str(i) for i in range(21)])
    with pytest.raises(LeftOutError, match="^there are more than 20 series to learn it from$"):
        Garch(cut(many, 1000, 2000)[1], 0, 1)
    monkeypatch.setitem(sys.modules, "arch", None)
    with pytest.raises(
        LeftOutError, match="^it needs the package arch; run pip install 'carousel-lstm.volatility.'$"
    ):
        Garch(choosing, 0, 1)
