"""The autoregression against least squares written out, and what it may not see."""

from dataclasses import replace

import numpy as np
import pytest

from carousel.training.forecasting import autoregression
from carousel.training.forecasting.autoregression import Autoregression
from carousel.training.forecasting.parts import cut
from carousel.training.forecasting.rival import LeftOutError
from carousel.training.forecasting.scaling import moments_of
from helpers import assert_same
from some_series import series_from

HORIZON = 3


def second_order(lengths, groups=None, scale=1.0):
    """Segments of y[n] = 1.2 y[n-1] - 0.5 y[n-2] + noise around 5."""
    series = series_from(lengths, groups)
    random = np.random.default_rng(1)
    for rows in series.values:
        y = random.normal(size=len(rows))
        for n in range(2, len(y)):
            y[n] += 1.2 * y[n - 1] - 0.5 * y[n - 2]
        rows[:, 0] = 5 + scale * y
    return series


def learnt(series, validation, test, horizon=HORIZON):
    learning, choosing, testing = cut(series, validation, test)
    moments = moments_of(series, choosing.ends)
    return Autoregression(learning, choosing, moments, 0, horizon), testing


def test_the_weights_of_a_process_are_found():
    series = second_order([4000])
    rival, testing = learnt(series, 2500, 3500)
    said, deviation = rival.told(0, 3600, 3800)
    y = series.values[0][:, 0].astype(float) - 5
    one = 1.2 * y[3600:3800] - 0.5 * y[3599:3799]
    two = 1.2 * one - 0.5 * y[3600:3800]
    assert np.abs(said[:, 0] - 5 - one).max() < 0.15
    assert np.abs(said[:, 1] - 5 - two).max() < 0.3
    assert np.abs(deviation[0] - [1, np.hypot(1, 1.2), np.sqrt(1 + 1.2**2 + 0.94**2)]).max() < 0.05


def test_least_squares_over_segments_with_what_was_not_measured_left_out(monkeypatch):
    monkeypatch.setattr(autoregression, "ORDERS", (2,))
    series = second_order([60, 5, 40])
    series.observed[0][20] = False
    rival, _ = learnt(series, 50, 90)
    assert rival.order == 2
    x, y = [], []
    for segment, ends in enumerate(
        ((50, 60), (5, 5), (0, 19))
    ):  # the third begins at 71, and the test part at 90
        values, observed = series.values[segment][:, 0].astype(float), series.observed[segment][:, 0]
        for first, end in ((0, ends[0]), (max(0, ends[0] - 1), ends[1])):
            for n in range(first, end - HORIZON):
                if observed[n + 1 : n + 1 + HORIZON].all():
                    x.append([1, values[n], values[max(0, n - 1)]])
                    y.append(values[n + 1 : n + 1 + HORIZON])
    weights = np.linalg.lstsq(np.array(x), np.array(y), rcond=None)[0]
    values = series.values[2][:, 0].astype(float)
    wanted = np.array([[1, values[n], values[max(0, n - 1)]] for n in (0, 1, 30)]) @ weights
    said = np.concatenate([rival.told(2, 0, 2)[0], rival.told(2, 30, 31)[0]])
    assert_same(said, wanted, 1e-4)  # the ridge
    assert_same(rival.told(2, 0, 40)[0][[0, 1, 30]], said)


def test_neither_the_test_part_nor_what_lies_ahead_is_seen():
    series = second_order([400])
    changed = replace(series, values=(series.values[0].copy(),))
    changed.values[0][301:, 0] = 1e6
    for one, other in zip(
        *(learnt(some, 200, 300)[0].told(0, 250, 301) for some in (series, changed)), strict=True
    ):
        assert_same(one, other)


def test_groups_have_their_own_scale():
    small = second_order([200, 200], ["a", "b"])
    large = replace(small, values=(small.values[0], small.values[1] * np.float32(100)))
    said, told = (learnt(some, 120, 300)[0].told(1, 50, 60) for some in (small, large))
    assert_same(told[0] / 100, said[0], 1e-5)
    assert_same(told[1] / 100, said[1], 1e-5)


def test_the_order_follows_the_validation_part():
    """A value that comes back after 13 steps, one season and one step."""
    series = replace(series_from([900]), season=12)
    random = np.random.default_rng(0)
    y = np.resize(random.normal(size=12), 900) + 0.1 * random.normal(size=900)
    series.values[0][:, 0] = y
    rival, _ = learnt(series, 500, 700, horizon=1)
    assert rival.order >= 12
    assert np.abs(rival.told(0, 750, 800)[0][:, 0] - y[751:801]).mean() < 0.15


def test_too_little_to_learn_from():
    with pytest.raises(LeftOutError, match="there is too little before the test part to learn it from"):
        learnt(series_from([12]), 6, 9)
