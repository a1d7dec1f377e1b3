"""The model: what it sees, where it starts from, and that stretches with the state carried make the whole."""

from collections.abc import Iterator

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from carousel.data import Series
from carousel.errors import CarouselError
from carousel.training import Config
from carousel.training.forecasting.batches import SeriesBatch
from carousel.training.forecasting.forecaster import SeriesForecaster
from carousel.training.forecasting.loading import scoring_batches
from helpers import assert_same
from some_series import everywhere, forecaster, series_from, small_config, some_series, whole_batch


@pytest.mark.parametrize("base", ["none", "last", "season"])
@pytest.mark.parametrize("output", ["point", "quantile", "gaussian"])
def test_a_new_forecaster_says_its_base_with_the_base_s_error(base, output):
    series = series_from([40], season=5)
    config = small_config(task={"output": output})
    model = SeriesForecaster(
        config,
        features=series.features,
        targets=series.targets,
        known=series.known,
        groups=["a"],
        horizon=3,
        season=5,
        base=base,
    )
    model.spread.fill_(0.7)
    forecast, _ = model(whole_batch(series, model.reach))
    said = forecast.base(base, 5)
    assert_same(model.output.middle(forecast.points), said)
    rest = model.output.points(model.output.rest())
    assert_same(forecast.points, said.unsqueeze(-1) + 0.7 * rest.expand_as(forecast.points))


def carried(model: SeriesForecaster, series: Series, batch_size: int, numbers: int) -> Iterator[SeriesBatch]:
    """All steps of the series, in stretches over which the state is carried."""
    return scoring_batches(
        everywhere(series),
        model.reach,
        model.groups,
        warm_up=None,
        size=None,
        batch_size=batch_size,
        numbers=numbers,
    )


@settings(max_examples=30)
@given(
    some_series(),
    st.integers(1, 30),
    st.sampled_from(["none", "last", "season"]),
    st.integers(1, 7),
    st.integers(0, 3),
)
def test_stretches_with_the_state_carried_make_the_whole(series, horizon, base, steps, context):
    model = forecaster(series, horizon, base, model={"layer": "augmented", "context": (context, 0)})
    with torch.no_grad():
        wanted, _ = model(whole_batch(series, model.reach))
    found = torch.full_like(wanted.points, torch.nan)
    counted = torch.zeros_like(wanted.counted)
    units = 2**22 // (len(series) * horizon * steps)  # lets a stretch have this many steps
    state = None
    for batch in carried(model, series, len(series), units):
        with torch.no_grad():
            forecast, state = model(batch, state)
        for column, (segment, first, length) in enumerate(
            zip(batch.segment.tolist(), batch.first.tolist(), batch.steps.tolist(), strict=True)
        ):
            found[first : first + length, segment] = forecast.points[:length, column]
            counted[first : first + length, segment] = forecast.counted[:length, column]
    for segment, length in enumerate(series.lengths.tolist()):
        assert_same(found[:length, segment], wanted.points[:length, segment], 1e-5)
    assert torch.equal(counted, wanted.counted)


@given(some_series(), st.integers(1, 30))
def test_only_measured_rows_ahead_of_an_origin_count(series, horizon):
    model = forecaster(series, horizon)
    forecast, _ = model(whole_batch(series, model.reach))
    for segment, observed in enumerate(series.observed):
        for n in range(len(forecast.counted)):
            for k in range(1, horizon + 1):
                is_there = n + k < len(observed)
                wanted = observed[n + k].tolist() if is_there else [False] * len(series.targets)
                assert forecast.counted[n, segment, k - 1].tolist() == wanted


def test_a_group_in_another_unit_gets_the_same_forecasts_in_its_unit():
    series = series_from([60, 60], ["a", "b"], season=4)
    series.values[1][:] = series.values[0]
    series.values[1][:, 0] = 1000 + 100 * series.values[0][:, 0]
    model = forecaster(series, base="season")
    forecast, _ = model(whole_batch(series, model.reach))
    points, y = forecast.in_units(forecast.points)[:40], forecast.in_units(forecast.y)[:40]
    assert_same(points[:, 1], 1000 + 100 * points[:, 0], 1e-5)
    assert_same(y[:, 1, 0, 0], torch.from_numpy(series.values[1][1:41, 0]))
    assert points.std() > 1


def test_the_training_state_and_the_validation_state_are_apart():
    series = series_from([50])
    model = forecaster(series, training={"unroll": 5})
    batches = list(carried(model, series, 1, 2**22 // 15))
    assert len(batches) > 2
    with torch.no_grad():
        first, _ = model(batches[0])
        wanted, _ = model(batches[1], model(batches[0])[1])
        model.train()
        model.scores(batches[0])
        model.eval()
        model.scores(batches[2])
        model.train()
        found = model.scores(batches[1])["loss"]
    assert_same(found, model.losses(wanted))


def test_a_configuration_of_another_task_is_refused():
    with pytest.raises(CarouselError, match="wants a configuration of task 'forecast', got 'classify'"):
        SeriesForecaster(
            Config(),
            features=["y"],
            targets=["y"],
            known=[],
            groups=["a"],
            horizon=1,
            season=None,
            base="none",
        )


def test_a_target_that_is_known_ahead_is_refused():
    with pytest.raises(CarouselError, match="'y' is to be forecast and known ahead of time"):
        SeriesForecaster(
            small_config(), features=["y"], targets=["y"], known=["y"], groups=["a"], horizon=1, season=None,
            base="none",
        )  # fmt: skip


@pytest.mark.parametrize(("base", "sees"), [("none", True), ("last", False), ("season", False)])
def test_relative_to_a_base_no_level_matters(base, sees):
    """A series that has risen beyond all that was seen in training is forecast like one that has not."""
    series = series_from([60], season=4)
    model = forecaster(series, base=base)
    assert ("y0" in model.input_names) == sees
    low = model(whole_batch(series, model.reach))[0].points[10:50]
    series.values[0][:, 0] += 100
    rise = 100 / model.scale.item()
    high = model(whole_batch(series, model.reach))[0].points[10:50]
    same = bool(((high - low - rise).abs() < 1e-3).all())
    assert same != sees
