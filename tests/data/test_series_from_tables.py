"""Tables as series: segments, gaps, duplicates, missing numbers, kinds of columns, what is said of them."""

import numpy as np
import pandas as pd
import pytest
from frames import hourly, read_back
from hypothesis import given
from hypothesis import strategies as st

from carousel.data.tables import Table, calendar_features, infer_schema, to_series
from refusals import refusal


def test_a_plain_table():
    frame = hourly()
    schema, said, series = read_back(frame)
    assert (schema.task, schema.time, schema.targets, schema.step, schema.season) == (
        "forecast",
        ("time",),
        ("load",),
        "1 hour",
        24,
    )
    assert said == [
        "The task is to forecast 'load', the only number column.",
        "Time is column 'time', ISO 8601.",
        "The step is 1 hour.",
        "The season is 24 steps (1 day): the autocorrelation of the changes of 'load' is 0.66 there.",
        "The hour becomes a feature, known ahead.",
        "Validation begins at 2020-01-07, the test at 2020-01-09.",
    ]
    assert series.values[0][:, 0].tolist() == frame["load"].astype(np.float32).tolist()
    assert np.array_equal(series.values[0][:, 1:], calendar_features(frame["time"].to_numpy(), ("hour",)))
    assert series.times_of(0).tolist() == frame["time"].to_numpy("M8[ns]").tolist()
    assert series.known == ("hour sin", "hour cos")
    assert series.observed[0].all()


def test_series_are_cut_at_gaps_and_never_bridged():
    frame = hourly().drop(index=[50, 51, 120])
    schema, said, series = read_back(frame)
    assert series.lengths.tolist() == [50, 68, 119]
    assert (
        "2 gaps, the first before 2020-01-03 04:00: series are cut there into 3 segments of 50 to 119 rows."
        in said
    )
    joined = np.concatenate([rows[:, 0] for rows in series.values])
    assert joined.tolist() == frame["load"].astype(np.float32).tolist()
    times = np.concatenate([series.times_of(i) for i in range(3)])
    assert times.tolist() == frame["time"].to_numpy("M8[ns]").tolist()


@given(order=st.permutations(range(60)), doubled=st.sets(st.integers(0, 59), max_size=3))
def test_order_and_duplicates_of_rows_do_not_matter(order, doubled):
    frame = hourly(60)
    wrong = frame.loc[sorted(doubled)].assign(load=-9.0)
    shuffled = pd.concat([wrong, frame.iloc[list(order)]])
    _, said, series = read_back(shuffled)
    _, _, wanted = read_back(frame)
    assert series.values[0].tolist() == wanted.values[0].tolist()
    assert any("the last of them counts" in sentence for sentence in said) == bool(doubled)


def test_groups_are_found_where_times_repeat_and_share_no_rows():
    frame = pd.concat([hourly(100, shop="a"), hourly(80, shop="b").assign(load=5.0)]).sort_values("time")
    schema, said, series = read_back(frame)
    assert schema.group == ("shop",)
    assert "2 series, told apart by 'shop', for times repeat." in said
    assert series.groups == ("a", "b")
    assert series.lengths.tolist() == [100, 80]
    assert (series.values[1][:, 0] == 5).all()


def test_two_columns_may_name_a_group():
    frame = pd.concat(
        [hourly(50, shop=s, item=i).assign(load=lambda d: d.load + 1) for s in "ab" for i in "cd"]
    )
    schema, _, series = read_back(frame)
    assert schema.group == ("shop", "item")
    assert series.groups == ("a / c", "a / d", "b / c", "b / d")


def test_missing_numbers_are_the_last_before_them_and_marked():
    frame = hourly(100)
    frame.loc[[0, 10, 11, 90], "load"] = np.nan
    schema, said, series = read_back(frame)
    values, observed = series.values[0], series.observed[0][:, 0]
    assert values[10, 0] == values[11, 0] == np.float32(frame["load"][9])
    assert values[0, 0] == np.float32(schema.fill["load"])
    assert np.flatnonzero(~observed).tolist() == [0, 10, 11, 90]
    assert np.flatnonzero(values[:, schema.features.index("load missing")]).tolist() == [0, 10, 11, 90]
    assert (
        "Column 'load' lacks 3 numbers before validation begins (5.0% of rows): filled in, and 'load missing' says where."
        in said
    )


def test_nothing_is_carried_over_a_gap():
    frame = hourly(100).drop(index=[30])
    frame.loc[31, "load"] = np.nan
    schema, _, series = read_back(frame)
    assert series.values[1][0, 0] == np.float32(schema.fill["load"])


def test_kinds_of_columns():
    frame = hourly(
        100,
        kind=["sun", "rain", None, "sun"] * 25,
        on=[True, False] * 50,
        fixed=3.0,
        note=[f"note {i}" for i in range(100)],
        row=np.arange(100),
        empty=np.nan,
        day=pd.date_range("2020", periods=100, freq="h").normalize(),
        words=["7", "8,5", "NA", "1.000,5"] * 25,
    )
    frame["words"] = frame["words"].str.replace(".", "").str.replace(",", ".")
    schema, said, series = read_back(frame, time="time")
    assert schema.numbers == ("load", "on", "words")
    assert schema.categories == {"kind": ("rain", "sun")}
    assert schema.ignored == {
        "fixed": "3 in every row",
        "note": "more than 50 different texts",
        "row": "only counts the rows",
        "empty": "empty",
        "day": "times beside the time of the rows",
    }
    rows = series.values[0]
    assert rows[:4, series.features.index("kind=sun")].tolist() == [1, 0, 0, 1]
    assert rows[:4, series.features.index("kind=rain")].tolist() == [0, 1, 0, 0]
    assert rows[:4, series.features.index("on")].tolist() == [1, 0, 1, 0]
    assert rows[:4, series.features.index("words")].tolist() == [7, 8.5, 8.5, 1000.5]


def test_new_rows_read_like_the_old():
    frame = hourly(200, kind=["sun", "rain"] * 100)
    frame.loc[3, "load"] = np.nan
    schema, _, _ = read_back(frame)
    new = hourly(30, kind=["hail", "sun"] * 15, more=1).assign(load=np.nan)
    series = to_series(Table.from_frame(new), schema)
    assert series.features == schema.features
    assert series.values[0][:2, series.features.index("kind=sun")].tolist() == [0, 1]
    assert (series.values[0][:, 0] == np.float32(schema.fill["load"])).all()
    assert not series.observed[0].any()
    assert refusal(to_series, Table.from_frame(new.drop(columns="kind")), schema).startswith(
        "the schema's column 'kind' is not in the table; "
    )


def test_trading_days_are_steps_with_the_time_that_elapsed():
    days = pd.bdate_range("2020", periods=200)
    days = days.delete(range(100, 110))
    frame = pd.DataFrame({"day": days, "price": np.random.default_rng(0).normal(size=len(days)).cumsum()})
    schema, said, series = read_back(frame)
    assert (schema.step, schema.gap) == ("1 day", "10 days")
    assert series.lengths.tolist() == [100, 90]
    elapsed = series.values[0][:, series.features.index("elapsed")]
    assert set(elapsed.tolist()) == {1, 3}
    assert np.concatenate(series.times).tolist() == days.to_numpy("M8[ns]").tolist()
    assert said[2].startswith(
        "Rows are not evenly spaced (79% of rows follow after 1 day and 20% of rows follow after 3 days)"
    )


@pytest.mark.parametrize(
    "freq, step", [("MS", "1 month"), ("ME", "1 month"), ("QS", "3 months"), ("YS", "1 year")]
)
def test_months_and_years_are_even(freq, step):
    days = pd.date_range("1950-01-01", periods=60, freq=freq)
    frame = pd.DataFrame({"when": days, "x": np.arange(60) % 7})
    schema, _, series = read_back(frame)
    assert (schema.step, schema.gap) == (step, None)
    assert series.times_of(0).tolist() == days.to_numpy("M8[ns]").tolist()
    _, _, cut = read_back(frame.drop(index=[20]))
    assert cut.lengths.tolist() == [20, 39]


def test_ahead_goes_on_behind_the_last_measured_target():
    frame = hourly(100)
    frame.loc[3, "load"] = np.nan
    table = Table.from_frame(frame)
    schema, _ = infer_schema(table)
    plain, ahead = to_series(table, schema), to_series(table, schema, ahead=5)
    assert ahead.lengths.tolist() == [105]
    assert np.array_equal(ahead.values[0][:100], plain.values[0])
    assert ahead.observed[0][100:].sum() == 0
    assert (ahead.values[0][100:, 0] == plain.values[0][-1, 0]).all()
    assert (ahead.values[0][100:, schema.features.index("load missing")] == 1).all()
    hours = calendar_features(ahead.times_of(0)[100:], ("hour",))
    assert np.array_equal(
        ahead.values[0][100:][:, [schema.features.index("hour sin"), schema.features.index("hour cos")]],
        hours,
    )


def test_ahead_needs_what_is_known_ahead():
    frame = hourly(100, plan=np.arange(100) % 3)
    frame.loc[97:, "load"] = np.nan
    table = Table.from_frame(frame)
    schema, _ = infer_schema(table, target="load", known="plan")
    assert to_series(table, schema, ahead=3).lengths.tolist() == [100]
    assert to_series(table, schema, ahead=2).lengths.tolist() == [99]
    assert refusal(to_series, table, schema, ahead=5) == (
        "the series has 3 rows behind its last measured target, wanted 5 with plan, known ahead; add 2 whose targets are empty"
    )


ROLES = {
    "a foreign target": (
        dict(target="laod"),
        "the target column 'laod' is not in the table; did you mean 'load'?",
    ),
    "two roles": (
        dict(target="load", known="load"),
        "column 'load' is named as target and as known; name it once",
    ),
    "a target of words": (
        dict(target="kind", task="forecast"),
        "the target 'kind' holds texts such as 'a', wanted numbers to forecast; name another column, or the task classify",
    ),
    "a constant target": (
        dict(target="fixed"),
        "the target 'fixed' is of no use before validation begins: 1 in every row; name another column",
    ),
    "a time of words": (
        dict(time="kind"),
        "the time column 'kind' begins with 'a', which is no date and no integer; "
        "name another column, or say how it is written with --date-format (in Python date_format=), such as '%d.%m.%Y'",
    ),
    "a zone that is none": (
        dict(time_zone="Mars/Base"),
        "the time zone is 'Mars/Base', wanted one such as 'Europe/Berlin' or 'UTC'; correct it",
    ),
    "no labels": (
        dict(task="classify"),
        "to classify needs one column of labels, the same in all rows of a sequence; name it",
    ),
}


@pytest.mark.parametrize("given, sentence", ROLES.values(), ids=ROLES.keys())
def test_roles_that_do_not_fit(given, sentence):
    frame = hourly(60, kind=["a", "b"] * 30, fixed=1)
    assert refusal(infer_schema, Table.from_frame(frame), **given) == sentence


def test_much_of_a_kind_is_told_together():
    columns = {f"word{i}": ["a", "b"] * 30 for i in range(5)} | {f"one{i}": 1 for i in range(9)}
    holes = {f"hole{i}": [1.0, np.nan, 3.0] * 20 for i in range(4)}
    _, said, _ = read_back(hourly(60, **columns, **holes))
    assert said[3:6] == [
        "Columns 'one0', 'one1', 'one2', 'one3', 'one4', 'one5' and 3 more are left out: 1 in every row.",
        "Columns 'word0', 'word1', 'word2', 'word3' and 'word4' are read as categories, 10 altogether.",
        "4 columns lack numbers before validation begins, most of all 'hole0' (33.3% of rows): "
        "filled in, and channels such as 'hole0 missing' say where.",
    ]


def test_two_columns_of_a_name_in_a_frame():
    frame = hourly().rename(columns={"load": "time "})
    assert refusal(Table.from_frame, frame) == "it has two columns 'time'; give each its own name"
    twice = pd.DataFrame(np.zeros((3, 2)), columns=["load", "load"])
    assert refusal(Table.from_frame, twice) == "it has two columns 'load'; give each its own name"
