"""The season: found where there is one, of the right length, and not where there is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carousel.data.steps import from_words
from carousel.data.tables.season import calendar_for, natural_lags, season_of

HOUR = from_words("1 hour")
DAY = 86_400 * 10**9


def rng(seed=0):
    return np.random.default_rng(seed)


def wave(count, period):
    return np.sin(np.arange(count) * 2 * np.pi / period)


@settings(max_examples=40)
@given(
    period=st.integers(5, 40),
    noise=st.floats(0, 0.15),
    trend=st.floats(-1, 1),
    seed=st.integers(0, 2**32 - 1),
)
def test_a_wave_with_noise_and_trend_has_its_period(period, noise, trend, seed):
    shape = rng(seed).normal(size=period)
    values = (
        np.tile(shape, 30) + noise * rng(seed + 1).normal(size=30 * period) + trend * np.arange(30 * period)
    )
    found = season_of(values, 1).lag
    assert found is not None
    assert found == period or period % found == 0 and found > 1


@pytest.mark.parametrize("amplitude", [0.1, 0.5])
def test_a_smooth_wave_in_noise_is_not_taken_for_two_steps(amplitude):
    """Noise makes changes turn from row to row; that is no season of 2."""
    values = wave(2000, 24) + amplitude * rng().normal(size=2000)
    assert season_of(values, HOUR).lag == 24


def test_a_wave_under_much_noise_is_found_in_means():
    values = wave(3000, 96) + rng().normal(size=3000)
    found = season_of(values, from_words("15 minutes"))
    assert (found.lag, found.scale > 1) == (96, True)


@pytest.mark.parametrize("seed", range(20))
def test_noise_and_random_walks_have_none(seed):
    noise = rng(seed).normal(size=1000)
    assert season_of(noise, HOUR).lag is None
    assert season_of(noise.cumsum(), HOUR).lag is None
    assert season_of(np.arange(1000) + noise, HOUR).lag is None


def test_a_week_wins_over_a_day_where_it_is_stronger():
    week = np.repeat([1, 1, 1, 1, 1, 0.2, 0.1], 24)
    values = np.tile(week * (1 + wave(168, 24)), 20)
    assert season_of(values, HOUR).lag == 168
    assert season_of(wave(168 * 20, 24), HOUR).lag == 24


@pytest.mark.parametrize(
    "values", [[], [1.0], [1.0] * 100, list(range(100)), [1.0, 2.0] * 3, [0.0] * 50 + [1e300] * 50]
)
def test_nothing_to_find(values):
    assert season_of(np.array(values), HOUR).lag is None


def test_turns_from_row_to_row_are_a_season_of_two():
    assert season_of(np.array([0.0, 1.0] * 50), 1).lag == 2


LAGS = {"1 hour": [24, 168, 8766], "30 minutes": [48, 336, 17532], "1 day": [7, 365], "1 month": [12], "3 months": [4], "1 year": [], "7 hours": [24, 1252], "5": []}  # fmt: skip


@pytest.mark.parametrize("step, lags", LAGS.items(), ids=LAGS.keys())
def test_natural_lags(step, lags):
    assert natural_lags(from_words(step)) == lags


CALENDARS = {
    "hours, of a day": ("1 hour", 1, ()),
    "hours, of two days": ("1 hour", 2, ("hour",)),
    "hours, of two weeks": ("1 hour", 14, ("hour", "weekday")),
    "hours, of three years": ("1 hour", 1100, ("hour", "weekday", "day of year")),
    "days, of three years": ("1 day", 1100, ("weekday", "day of year")),
    "months, of three years": ("1 month", 1100, ("day of year",)),
    "years": ("1 year", 100_000, ()),
}


@pytest.mark.parametrize("step, days, names", CALENDARS.values(), ids=CALENDARS.keys())
def test_calendar_as_the_step_allows_and_the_training_part_shows_twice(step, days, names):
    assert calendar_for(from_words(step), days * DAY) == names
