"""From a table to a run, its scores, and forecasts beyond the end of the file."""

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from carousel.data.steps import span
from carousel.errors import CarouselError
from carousel.report.from_run import report_run
from carousel.training import configure, evaluate, fit, load_config, override, prediction_table
from carousel.training.forecasting import beyond, score
from carousel.training.forecasting.parts import cut, whole
from carousel.training.tasks.forecast import forecast_table, material
from commands import call, one_object, sentence
from some_series import forecaster, series_from, small_config, some_series

SMALL = ["hidden_size=4", "epochs=2", "batch_size=8", "history=24", "layer=lstm"]


def table(hours: int = 240) -> pd.DataFrame:
    """Two shops whose sales follow the hour and a plan."""
    random = np.random.default_rng(0)
    frames = []
    for level, shop in ((100, "north"), (900, "south")):
        time = pd.date_range("2024-03-01", periods=hours, freq="h")
        plan = (random.random(hours) < 0.2).astype(int)
        wave = np.sin(2 * np.pi * np.arange(hours) / 24)
        sales = level * (1 + 0.3 * wave + 0.1 * plan + 0.05 * random.normal(size=hours))
        frames.append(pd.DataFrame({"time": time, "shop": shop, "sales": sales.round(2), "plan": plan}))
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("shops") / "shops.csv"
    table().to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def run(file, tmp_path_factory):
    config, _ = configure(file, None, [*SMALL, "horizon=6"], target=["sales"], group=["shop"], known=["plan"])
    return fit(config, tmp_path_factory.mktemp("run"), progress=False)


def test_a_horizon_that_no_training_row_has_behind_it_is_refused(file, tmp_path):
    config, _ = configure(
        file, None, [*SMALL, "horizon=144"], target=["sales"], group=["shop"], known=["plan"]
    )
    with pytest.raises(CarouselError) as error:
        fit(config, tmp_path / "run", progress=False)
    assert str(error.value) == (
        "the horizon is 144 steps, but no series has more than 144 rows in a stretch to learn from; "
        "set a horizon of at most 143, better a quarter of that"
    )
    assert not (tmp_path / "run").exists()


def test_other_tasks_have_no_horizon(file):
    with pytest.raises(CarouselError, match="horizon is for task 'forecast', got 6 for task 'symbols'"):
        configure(file, "symbols", ["horizon=6"])


def test_the_run_says_who_won_on_the_same_pairs(run):
    metrics = run.metrics()
    test = metrics["test"]
    assert metrics["validation"].keys() == {"loss", "mase"}
    assert test["pairs"] == 2 * sum(min(6, 48 - n) for n in range(48)), "48 hours each, leads within them"
    assert set(test["targets"]) == {"sales"}
    assert {*test["mase"]} == {"forecast", "persistence", "seasonal", "ar"}
    assert len(test["targets"]["sales"]["seasonal"]["by_lead"]) == 6
    assert [band["nominal"] for band in test["coverage"]] == [0.9, 0.8, 0.5]
    assert run.task.shown(test).startswith(f"MASE {test['mase']['forecast']:.3f}, sales MAE ")
    assert run.history()[-1].keys() >= {"train_mase", "validation_mase", "validation_loss_error"}


def test_the_configuration_replays_the_run(run, tmp_path):
    config = load_config(run.folder / "config.yaml")
    assert config.data.table.known == ("plan",)
    again = fit(config, tmp_path / "again", progress=False)
    assert again.metrics()["test"] == run.metrics()["test"]


def test_the_naive_scores_are_those_of_the_table(run):
    """The seasonal forecast repeats the day before, the last one the last hour, from every origin of the last fifth."""
    assert run.config.data.table.season == 24
    sales = table().pivot(index="time", columns="shop", values="sales").to_numpy()
    last, day = [], []
    for n in range(191, 240):
        for k in range(1, 7):
            if n + k < 240:
                last += list(np.abs(sales[n + k] - sales[n]))
                day += list(np.abs(sales[n + k] - sales[n + k - 24]))
    found = run.metrics()["test"]["targets"]["sales"]
    assert found["persistence"]["mae"] == pytest.approx(np.mean(last), rel=1e-4)
    assert found["seasonal"]["mae"] == pytest.approx(np.mean(day), rel=1e-4)


def test_a_run_scores_its_test_part_again_and_other_files(run, file):
    assert evaluate(run.folder) == run.metrics()["test"]
    other = evaluate(run.folder, file)
    assert other["pairs"] > run.metrics()["test"]["pairs"]


def test_without_the_plan_ahead_there_is_no_forecast(run, file):
    with pytest.raises(
        CarouselError,
        match="has 0 rows behind its last measured target, wanted 6 with plan, known ahead; add 6 whose targets are empty",
    ):
        prediction_table(run.folder, file)


def test_forecasts_lie_beyond_the_last_number_of_each_series(run, tmp_path):
    more = table(246)
    more.loc[more["time"] >= "2024-03-11", "sales"] = np.nan
    path = tmp_path / "more.csv"
    more.to_csv(path, index=False)
    found = prediction_table(run.folder, path)
    assert list(found.columns) == ["group", "target", "time", "lead", "forecast", "lower", "upper"]
    assert found["group"].tolist() == ["north"] * 6 + ["south"] * 6
    assert found["lead"].tolist() == [1, 2, 3, 4, 5, 6] * 2
    assert found["time"].iloc[:6].tolist() == list(pd.date_range("2024-03-11", periods=6, freq="h"))
    assert ((found["lower"] < found["forecast"]) & (found["forecast"] < found["upper"])).all()
    assert found["forecast"].iloc[:6].mean() < 250 < found["forecast"].iloc[6:].mean()

    more.loc[more["time"] == "2024-03-11 02:00", "plan"] += 1
    more.to_csv(path, index=False)
    differs = prediction_table(run.folder, path)["forecast"] != found["forecast"]
    assert differs.tolist() == [False, False, True, False, False, False] * 2


@pytest.fixture(scope="module")
def simple(tmp_path_factory):
    """A run of one series that knows nothing but the calendar."""
    folder = tmp_path_factory.mktemp("simple")
    one = table().query("shop == 'north'")[["time", "sales"]]
    one.to_csv(folder / "one.csv", index=False)
    changes = [part for setting in SMALL for part in ("--set", setting)]
    made = call(
        "fit", folder / "one.csv", "--horizon", 5, "--output", "gaussian", "--out", folder / "run", "--json",
        *changes,
    )  # fmt: skip
    return folder, made


def test_the_command_says_what_it_inferred_and_who_won(simple):
    folder, made = simple
    assert one_object(made)["test"]["targets"]["sales"]["crps"] > 0
    assert "The task is to forecast 'sales', the only number column." in made.stderr
    report = (folder / "run" / "report.html").read_text()
    assert "Forecast: sales" in report and "Error by lead: sales" in report
    told = call("evaluate", folder / "run")
    assert told.stdout.startswith("test: MASE ")
    assert re.search("; .*likelihood is [0-9.]+ nats (above|below) that of the autoregression", told.stdout)


def test_the_calendar_goes_on_by_itself(simple):
    folder, _ = simple
    header, *lines = call("predict", folder / "run", "--data", folder / "one.csv").stdout.splitlines()
    assert header == "target,time,lead,forecast,lower,upper"
    assert [line.split(",")[1] for line in lines] == [f"2024-03-11 0{hour}:00:00" for hour in range(5)]
    printed = one_object(call("predict", folder / "run", "--data", folder / "one.csv", "--json"))
    assert len(printed["predictions"]) == 5


@pytest.mark.parametrize("hours", [1, 2, 30])
def test_a_short_file_is_enough_for_a_forecast(simple, hours, tmp_path):
    folder, _ = simple
    pd.read_csv(folder / "one.csv").iloc[-hours:].to_csv(tmp_path / "short.csv", index=False)
    found = prediction_table(folder / "run", tmp_path / "short.csv")
    assert len(found) == 5 and np.isfinite(found["forecast"]).all()


def test_a_gru_has_all_but_the_picture_of_its_gates(file, tmp_path):
    settings = [*SMALL, "horizon=6", "layer=gru", "unroll=24", "epochs=1"]  # segments carry the state
    config, _ = configure(file, None, settings, target=["sales"], group=["shop"], known=["plan"])
    run = fit(config, tmp_path / "run", progress=False)
    assert "not drawn: torch.nn.GRU does not show its gates" in report_run(run.folder).read_text()
    pictures = {path.name for path in (run.folder / "figures").iterdir()}
    assert "forecast.png" in pictures and "gates_and_state.png" not in pictures


def test_columns_and_options_that_do_not_go_together(file, tmp_path):
    for arguments, words in (
        (["japanese_vowels", "--target", "load"], "--target: only a table of your own takes that"),
        ([file, "--target", "sale"], "sale"),
        (
            [file, "--set", "bidirectional=true", "--target", "sales"],
            "a layer that looks ahead would see what",
        ),
    ):
        assert words in sentence(call("fit", *arguments, "--out", tmp_path / "run"))
        assert not (tmp_path / "run").exists()


def test_a_series_of_another_kind_is_refused():
    model = forecaster(series_from([30]))
    with pytest.raises(
        CarouselError,
        match="have the features y0, y1, other, plan, the run was trained on y0, other, plan; give",
    ):
        score(model, whole(series_from([30], targets=2)))
    with pytest.raises(
        CarouselError,
        match="does not know the series 'b', whose mean and deviation it learns in training .*; leave its rows out, or",
    ):
        score(model, whole(series_from([30], ["b"])))
    with pytest.raises(CarouselError, match="has no measured target to forecast from"):
        beyond(model, series_from([30], measured=0.0))
    with pytest.raises(CarouselError, match="there is nothing to score"):
        score(model, whole(series_from([30], measured=0.0)))
    with torch.no_grad():
        model.head.to_raw.bias[0] = torch.inf
    with pytest.raises(CarouselError, match="forecast for series 'a' is not a finite number"):
        score(model, whole(series_from([30])))


def test_a_part_without_anything_to_learn_from_is_refused():
    series = series_from([60])
    series.observed[0][:36] = False
    with pytest.raises(
        CarouselError, match="the training part has no measured target that could be forecast"
    ):
        material(small_config(), series)


@settings(max_examples=25)
@given(some_series(), st.integers(1, 30), st.sampled_from(["point", "quantile", "gaussian"]))
def test_any_series_can_be_scored_and_forecast(series, horizon, output):
    model = forecaster(series, horizon, task={"output": output})
    try:
        scores = score(model, cut(series, 10, 30)[1])
    except CarouselError as error:
        assert "nothing to score" in str(error)
    else:
        json.dumps(scores, allow_nan=False)
        assert scores["pairs"] >= 1
    try:
        found = forecast_table(model, series)
    except CarouselError as error:
        assert "no measured target" in str(error) or "rows after its last measured target" in str(error)
    else:
        assert np.isfinite(found["forecast"]).all()


def test_a_month_is_a_month_long():
    series = series_from([40])
    months = series_from([40]).__class__(
        series.values, series.observed, series.features, ("y0",), (), ("a",),
        np.array(["2020-01-31"], "M8[ns]"), span(1, "M"),
    )  # fmt: skip
    found = forecast_table(forecaster(months, horizon=2), months)
    assert found["time"].tolist() == [pd.Timestamp("2023-05-31"), pd.Timestamp("2023-06-30")]


def test_settings_reach_the_schema(file):
    config, _ = configure(file, None, ["validation_fraction=0.1", "test_fraction=0.3"], target=["sales"])
    assert config.data.table.test_start.startswith("2024-03-08T00:00")
    assert override(config, ["epochs=3"]).data.table == config.data.table


def test_series_side_by_side_are_forecast_like_each_alone():
    series = series_from([40, 17, 29], ["a", "b", "c"], season=5)
    for rows in series.observed:
        rows[-4:] = False  # what is known ahead of time about the steps to forecast
    model = forecaster(series, horizon=4, training={"history": 20})  # more than the shortest has
    together = beyond(model, series)
    assert [(found.segment, found.origin) for found in together] == [(0, 35), (1, 12), (2, 24)]
    for found in together:
        others = [rows.copy() for rows in series.observed]
        for segment, rows in enumerate(others):
            if segment != found.segment:
                rows[1:] = False
        (alone,) = (
            one
            for one in beyond(model, replace(series, observed=tuple(others)))
            if one.segment == found.segment
        )
        torch.testing.assert_close(alone.points, found.points, rtol=1e-5, atol=1e-5)
