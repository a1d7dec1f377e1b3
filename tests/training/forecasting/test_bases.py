"""The naive forecasts against loops over all origins, leads and targets."""

import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from carousel.training.forecasting.bases import ahead, base_of, naive_of, persistence, seasonal
from helpers import assert_same


@st.composite
def rows(draw: st.DrawFn) -> tuple[torch.Tensor, torch.Tensor, int, int]:
    reach, steps, horizon = draw(st.integers(1, 6)), draw(st.integers(1, 6)), draw(st.integers(1, 7))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = reach + steps + horizon, draw(st.integers(1, 3)), draw(st.integers(1, 2))
    observed = random.random(shape) < draw(st.sampled_from([0.0, 0.3, 0.8, 1.0]))
    return torch.from_numpy(random.normal(size=shape)), torch.from_numpy(observed), reach, horizon


def newest(y: torch.Tensor, observed: torch.Tensor, row: int, reach: int) -> float:
    """The last measured value in `row` or the reach - 1 rows before, of one series."""
    for back in range(reach):
        if observed[row - back]:
            return float(y[row - back])
    return 0.0


def by_loops(case, season: int | None) -> torch.Tensor:
    y, observed, reach, horizon = case
    steps = len(y) - reach - horizon
    found = y.new_zeros(steps, y.shape[1], horizon, y.shape[2])
    for n, b, k, d in np.ndindex(*found.shape):
        origin, one, seen = reach + n, y[:, b, d], observed[:, b, d]
        found[n, b, k, d] = newest(one, seen, origin, reach)
        if season:
            row = origin + k + 1 - season
            while row > origin:
                row -= season
            if seen[row]:
                found[n, b, k, d] = one[row]
    return found


@given(rows())
def test_persistence_repeats_the_last_measured_value(case):
    assert_same(persistence(*case), by_loops(case, None))


@given(rows(), st.data())
def test_the_seasonal_forecast_goes_back_whole_seasons_into_the_past(case, data):
    season = data.draw(st.integers(1, case[2]))
    assert_same(seasonal(*case, season), by_loops(case, season))
    assert_same(base_of("season", *case, season), by_loops(case, season))


@given(rows())
def test_without_a_season_the_last_value_takes_its_place(case):
    assert_same(base_of("season", *case, None), base_of("last", *case, None))
    assert base_of("none", *case, 3).abs().sum() == 0
    assert base_of("none", *case, 3).shape == persistence(*case).shape


@given(rows())
def test_ahead_is_what_follows_each_origin(case):
    y, _, reach, horizon = case
    found = ahead(y[reach + 1 :], horizon)
    for n, k in np.ndindex(len(y) - reach - horizon, horizon):
        assert_same(found[n, :, k], y[reach + n + 1 + k])


def test_the_naive_forecasts_that_there_are():
    assert naive_of(None) == ("last",)
    assert naive_of(7) == ("last", "season")
