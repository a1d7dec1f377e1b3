"""What a forecaster tells: bands at the levels wanted, times with their zone, names as they are in the file."""

import csv
import json
import re
from pathlib import Path

import pandas as pd
import pytest
from test_forecast_task import SMALL, table

from carousel.errors import CarouselError
from carousel.report.from_run import report_run
from carousel.training import configure, csv_of, fit, open_run, override, prediction_table
from carousel.training.forecasting import beyond
from carousel.training.tasks.forecast import forecast_table
from commands import call
from some_series import small_config

TINY = [*SMALL, "horizon=2", "epochs=1"]


def north(hours: int = 120) -> pd.DataFrame:
    return table(hours).query("shop == 'north'").drop(columns="shop")


@pytest.fixture(scope="module")
def simple(tmp_path_factory):
    file = tmp_path_factory.mktemp("simple") / "one.csv"
    north(240).to_csv(file, index=False)
    return configure(file, None, TINY, target=["sales"])[0]


LEVELS = [0.1, 0.3, 0.5, 0.7, 0.9]


@pytest.mark.parametrize("output, points", [("quantile", 5), ("gaussian", 2)])
def test_levels_are_those_wanted_and_stand_on_the_label(output, points, simple, tmp_path):
    config = override(simple, [f"output={output}", f"levels={LEVELS}"])
    run = fit(config, tmp_path / "run", progress=False)
    test = run.metrics()["test"]
    assert test["levels"] == LEVELS
    assert [band["nominal"] for band in test["coverage"]] == [0.8, 0.4]
    model = run.load_model()
    assert len(model.output.anchors) == points and model.output.levels == tuple(LEVELS)
    series = run.task.read_to_answer(config, Path(config.data.file)).series
    table = forecast_table(model, series)
    quantiles = model.output.quantiles(beyond(model, series)[0].points)[:, 0]
    assert table["lower"].tolist() == quantiles[:, 0].tolist()
    assert table["upper"].tolist() == quantiles[:, -1].tolist()
    text = (run.folder / "config.yaml").read_text()
    (run.folder / "config.yaml").write_text(re.sub(r"levels:\n( +- .*\n)+", "levels: null\n", text))
    assert open_run(run.folder).config.task.levels is None
    assert run.load_model().output.levels == tuple(LEVELS), "the weights were learnt for these"


@pytest.mark.parametrize("wrong", ["[0.1, 0.5]", "[0.5]", "[0.1, 0.5, 0.8]", "[0.9, 0.5, 0.1]", "[0.2, 0.8]"])
def test_levels_that_make_no_bands(wrong):
    with pytest.raises(CarouselError, match="levels must rise in pairs about 0.5, such as") as error:
        override(small_config(), [f"levels={wrong}"])
    assert str(error.value).endswith(f"got {json.loads(wrong)}; correct them")
    with pytest.raises(CarouselError, match="output 'point' tells one number, got levels"):
        override(small_config(), ["output=point", "levels=[0.1, 0.5, 0.9]"])


def test_leads_beyond_the_test_part_have_no_score(simple, tmp_path):
    config = override(simple, ["horizon=60"])
    run = fit(config, tmp_path / "run", progress=False)
    scores = run.metrics()["test"]["targets"]["sales"]
    for rival in ("forecast", "persistence", "seasonal"):
        by_lead = scores[rival]["by_lead"]
        assert len(by_lead) == 60
        assert None not in by_lead[:48] and by_lead[48:] == [None] * 12, "the test part has 48 hours"
    text = " ".join(report_run(run.folder).read_text().split())
    assert "Of 12 leads, 49 to 60, the test part has no truth: what is forecast there is untested." in text


ZONES = {
    "of the option": (dict(time_zone="Europe/Berlin"), lambda time: time, "+01:00"),
    "of offsets": ({}, lambda time: time.dt.strftime("%Y-%m-%dT%H:%M:%S-05:00"), "+00:00"),
    "none": ({}, lambda time: time, ""),
}


@pytest.mark.parametrize("what", ZONES)
def test_times_less_than_a_day_apart_are_told_with_their_zone(what, tmp_path):
    given, written, offset = ZONES[what]
    frame = north()
    file = tmp_path / "x.csv"
    frame.assign(time=written(frame["time"])).to_csv(file, index=False)
    config, _ = configure(file, None, TINY, target=["sales"], **given)
    run = fit(config, tmp_path / "run", progress=False)
    got = call("predict", run.folder, "--data", file).stdout.splitlines()[1].split(",")
    hour = 5 if what == "of offsets" else 0
    assert got[1] == f"2024-03-06 {hour:02}:00:00{offset}"


def test_a_zone_of_the_column_is_that_of_its_forecasts(tmp_path):
    frame = north()
    frame["time"] = frame["time"].dt.tz_localize("America/New_York")
    frame.to_parquet(tmp_path / "x.parquet")
    config, _ = configure(tmp_path / "x.parquet", None, TINY, target=["sales"])
    run = fit(config, tmp_path / "run", progress=False)
    found = prediction_table(run.folder, tmp_path / "x.parquet")["time"]
    assert found[0] == pd.Timestamp("2024-03-06", tz="America/New_York")
    assert str(found.dt.tz) == "America/New_York"


def test_names_that_are_formulas_do_nothing_in_a_spreadsheet():
    names = ["=1+1", "+cmd|x", "-2+3", "@sum", "\t=1", "-5", "+49", "007", "a=b", "'x"]
    got = csv_of(pd.DataFrame({"group": names, "forecast": -1.5}))
    cells = [row[0] for row in csv.reader(got.splitlines()[1:])]
    assert cells == ["'=1+1", "'+cmd|x", "'-2+3", "'@sum", "'\t=1", *names[5:]]
    assert got.count(",-1.5") == len(names)


def test_zeros_in_front_of_a_name_stay(tmp_path):
    frame = table(120).replace({"shop": {"north": "007", "south": "7"}})
    frame.to_csv(tmp_path / "x.csv", index=False)
    config, _ = configure(tmp_path / "x.csv", None, TINY, target=["sales"], group=["shop"])
    run = fit(config, tmp_path / "run", progress=False)
    assert prediction_table(run.folder, tmp_path / "x.csv")["group"].unique().tolist() == ["007", "7"]
