"""What lies ahead of an origin reaches its forecast through what is known ahead of time alone, and no loss before its time."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from carousel.data import Series, time_cuts
from carousel.training.forecasting.forecaster import SeriesForecaster
from carousel.training.forecasting.parts import cut
from carousel.training.forecasting.scoring import beyond, score
from carousel.training.tasks.forecast import material
from some_series import everywhere, forecaster, series_from, small_config, some_series, whole_batch


def points(model: SeriesForecaster, series: Series) -> torch.Tensor:
    with torch.no_grad():
        return model(whole_batch(series, model.reach))[0].points


def changed_from(series: Series, segment: int, row: int, columns: list[int]) -> Series:
    """The series with other numbers in these columns of a segment from a row on, measured or not the other way round."""
    values, observed = [rows.copy() for rows in series.values], [rows.copy() for rows in series.observed]
    values[segment][row:, columns] += 7.5
    observed[segment][row:] ^= True
    return replace(series, values=tuple(values), observed=tuple(observed))


def told_by_the_future(model: SeriesForecaster, series: Series, segment: int, origin: int) -> bool:
    """Whether forecasts from an origin or from before it change when all that comes after it does, unless known ahead."""
    unknown = [series.features.index(name) for name in series.features if name not in series.known]
    other = changed_from(series, segment, origin + 1, unknown)
    one, two = points(model, series), points(model, other)
    others = [i for i in range(len(series)) if i != segment]
    same = torch.equal(one[: origin + 1, segment], two[: origin + 1, segment])
    return not (same and torch.equal(one[:, others], two[:, others]))


@settings(max_examples=60)
@given(
    some_series(),
    st.integers(1, 12),
    st.sampled_from(["none", "last", "season"]),
    st.sampled_from(["lstm", "vanilla", "augmented", "torch", "gru"]),
    st.data(),
)
def test_no_forecast_changes_with_what_comes_after_its_origin(series, horizon, base, layer, data):
    model = forecaster(series, horizon, base, model={"layer": layer})
    segment = data.draw(st.integers(0, len(series) - 1))
    origin = data.draw(st.integers(0, int(series.lengths[segment]) - 1))
    assert not told_by_the_future(model, series, segment, origin)


class SeesOneStepAhead(SeriesForecaster):
    """The leak that is made most often: the window is one row off."""

    def inputs(self, batch, targets):
        later = batch._replace(rows=batch.rows.roll(-1, 0), observed=batch.observed.roll(-1, 0))
        return super().inputs(later, targets.roll(-1, 0))


class SmoothsItsInput(SeriesForecaster):
    """A centred moving average, as tables are often prepared."""

    def inputs(self, batch, targets):
        smooth = (targets.roll(-1, 0) + targets + targets.roll(1, 0)) / 3
        return super().inputs(batch, smooth)


@pytest.mark.parametrize("leaky", [SeesOneStepAhead, SmoothsItsInput])
def test_a_planted_leak_is_found(leaky):
    series = series_from([30])
    model = forecaster(series)
    assert not told_by_the_future(model, series, 0, 12)
    model.__class__ = leaky
    assert told_by_the_future(model, series, 0, 12)


@given(st.integers(0, 10), st.integers(1, 5))
def test_what_is_known_ahead_reaches_the_lead_that_it_is_about_and_no_other(origin, lead):
    series = series_from([20])
    model = forecaster(
        series, horizon=5, model={"hidden_size": 16}
    )  # of so many units some are active anywhere
    values = series.values[0].copy()
    values[origin + lead, series.features.index("plan")] += 3
    one, two = points(model, series), points(model, replace(series, values=(values,)))
    differs = (one != two)[: origin + lead, 0].flatten(2).any(dim=2)
    reached = {(n, k + 1) for n, k in differs.nonzero().tolist()}
    assert reached == {(n, origin + lead - n) for n in range(max(0, origin + lead - 5), origin + lead)}


class Watched:
    """Rows that remember the last of those that were asked for."""

    def __init__(self, rows: np.ndarray) -> None:
        self._rows, self.shape, self.dtype, self.last = rows, rows.shape, rows.dtype, 0

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice) -> np.ndarray:
        found = self._rows[rows]
        self.last = max(self.last, (rows.start or 0) + len(found))
        return found


@settings(max_examples=25)
@given(st.integers(0, 99), st.sampled_from([0, 5]), st.integers(1, 40), st.sampled_from([None, 6]))
def test_learning_and_choosing_read_no_row_of_what_comes_later(seed, unroll, horizon, season):
    series = series_from([60, 45, 80], ["a", "a", "b"], season=season, seed=seed)
    values, observed = map(
        tuple, ([Watched(rows) for rows in part] for part in (series.values, series.observed))
    )
    watched = replace(series, values=values, observed=observed)
    config = small_config(task={"horizon": horizon}, training={"unroll": unroll})
    validation, test = time_cuts(series, 0.2, 0.2)
    learning, choosing, _ = cut(series, validation, test)
    assert 0 < learning.ends[2] < choosing.ends[2] < 80, "the cuts go through a segment"

    made = material(config, watched)
    _forget(values, observed)
    for _ in range(2):
        list(made.train)
    assert _asked(values, observed) == learning.ends
    _forget(values, observed)
    list(made.validation)
    assert all(last <= end for last, end in zip(_asked(values, observed), choosing.ends, strict=True))


def _forget(*parts: tuple[Watched, ...]) -> None:
    for part in parts:
        for rows in part:
            rows.last = 0


def _asked(*parts: tuple[Watched, ...]) -> tuple[int, ...]:
    return tuple(max(rows.last for rows in pair) for pair in zip(*parts, strict=True))


def test_what_precedes_the_weights_is_learnt_from_the_training_part_alone():
    series = series_from([60, 45, 80], ["a", "a", "b"], season=6, measured=0.7)
    config = small_config(task={"horizon": 4})
    validation, test = time_cuts(series, 0.2, 0.2)
    other = series
    for segment, end in enumerate(cut(series, validation, test)[0].ends):
        other = changed_from(other, segment, end, list(range(series.n_features)))
    one, two = material(config, series), material(config, other)
    assert one.names == two.names
    assert one.buffers.keys() == two.buffers.keys()
    for name in one.buffers:
        assert np.array_equal(one.buffers[name], two.buffers[name]), name
    for first, second in zip(one.train, two.train, strict=True):
        assert all(torch.equal(*pair) for pair in zip(first, second, strict=True))


def test_the_loss_of_each_part_is_that_of_its_own_rows():
    series = series_from([90])
    model = forecaster(series, horizon=5)
    parts = cut(series, 50, 70)
    assert [(part.counted, part.stops, part.ends) for part in parts] == [
        ((0,), (49,), (50,)),
        ((49,), (69,), (70,)),
        ((69,), (89,), (90,)),
    ]
    for part, (first, last) in zip(parts[1:], [(50, 70), (70, 90)], strict=True):
        pairs = sum(1 for n in range(first - 1, last) for k in range(1, 6) if n + k < last)
        assert score(model, part)["pairs"] == pairs
    assert score(model, everywhere(series))["pairs"] == sum(
        1 for n in range(90) for k in range(1, 6) if n + k < 90
    )


def test_a_forecast_beyond_the_end_takes_from_later_rows_what_is_known_ahead_alone():
    series = series_from([30])
    series.observed[0][24:] = False
    other = replace(series, values=(series.values[0].copy(),))
    other.values[0][24:, [0, 1]] = 99  # target and covariate
    model = forecaster(series, horizon=5, model={"hidden_size": 16})
    one, two = (beyond(model, each) for each in (series, other))
    assert [(found.segment, found.origin) for found in one] == [(0, 23)]
    assert torch.equal(one[0].points, two[0].points)
    other.values[0][26, 2] += 1
    differs = (beyond(model, other)[0].points != one[0].points).flatten(1).any(dim=1)
    assert differs.tolist() == [False, False, True, False, False]
