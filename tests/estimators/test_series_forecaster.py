"""`carousel.Forecaster` among scikit-learn's tools."""

import pickle

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import GridSearchCV, TimeSeriesSplit
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from carousel import Forecaster
from carousel.training import Config, open_run, prediction_table
from carousel.training.config import validated
from estimators.unpickled import imports_of

SMALL = {"layer": "torch", "hidden_size": 4, "epochs": 1, "history": 12, "horizon": 3}


@pytest.fixture(scope="module")
def fitted(months, tmp_path_factory):
    return Forecaster(**SMALL, out=tmp_path_factory.mktemp("forecaster")).fit(months)


def test_it_goes_on_from_the_end_with_a_band(fitted, months):
    forecasts = fitted.predict()
    assert list(forecasts) == ["target", "time", "lead", "forecast", "lower", "upper"]
    assert forecasts["time"].tolist() == list(pd.date_range("2012-01-01", periods=3, freq="MS"))
    assert (forecasts["lower"] < forecasts["forecast"]).all()
    assert (forecasts["forecast"] < forecasts["upper"]).all()
    assert (forecasts["forecast"] - months["rain"][132:135].to_numpy()).abs().max() < 10, (
        "as a year before, about"
    )


def test_it_says_what_its_run_says(fitted):
    folder = open_run(fitted.out).folder
    pd.testing.assert_frame_equal(fitted.predict(), prediction_table(folder, folder / "data.parquet"))
    assert fitted.metrics_ == open_run(folder).metrics()


def test_a_shorter_horizon_is_the_beginning_of_the_longer_one(fitted):
    assert fitted.horizon_ == 3
    pd.testing.assert_frame_equal(fitted.predict(horizon=2), fitted.predict().iloc[:2])


def test_it_goes_on_from_other_rows(fitted, months):
    forecasts = fitted.predict(months[:100])
    assert forecasts["time"][0] == months["month"][100]
    assert not np.allclose(forecasts["forecast"], fitted.predict()["forecast"])


def test_what_the_caller_does_to_the_frame_later_changes_nothing(months):
    frame = months.copy()
    model = Forecaster(**SMALL).fit(frame)
    before = model.predict()
    frame["rain"] = 0.0
    pd.testing.assert_frame_equal(model.predict(), before)


def test_a_score_is_higher_where_the_error_is_lower(fitted, months):
    random = np.random.default_rng(2)
    noisy = months.assign(rain=months["rain"] + random.normal(0, 20, 144))
    assert fitted.score(noisy) < fitted.score(months) < 0


FORMS = {
    "array": (lambda rain: rain, ["y"], 144, None),
    "list of numbers": (lambda rain: rain.tolist(), ["y"], 144, None),
    "two targets": (lambda rain: np.stack([rain, -rain], axis=1), ["y0", "y1"], 144, None),
    "dated": (
        lambda rain: pd.Series(rain, pd.date_range("2000-01-01", periods=144, freq="MS"), name="rain"),
        ["rain"],
        pd.Timestamp("2012-01-01"),
        None,
    ),
    "periods": (
        lambda rain: pd.Series(rain, pd.period_range("2000-01", periods=144, freq="M")),
        ["y"],
        pd.Timestamp("2012-01-01"),
        None,
    ),
    "list of arrays": (lambda rain: [rain, 100 * rain[:120]], ["y"], 144, ["0", "1"]),
}


@pytest.mark.parametrize("form", FORMS)
def test_series_come_in_many_forms(form, months):
    make, targets, first, groups = FORMS[form]
    series = make(months["rain"].to_numpy())
    model = Forecaster(**SMALL).fit(series)
    forecasts = model.predict()
    assert forecasts["target"].unique().tolist() == targets
    assert forecasts["time"][0] == first
    assert (forecasts["group"].unique().tolist() if groups else None) == groups
    assert len(forecasts) == 3 * len(targets) * len(groups or [0])
    pd.testing.assert_frame_equal(model.predict(series), forecasts)
    assert model.score(series) < 0


def test_groups_and_what_is_known_ahead(months):
    shops = pd.concat(
        months.assign(shop=name, plan=np.arange(144) % 5, rain=months["rain"] * level)
        for name, level in (("north", 1), ("south", 10))
    )
    shops.loc[shops["month"] >= "2011-07-01", "rain"] = np.nan
    model = Forecaster(**SMALL, target="rain", group="shop", known="plan").fit(shops)
    forecasts = model.predict()
    assert forecasts["group"].unique().tolist() == ["north", "south"]
    assert forecasts["time"].min() == pd.Timestamp("2011-07-01")
    past = shops[shops["month"] < "2011-07-01"]
    with pytest.raises(ValueError, match="known ahead; add 3 whose targets are empty$"):
        model.predict(past)
    model = Forecaster(**SMALL, target="rain", group="shop", known="plan").fit(past)
    with pytest.raises(
        ValueError, match="; add 3 whose targets are empty, and give predict the series with them$"
    ):
        model.predict()
    assert len(model.predict(shops)) == len(forecasts)


def test_a_clone_has_the_parameters_and_not_the_weights(fitted):
    copy = clone(fitted)
    assert copy.get_params() == fitted.get_params()
    with pytest.raises(NotFittedError):
        copy.predict()


def test_a_pickle_forecasts_the_same_and_holds_no_module(fitted):
    forecasts = fitted.predict()
    again = pickle.loads(pickle.dumps(fitted))
    pd.testing.assert_frame_equal(again.predict(), forecasts)
    own = {"carousel.estimators._forecaster.Forecaster", "carousel.estimators._estimator.Fitted"}
    assert imports_of(fitted) <= own | {"builtins", "pathlib"}


def test_in_a_pipeline_and_a_grid_search(months):
    pipeline = make_pipeline(
        FunctionTransformer(lambda frame: frame.assign(rain=frame["rain"] / 2)), Forecaster(**SMALL)
    )
    search = GridSearchCV(
        pipeline, {"forecaster__hidden_size": [2, 4]}, cv=TimeSeriesSplit(2), error_score="raise"
    )
    search.fit(months)
    assert search.best_score_ < 0
    assert search.predict(months).shape == (3, 6)


def test_a_point_has_no_band(months):
    assert list(Forecaster(**SMALL, output="point").fit(months).predict()) == [
        "target",
        "time",
        "lead",
        "forecast",
    ]


def test_defaults_are_those_of_a_configuration():
    config: Config = validated({"task": {"kind": "forecast"}}, "test")
    known = {
        name: value
        for part in (config.model, config.task, config.training, config.data)
        for name, value in part
    }
    parameters = Forecaster().get_params()
    assert {name: value for name, value in parameters.items() if name in known} == {
        name: known[name] for name in parameters if name in known
    }
    of_a_frame = {"target", "time", "group", "known", "date_format", "time_zone"}
    assert set(parameters) - set(known) == of_a_frame | {"settings", "out", "progress"}


BAD = {
    "a column that is not there": (
        {"target": "snow"},
        "the target column 'snow' is not in the table; known: 'month', 'rain'",
    ),
    "a value out of range": (
        {"horizon": 0},
        "settings: task.horizon should be greater than or equal to 1, got 0",
    ),
    "an unknown setting": ({"settings": {"bases": 1}}, "unknown setting 'bases'; did you mean 'base'?"),
    "looking ahead": (
        {"settings": {"bidirectional": True}},
        "settings: a layer that looks ahead would see what task 'forecast' has to predict: bidirectional is true; "
        "set bidirectional to false and the second number of context to 0",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_parameters_are_a_value_error_in_one_sentence(name, months):
    parameters, sentence = BAD[name]
    with pytest.raises(ValueError) as raised:
        Forecaster(**{**SMALL, **parameters}).fit(months)
    assert str(raised.value) == sentence


BAD_SERIES = {
    "text": (
        np.array(["a", "b"]),
        "a series has shape (2,) and dtype <U1, wanted numbers of shape [steps] or [steps, targets]; convert it",
    ),
    "a number": (
        3.0,
        "a series has shape () and dtype float64, wanted numbers of shape [steps] or [steps, targets]; convert it",
    ),
    "too short": (
        np.arange(2.0),
        "there are 2 rows, too few different times to divide into training, validation and test; add more rows",
    ),
    "different": (
        [np.zeros(30), np.zeros((30, 2))],
        "series 1 has the columns y0, y1, the first has y; give all the same",
    ),
}


@pytest.mark.parametrize("name", BAD_SERIES)
def test_bad_series_are_a_value_error_in_one_sentence(name):
    series, sentence = BAD_SERIES[name]
    with pytest.raises(ValueError) as raised:
        Forecaster(**SMALL).fit(series)
    assert str(raised.value) == sentence


def test_series_of_another_kind_than_those_it_was_trained_on(fitted):
    with pytest.raises(ValueError) as raised:
        fitted.predict(np.zeros(30))
    assert str(raised.value) == "the schema's column 'month' is not in the table; known: 'y'"


def test_a_longer_horizon_than_the_trained_one(fitted):
    with pytest.raises(ValueError) as raised:
        fitted.predict(horizon=4)
    assert str(raised.value) == (
        "horizon is 4, wanted 1 to 3, which the model was trained for; fit with a longer one"
    )


def test_before_fit():
    with pytest.raises(NotFittedError) as raised:
        Forecaster().predict()
    assert str(raised.value) == "this Forecaster is not fitted yet; call fit first"
