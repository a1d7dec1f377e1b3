"""The file of a forecaster answers as the model does."""

import json
from dataclasses import replace

import numpy as np
import onnx
import pytest
import torch
from exported import session_of, valid_model

from carousel.data import Series
from carousel.data.tables import read_table, to_series
from carousel.onnx import _forecaster
from carousel.onnx._export import write_model
from carousel.onnx.from_run import export_run
from carousel.training import SeriesForecaster, configure, fit
from carousel.training.forecasting import beyond
from helpers import assert_same
from some_series import forecaster, series_from

HORIZON = 5
CASES = {
    "quantiles of groups": ("ab", 4, "season", {}),
    "a horizon of several seasons": ("a", 2, "season", {}),
    "a normal distribution, full peepholes": (
        "ab", 7, "season", {"task": {"output": "gaussian"}, "model": {"layer": "vanilla"}},
    ),
    "points beside the last value": ("a", None, "last", {"task": {"output": "point"}}),
    "the last value where there is a season": ("abc", 6, "last", {}),
    "no base": ("ab", 3, "none", {}),
    "a season is wanted, there is none": ("ab", None, "season", {}),
    "a window, every row read, two layers": (
        "ab", 4, "season",
        {"model": {"layer": "augmented", "context": (2, 0), "num_layers": 2}, "training": {"unroll": 16}},
    ),
    "a window, as many rows as in training": ("ab", 3, "none", {"model": {"layer": "augmented", "context": (3, 0)}}),
    "torch's layer": ("ab", 4, "last", {"model": {"layer": "torch", "num_layers": 2}}),
    "a projection": ("ab", 4, "last", {"model": {"layer": "lstm", "proj_size": 2}}),
}  # fmt: skip


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request, tmp_path_factory) -> tuple[SeriesForecaster, Series, onnx.ModelProto]:
    groups, season, base, sections = CASES[request.param]
    lengths = [40, 31, 26][: len(groups)]
    series = series_from(lengths, list(groups), targets=2, season=season, measured=0.6)
    model = forecaster(series, HORIZON, base, **sections)
    path = tmp_path_factory.mktemp("file") / "model.onnx"
    write_model(_forecaster.graph_of(model, model.lstm), path, {})
    valid_model(path)
    return model, series, session_of(path)


def cut(series: Series, length: int) -> Series:
    """So many rows, of which the last was measured, and behind them those of the horizon."""
    found = {
        name: tuple(part[: length + HORIZON].copy() for part in getattr(series, name))
        for name in ("values", "observed")
    }
    for observed in found["observed"]:
        observed[length - 1], observed[length:] = True, False
    return replace(series, **found)


def fed(model, series, wanted) -> dict[str, np.ndarray]:
    """What the file takes to forecast as `beyond` does: the rows up to each origin, NaN behind them."""
    lengths = np.array([one.origin + 1 for one in wanted])
    shape = max(lengths), len(wanted)
    feed = {
        "input": np.full((*shape, len(model.features)), np.nan, np.float32),
        "observed": np.ones((*shape, len(model.targets)), bool),
        "lengths": lengths,
    }
    ahead = []
    for column, one in enumerate(wanted):
        rows = slice(0, one.origin + 1)
        feed["input"][rows, column] = series.values[one.segment][rows]
        feed["observed"][rows, column] = series.observed[one.segment][rows]
        ahead.append(series.values[one.segment][one.origin + 1 :][: model.horizon, series.known_columns])
    if model.known:
        feed["known"] = np.stack(ahead, axis=1)
    if len(model.groups) > 1:
        feed["group"] = np.array([model.groups.index(series.groups[one.segment]) for one in wanted])
    return feed


def assert_answers(session, model, series) -> None:
    """Together and one by one."""
    found = beyond(model, series)
    assert len(found) == len(series)
    for wanted in (found, *([one] for one in found)):
        got = session.run(None, fed(model, series, wanted))
        points = torch.stack([one.points for one in wanted])
        answers = [model.output.middle(points), model.output.quantiles(points)]
        for number, answer in zip(got, answers[: 1 + bool(model.output.levels)], strict=True):
            assert_same(number, answer.numpy(), 1e-5)


@pytest.mark.parametrize("length", [1, 2, 3, 4, 8, 21])
def test_forecasts_are_those_of_the_model(case, length):
    model, series, session = case
    assert_answers(session, model, cut(series, length))


def test_series_of_different_lengths(case):
    model, series, session = case
    observed = tuple(rows.copy() for rows in series.observed)
    for rows in observed:
        rows[-HORIZON:] = False
    assert_answers(session, model, replace(series, observed=observed))


def test_the_file_of_a_run(tmp_path):
    random = np.random.default_rng(0)
    sold = 50 + 20 * np.sin(np.arange(150) / 3) + random.normal(size=(2, 150))
    cells = np.where(random.random(sold.shape) < 0.1, "", np.round(sold, 3).astype(str))
    cells = np.concatenate([cells, np.full((2, 4), "")], axis=1)
    lines = [
        f"{time},{shop},{cell},{time % 5}"
        for shop, row in zip("xy", cells, strict=True)
        for time, cell in enumerate(row)
    ]
    file = tmp_path / "shops.csv"
    file.write_text("\n".join(["time,shop,sold,plan", *lines]))
    changes = {"hidden_size": 4, "epochs": 1, "horizon": 4, "history": 20, "learning_rate": 0.05}
    config, _ = configure(file, "forecast", changes, target=["sold"], group=["shop"], known=["plan"])
    run = fit(config, tmp_path / "run", progress=False)
    path = export_run(run.folder)
    model, schema = run.load_model(), run.config.data.table
    assert_answers(session_of(path), model, to_series(read_table(file, schema), schema, ahead=4))
    told = {part.key: part.value for part in onnx.load(path).metadata_props}
    assert told.pop("layer").startswith("LSTM(")
    assert {name: json.loads(text) for name, text in told.items()} == json.loads(json.dumps(model.names))
