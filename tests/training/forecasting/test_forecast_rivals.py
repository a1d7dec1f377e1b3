"""Rivals are scored on the very pairs of origin and lead that the model is scored on."""

import sys

import numpy as np
import pytest

from carousel.training.forecasting import rivals, score
from carousel.training.forecasting.parts import cut
from carousel.training.forecasting.verdict import verdict
from some_series import forecaster, series_from

PARTS = 120, 200


def parts(series):
    learning, choosing, testing = cut(series, *PARTS)
    return testing._replace(past=(learning, choosing))


def test_the_autoregression_is_scored_on_every_pair_that_counts():
    series = series_from([150, 130], season=5, targets=2, measured=0.8)
    model, test = forecaster(series), parts(series)
    scores = score(model, test)
    found = rivals.learnt(model, test).found["ar"]
    for target, name in enumerate(series.targets):
        errors = []
        for segment, (first, stop, end) in enumerate(zip(test.counted, test.stops, test.ends, strict=True)):
            y, measured = series.values[segment][:, target].astype(float), series.observed[segment][:, target]
            for origin in range(first, stop):
                said = found[target].told(segment, origin, origin + 1)[0][0]
                errors += [
                    abs(said[lead - 1] - y[origin + lead])
                    for lead in (1, 2, 3)
                    if origin + lead < end and measured[origin + lead]
                ]
        assert scores["targets"][name]["ar"]["mae"] == pytest.approx(np.mean(errors))
    assert scores["mase"]["ar"] > 0 and scores["nll"] is None and scores["left_out"] == {}


def test_normal_distributions_are_compared_with_others(monkeypatch):
    series = series_from([400])
    model = forecaster(series, horizon=1, base="none", task={"output": "gaussian"})
    test = parts(series)
    scores = score(model, test)
    assert list(scores["nll"]) == ["forecast", "ar", "constant", "garch"]
    y = series.values[0][:, 0].astype(float)
    mean, deviation = y[:200].mean(), y[:200].std()
    wanted = (0.5 * ((y[200:] - mean) / deviation) ** 2 + np.log(deviation) + np.log(2 * np.pi) / 2).mean()
    assert scores["nll"]["constant"] == pytest.approx(wanted, abs=1e-6)
    told = verdict(scores["mase"], scores["nll"], scores["left_out"])
    assert "likelihood is " in told and told.endswith(" that of the constant distribution")
    monkeypatch.setitem(sys.modules, "arch", None)
    scores = score(model, test)
    assert list(scores["nll"]) == ["forecast", "ar", "constant"]
    assert verdict(scores["mase"], scores["nll"], scores["left_out"]).endswith(
        "; GARCH(1,1) is left out: it needs the package arch; run pip install 'carousel-lstm[volatility]'"
    )


def test_where_a_level_can_be_told_there_is_no_garch():
    series = series_from([400])
    model = forecaster(series, horizon=1, base="last", task={"output": "gaussian"})
    assert list(rivals.learnt(model, parts(series)).found) == ["ar", "constant"]


def test_without_a_past_there_are_the_naive_forecasts_alone():
    series = series_from([400])
    _, _, testing = cut(series, *PARTS)
    scores = score(forecaster(series), testing)
    assert list(scores["mase"]) == ["forecast", "persistence", "seasonal"]
    assert scores["targets"]["y0"]["ar"] is None
