"""What precedes the weights, against loops over all origins."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carousel.data import Series
from carousel.training.forecasting.learning import LEAST_SPREAD, base_errors, learn, naive_errors_of
from carousel.training.forecasting.parts import whole
from carousel.training.forecasting.scaling import moments_of
from carousel.training.tasks.forecast import material
from some_series import forecaster, groups_of, series_from, small_config, some_series


def one_series(values: np.ndarray, season: int | None = None) -> Series:
    values = np.asarray(values, np.float32).reshape(-1, 1)
    return Series(
        (values,), (np.ones_like(values, bool),), ("y",), ("y",), (), ("a",), np.array([0]), 1, season
    )


def test_errors_of_the_bases():
    y = np.random.default_rng(0).normal(size=50).astype(np.float32)
    series = one_series(y, season=3)
    part = whole(series)._replace(counted=(0,))
    moments = moments_of(series, part.ends)
    z = (y - moments.level[0, 0]) / moments.scale[0, 0]
    found = base_errors(part, moments, 4)
    for lead in range(1, 5):
        origins = range(50 - lead)
        none = np.mean([abs(z[n + lead]) for n in origins])
        last = np.mean([abs(z[n + lead] - z[n]) for n in origins])
        back = [n + lead - (3 if lead <= 3 else 6) for n in origins]
        season = np.mean(
            [abs(z[n + lead] - z[r if r >= 0 else n]) for n, r in zip(origins, back, strict=True)]
        )
        assert found["none"][lead - 1, 0] == pytest.approx(none)
        assert found["last"][lead - 1, 0] == pytest.approx(last)
        assert found["season"][lead - 1, 0] == pytest.approx(season)


WAVE = np.sin(2 * np.pi * np.arange(200) / 10)
NOISE = np.random.default_rng(0).normal(size=200)


@pytest.mark.parametrize(
    ("values", "season", "base"),
    [(NOISE, 10, "none"), (NOISE.cumsum(), None, "last"), (WAVE + NOISE / 100, 10, "season")],
)
def test_the_base_is_the_nearest_to_the_truth(values, season, base):
    part = whole(one_series(values, season))
    assert learn(part, 5).base == base
    assert learn(part, 5, "last").base == "last"


def test_leads_that_training_never_saw_are_as_unsure_as_the_farthest_it_did():
    spread = learn(whole(one_series(NOISE[:8].cumsum())), 12).buffers["spread"][:, 0]
    assert (spread[7:] == spread[6]).all() and spread[6] > 0.1
    assert (learn(whole(one_series([1.0])), 3).buffers["spread"] > 0.5).all()


def test_a_base_without_an_error_leaves_room_for_one():
    assert (learn(whole(one_series(WAVE, 10)), 5).buffers["spread"] >= np.float32(LEAST_SPREAD)).all()


@given(some_series())
def test_the_naive_error_is_that_of_the_measured_rows_of_a_group(series):
    ends = series.lengths.tolist()
    found = naive_errors_of(series, ends)
    lag = series.season or 1
    for group, name in enumerate(groups_of(series)):
        for target in range(len(series.targets)):
            errors = [
                abs(float(values[n, target]) - float(values[n - lag, target]))
                for values, seen, of in zip(series.values, series.observed, series.groups, strict=True)
                for n in range(lag, len(values))
                if of == name and seen[n, target] and seen[n - lag, target]
            ]
            if errors:
                assert found[group, target] == pytest.approx(np.mean(errors))
            else:
                assert np.isnan(found[group, target])


@settings(max_examples=25)
@given(some_series(), st.integers(1, 40))
def test_every_buffer_is_a_finite_number(series, horizon):
    learnt = learn(whole(series), horizon)
    model = forecaster(series, horizon, learnt.base)
    for name, value in learnt.buffers.items():
        assert np.isfinite(value).all(), name
        assert value.shape == tuple(model.get_buffer(name).shape)
        assert name in ("mean", "level") or (value > 0).all()


def test_the_configuration_chooses_base_and_loss():
    series = series_from([90])
    config = small_config(task={"base": "last", "output": "point", "point_loss": "squared", "horizon": 2})
    made = material(config, series)
    assert made.names["base"] == "last"
    model = forecaster(series, task={"output": "point", "point_loss": "squared"})
    assert model.output.squared
    assert not forecaster(series, task={"output": "point"}).output.squared
