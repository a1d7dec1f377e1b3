"""The score of a part is that of the forecasts which `predict` makes from its origins, one by one."""

from dataclasses import replace

import numpy as np
import pytest
from test_forecast_task import SMALL
from test_predictions import north

from carousel.report import forecast
from carousel.report.forecasts import stretch
from carousel.report.from_run import report_run
from carousel.training import configure, evaluate, fit, prediction_table
from carousel.training.forecasting import beyond, from_origins
from carousel.training.forecasting.parts import whole
from helpers import assert_same
from some_series import forecaster, series_from


@pytest.mark.parametrize("unroll", [0, 3])
@pytest.mark.parametrize("layer", ["lstm", "vanilla"])
def test_an_origin_is_told_the_same_among_others_as_where_the_series_ends(layer, unroll):
    series = series_from([60], season=5)
    model = forecaster(series, model={"layer": layer}, training={"history": 8, "unroll": unroll})
    found = from_origins(model, whole(series))
    told = {ahead.origin: ahead.points for ahead in found}
    assert len(told) == len(found)
    assert sorted(told) == list(range(4, 59)), "all that have a season behind them"
    for origin in range(4, 57):
        measured = series.observed[0].copy()
        measured[origin + 1 :] = False
        (found,) = beyond(model, replace(series, observed=(measured,)))
        assert found.origin == origin
        assert_same(told[origin], found.points, 1e-5)


@pytest.mark.parametrize("settings", [["history=3"], ["history=7", "unroll=10"]], ids=["history", "unroll"])
def test_the_score_of_a_run_is_the_error_of_its_predictions(settings, tmp_path, monkeypatch):
    frame, horizon = north(240), 6
    frame.to_csv(tmp_path / "sales.csv", index=False)
    changes = [*SMALL, "layer=vanilla", "learning_rate=0.05", f"horizon={horizon}", *settings]
    config, _ = configure(tmp_path / "sales.csv", None, changes, target=["sales"])
    run = fit(config, tmp_path / "run", progress=False)
    scores = run.metrics()["test"]
    wanted = scores["targets"]["sales"]["forecast"]["by_lead"]
    errors, told = np.full((240, horizon), np.nan), {}
    for origin in range(191, 239):  # from the last row before the test part on
        told[origin] = prediction_table(run.folder, frame[: origin + 1])["forecast"].to_numpy()
        came = frame["sales"].to_numpy()[origin + 1 :][:horizon]
        errors[origin, : len(came)] = np.abs(told[origin][: len(came)] - came)
    assert np.isfinite(errors).sum() == scores["pairs"]
    np.testing.assert_allclose(np.nanmean(errors, axis=0), wanted, rtol=1e-5)
    assert evaluate(run.folder) == scores
    drawn = []
    monkeypatch.setattr(
        forecast, "stretch", lambda y, shots, *rest: drawn.append((y, shots)) or stretch(y, shots, *rest)
    )
    report_run(run.folder)
    ((y, shots),) = drawn
    assert len(shots) > 3
    for shot in shots:
        seen = slice(len(y) - 1 - shot.origin)  # what lies ahead of the stretch is not drawn
        np.testing.assert_allclose(shot.middle[seen], told[240 - len(y) + shot.origin][seen], rtol=1e-5)
