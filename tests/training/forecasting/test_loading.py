"""Batches to learn from: as many in every pass, the same again from the same generator, and each of use."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from carousel.data import Series
from carousel.training.forecasting.loading import LEAST_BATCHES, history_of, training_batches
from carousel.training.forecasting.parts import Part, cut
from some_series import forecaster, series_from, some_series


def loader(part: Part, model, unroll: int, seed: int = 0):
    return training_batches(
        part,
        model.reach,
        model.groups,
        batch_size=4,
        history=4,
        unroll=unroll,
        generator=torch.Generator().manual_seed(seed),
    )


def learning_part(series: Series) -> Part:
    return cut(series, 60, 60)[0]


@settings(max_examples=40)
@given(some_series(), st.integers(1, 30), st.sampled_from([0, 1, 5]))
def test_any_series_makes_batches_that_can_be_learnt_from(series, horizon, unroll):
    part = learning_part(series)
    if part.origins == 0:
        return
    model = forecaster(series, horizon, training={"unroll": unroll}).train()
    batches = loader(part, model, unroll)
    found = list(batches)
    assert len(found) == len(batches) >= LEAST_BATCHES
    for batch in found[:3]:
        model.zero_grad()
        loss = model.scores(batch)["loss"]
        assert loss.isfinite().all()
        model.training_step(batch, 0).backward()
        assert all(p.grad is None or p.grad.isfinite().all() for p in model.parameters())


@pytest.mark.parametrize("unroll", [0, 5])
def test_the_generator_is_all_that_is_random(unroll):
    series = series_from([300, 40], ["a", "b"])
    model = forecaster(series)
    part = learning_part(series)
    batches = loader(part, model, unroll)
    first = [batch.first.tolist() for batch in batches]
    state = batches.generator.get_state()
    second = [batch.first.tolist() for batch in batches]
    assert first != second
    other = loader(part, model, unroll, seed=9)
    other.generator.set_state(state)
    assert [batch.first.tolist() for batch in other] == second


def test_the_state_goes_on_only_from_the_stretch_before():
    series = series_from([300])
    model = forecaster(series)
    before: dict[int, tuple[int, int]] = {}
    for batch in loader(Part(series, (0,), (299,), (300,)), model, 5):
        for column in range(len(batch.starts)):
            first, steps = int(batch.first[column]), int(batch.steps[column])
            if steps and not batch.starts[column]:
                assert before[column] == first
            before[column] = first + steps


def test_the_history_of_a_week_of_days():
    assert history_of(None, 24, 24) == 168
    assert history_of(None, None, 5) == 32
    assert history_of(None, 365, 10) == 512
    assert history_of(10, 24, 24) == 10


def test_longer_horizons_are_looked_at_every_few_steps():
    series = series_from([200])
    model = forecaster(series, horizon=24, training={"history": 30}).train()
    batch = next(iter(loader(Part(series, (0,), (199,), (200,)), model, 0)))
    batch = batch._replace(counted=torch.zeros_like(batch.counted))
    seen = set()
    for _ in range(40):
        forecast, _ = model(batch)
        steps = torch.arange(int(batch.steps.max()))[forecast.origins].tolist()
        assert {later - earlier for earlier, later in zip(steps, steps[1:], strict=False)} <= {4}
        seen |= set(steps)
    assert seen == set(range(int(batch.steps.max())))
