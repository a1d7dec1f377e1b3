"""Moments in blocks against NumPy on all rows at once."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carousel.data import Series
from carousel.training.forecasting.scaling import moments_of
from helpers import assert_same
from some_series import groups_of, series_from, some_series


@given(some_series(), st.data())
def test_moments_are_those_of_the_rows_that_may_be_read(series, data):
    ends = [data.draw(st.integers(0, length)) for length in series.lengths.tolist()]
    found = moments_of(series, ends)
    rows = np.concatenate([values[:end] for values, end in zip(series.values, ends, strict=True)]).astype(
        float
    )
    if len(rows) > 1:
        assert_same(found.mean, rows.mean(axis=0))
        assert_same(found.std, rows.std(axis=0))
    for group, name in enumerate(groups_of(series)):
        for target in range(len(series.targets)):
            values = [
                series.values[i][: ends[i], target][series.observed[i][: ends[i], target]].astype(float)
                for i in range(len(series))
                if series.groups[i] == name
            ]
            measured = np.concatenate(values)
            if len(measured) > 1:
                assert found.level[group, target] == pytest.approx(measured.mean(), rel=1e-12)
                assert found.scale[group, target] == pytest.approx(measured.std(), rel=1e-12)
    assert all(np.isfinite(part).all() for part in found)
    assert (found.std > 0).all() and (found.scale > 0).all()


def test_a_large_level_costs_no_digits(monkeypatch):
    monkeypatch.setattr("carousel.training.forecasting.batches.NUMBERS_IN_BLOCK", 30)
    series = series_from([500])
    values = (series.values[0] + np.float32(2**20)).astype(np.float32)
    shifted = Series(
        (values,), series.observed, series.features, series.targets, (), ("a",), series.starts, 1
    )
    assert_same(moments_of(shifted, [500]).std, values.astype(float).std(axis=0), 1e-9)


def test_what_does_not_vary_is_not_blown_up():
    values = np.full((9, 2), 3.7, np.float32)
    series = Series((values,), (np.ones((9, 1), bool),), ("y", "x"), ("y",), (), ("a",), np.array([0]), 1)
    found = moments_of(series, [9])
    assert_same(found.std, np.ones(2))
    assert_same(found.scale, np.ones((1, 1)))


def test_a_group_without_a_measured_target_takes_the_mean_of_the_others():
    series = series_from([9, 9, 9], ["a", "b", "c"])
    found = moments_of(series, [9, 0, 9])
    assert_same(found.level[1], (found.level[0] + found.level[2]) / 2)
    assert_same(found.scale[1], (found.scale[0] + found.scale[2]) / 2)
