"""Days by the clock of a zone, two of which in a year have 23 and 25 hours."""

import numpy as np
import pandas as pd
import pytest

from carousel.data.tables import Table, infer_schema, read_table, reading, to_series

BERLIN = "Europe/Berlin"


def frame_of(times: object) -> pd.DataFrame:
    return pd.DataFrame({"time": times, "x": np.arange(len(times)) % 7})


def days(start: str = "2022-01-01", count: int = 400, **options: object) -> pd.DatetimeIndex:
    return pd.date_range(start, periods=count, freq="D", **options)


def printed(times: pd.DatetimeIndex) -> pd.Index:
    return times.strftime("%Y-%m-%dT%H:%M:%S%z")


def nanoseconds(times: pd.DatetimeIndex) -> list[int]:
    return times.to_numpy("M8[ns]").tolist()


CARRIED = {
    "the column's zone": (days(tz=BERLIN), {}),
    "a given zone": (days(), dict(time_zone=BERLIN)),
    "a given zone, texts": (days().strftime("%d.%m.%Y"), dict(time_zone=BERLIN)),
    "a given zone, texts with offsets": (printed(days(tz=BERLIN)), dict(time_zone=BERLIN)),
    "a given zone, seconds since 1970": (
        days(tz=BERLIN).tz_convert("UTC").to_numpy("M8[s]").astype(np.int64),
        dict(time_zone=BERLIN),
    ),
    "a given zone, days in disorder": (days()[::-1], dict(time_zone=BERLIN)),
}


@pytest.mark.parametrize("times, given", CARRIED.values(), ids=CARRIED.keys())
def test_a_day_is_a_day_across_changes_of_the_clock(times, given):
    table = Table.from_frame(frame_of(times))
    schema, said = infer_schema(table, target="x", **given)
    assert (schema.step, schema.gap, schema.time_zone, schema.local_zone) == ("1 day", None, None, BERLIN)
    assert "Days are those of the clock in Europe/Berlin." in said
    assert not any("gap" in sentence for sentence in said)
    series = to_series(table, schema)
    assert series.lengths.tolist() == [400]
    assert nanoseconds(pd.DatetimeIndex(series.times_of(0))) == nanoseconds(days())
    following = to_series(table, schema, ahead=300)
    assert following.times_of(0)[-300:].tolist() == nanoseconds(days("2023-02-05", 300))
    weekdays = series.values[0][:, schema.features.index("weekday sin")]
    assert weekdays == pytest.approx(np.sin(2 * np.pi * days().weekday / 7), abs=1e-6)


NEW = {
    "of the same zone": days("2023-03-20", 20, tz=BERLIN),
    "of another zone": days("2023-03-20", 20, tz=BERLIN).tz_convert("UTC"),
    "of none": days("2023-03-20", 20),
}


@pytest.mark.parametrize("times", NEW.values(), ids=NEW.keys())
@pytest.mark.parametrize("kind", ["column's", "given"])
def test_new_rows_are_read_by_the_same_clock(times, kind):
    old = frame_of(days(tz=BERLIN if kind == "column's" else None))
    schema, _ = infer_schema(Table.from_frame(old), time_zone=None if kind == "column's" else BERLIN)
    series = to_series(Table.from_frame(frame_of(times)), schema)
    assert series.lengths.tolist() == [20]
    assert nanoseconds(pd.DatetimeIndex(series.times_of(0))) == nanoseconds(days("2023-03-20", 20))


@pytest.mark.parametrize("freq, step", [("7D", "1 week"), ("2D", "2 days"), ("MS", "1 month")])
def test_other_whole_days(freq, step):
    times = pd.date_range("2020-01-01", periods=90, freq=freq, tz=BERLIN)
    table = Table.from_frame(frame_of(times))
    schema, _ = infer_schema(table)
    assert (schema.step, schema.local_zone) == (step, BERLIN)
    assert to_series(table, schema).times_of(0).tolist() == nanoseconds(times.tz_localize(None))


def test_a_streamed_file(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "STREAM_BYTES", 0)
    path = tmp_path / "days.parquet"
    frame_of(days(tz=BERLIN)).to_parquet(path)
    table = read_table(path)
    assert table.streamed
    schema, _ = infer_schema(table)
    series = to_series(table, schema)
    assert series.lengths.tolist() == [400]
    assert series.times_of(0).tolist() == nanoseconds(days())


def test_a_missing_day_is_still_a_gap():
    table = Table.from_frame(frame_of(days(tz=BERLIN).delete(200)))
    schema, _ = infer_schema(table)
    assert to_series(table, schema).lengths.tolist() == [200, 199]


UTC = {
    "hours": (pd.date_range("2022-03-20", periods=400, freq="h", tz=BERLIN), {}),
    "hours, back": (pd.date_range("2022-10-20", periods=400, freq="h", tz=BERLIN), {}),
    "quarter days, the clock unchanged": (
        pd.date_range("2021-11-05", periods=400, freq="6h", tz=BERLIN),
        {},
    ),
    "days of UTC": (days(tz="UTC"), {}),
    "days of UTC in another zone": (days(tz="UTC").tz_convert(BERLIN), {}),
    "days of UTC, and a zone for the calendar": (days(tz="UTC"), dict(time_zone=BERLIN)),
    "days of a fixed offset": (days(tz="+02:00"), {}),
}


@pytest.mark.parametrize("times, given", UTC.values(), ids=UTC.keys())
def test_what_is_even_in_utc_stays_there(times, given):
    table = Table.from_frame(frame_of(times))
    schema, _ = infer_schema(table, **given)
    assert (schema.time_zone, schema.local_zone) == (given.get("time_zone"), None)
    series = to_series(table, schema)
    assert series.lengths.tolist() == [400]
    assert series.times_of(0).tolist() == nanoseconds(times.tz_convert(None))


def test_rows_that_a_clock_set_back_would_make_one_stay_two():
    twice = pd.DatetimeIndex(["2022-10-30T00:30", "2022-10-30T01:30"], tz="UTC").tz_convert(BERLIN)
    times = days(tz=BERLIN).append(twice).sort_values()
    table = Table.from_frame(frame_of(times))
    schema, said = infer_schema(table)
    assert schema.local_zone is None
    assert not any("time of another" in sentence for sentence in said)
    assert to_series(table, schema).lengths.sum() == 402
