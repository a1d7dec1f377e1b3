"""Text files as tables: encodings, separators, decimal marks, dates as nations write them."""

import itertools

import numpy as np
import pandas as pd
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from carousel.data import Text, read, read_text
from carousel.data.schema import Schema
from carousel.data.tables import Table, infer_schema, read_table, to_sequences, to_series
from carousel.data.tables.dates import fitting_formats
from carousel.errors import CarouselError
from refusals import refusal


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("csv") / "x.csv"


def days(count=60):
    return pd.DataFrame(
        {"date": pd.date_range("2020-01-20", periods=count), "Größe": np.arange(count) % 9 * 1.25 + 1000}
    )


STYLES = list(itertools.product(",;\t|", ".,", ["utf-8", "utf-8-sig", "utf-16", "utf-32"], ["\n", "\r\n"]))


@pytest.mark.parametrize("separator, decimal, encoding, end", STYLES)
def test_every_style_is_read_as_the_same(path, separator, decimal, encoding, end):
    frame = days()
    frame.to_csv(path, sep=separator, decimal=decimal, encoding=encoding, lineterminator=end, index=False)
    table = read_table(path)
    schema, _ = infer_schema(table)
    assert (schema.separator, schema.decimal) == (separator, decimal)
    assert schema.targets == ("Größe",)
    assert to_series(table, schema).values[0][:, 0].tolist() == frame["Größe"].tolist()
    again = read_table(path, schema)
    assert to_series(again, schema).values[0].tolist() == to_series(table, schema).values[0].tolist()


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "cp500", "utf-16-le"])
def test_an_encoding_that_is_not_certain_has_to_be_named(path, encoding):
    days().to_csv(path, encoding=encoding, index=False)
    assert refusal(read_table, path).endswith(
        "; save it as UTF-8, or name its encoding with --encoding, in Python encoding="
    )
    table = read_table(path, encoding=encoding)
    schema, _ = infer_schema(table)
    assert (schema.targets, schema.encoding) == (("Größe",), encoding)
    assert to_series(read_table(path, schema), schema).values[0][:, 0].tolist() == days()["Größe"].tolist()


@pytest.mark.parametrize("encoding", ["utf-8", "euc-jp"])
def test_a_table_like_an_earlier_one_has_to_be_in_its_encoding(path, encoding):
    schema = Schema(task="classify", encoding=encoding)
    path.write_bytes("date,Größe\n".encode("latin-1"))
    assert refusal(read_table, path, schema).endswith(f"; save it as {encoding.upper()}")


def test_an_encoding_that_is_none(path):
    days().to_csv(path, index=False)
    sentence = f"cannot read '{path}': the encoding is 'klingon', wanted one such as 'utf-8' or 'latin-1'"
    assert refusal(read_table, path, encoding="klingon") == sentence


THOUSANDS = {
    "1,234,567.5": ".", "1 234 567.5": ".", "1'234'567.5": ".", "1\xa0234\xa0567,5": ",",
    "1.234.567,5": ",", "1\u202f234\u202f567,5": ",",
}  # fmt: skip


@pytest.mark.parametrize("cell, decimal", THOUSANDS.items())
def test_groups_of_thousands(path, cell, decimal):
    rows = [f'2020-01-{i + 1:02};"{cell}";{i % 5}{decimal}5' for i in range(30)]
    path.write_text("\n".join(["date;x;y", *rows]).replace(f'"{cell}"', f'"{cell[:-1]}0"', 1))
    table = read_table(path)
    schema, _ = infer_schema(table, target="x")
    assert to_series(table, schema).values[0][:3, 0].tolist() == [1234567.0, 1234567.5, 1234567.5]


FORMATS = [
    "%Y-%m-%d", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y",
    "%m/%d/%Y %I:%M %p", "%m/%d/%y %H:%M", "%d-%b-%Y", "%d %B %Y", "%B %d, %Y", "%d-%b-%y", "%Y%m%d", "%Y/%m/%d",
    "%Y.%m.%d %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S", "%Y%m%d%H%M", "%Y-%m-%d %H:%M:%S%z", "%d.%m.%Y, %H:%M",
]  # fmt: skip


@pytest.mark.parametrize("form", FORMATS)
def test_dates_as_nations_write_them(path, form):
    step = "6h" if "%H" in form or "%I" in form else "D"
    times = pd.date_range("2020-01-28", periods=200, freq=step, tz="UTC")
    frame = pd.DataFrame({"when": times.strftime(form), "x": np.arange(200) % 9})
    frame.to_csv(path, index=False)
    table = read_table(path)
    schema, _ = infer_schema(table)
    assert (
        to_series(table, schema).times_of(0).tolist() == times.tz_localize(None).to_numpy("M8[ns]").tolist()
    )


def test_days_or_months_first(path):
    rows = [f"{i:02}/{i:02}/2020,{i % 4}" for i in range(1, 13)]
    path.write_text("\n".join(["date,x", *rows]))
    table = read_table(path)
    assert refusal(infer_schema, table) == (
        f"in '{path}': the times in column 'date', such as '01/01/2020', can be read as '%d/%m/%Y' and '%m/%d/%Y'; "
        "say which with --date-format, in Python date_format="
    )
    assert infer_schema(table, date_format="%d/%m/%Y", time="date")[0].date_format == "%d/%m/%Y"
    schema, said = infer_schema(table, date_format="%m/%d/%Y")
    assert (schema.time, schema.date_format) == (("date",), "%m/%d/%Y")
    assert "Time is column 'date', written as %m/%d/%Y." in said


@pytest.mark.parametrize(
    "form, time, taken",
    [("%d/%m/%Y", "when", "%d/%m/%Y"), ("%Y-%m-%d", "date", "%Y-%m-%d"), ("s", "t", "s"), ("%H:%M", "date", "ISO 8601")],
)  # fmt: skip
def test_the_column_written_as_is_said_is_the_time(path, form, time, taken):
    rows = [f"2020-01-{i:02},{i:02}/{i:02}/2020,{i},{i % 4}" for i in range(1, 13)]
    path.write_text("\n".join(["date,when,t,x", *rows]))
    schema, _ = infer_schema(read_table(path), target="x", date_format=form)
    assert (schema.time, schema.date_format) == ((time,), taken)


def test_first_days_of_months_are_months(path):
    months = pd.date_range("2010", periods=40, freq="MS").strftime("%d/%m/%Y")
    pd.DataFrame({"date": months, "x": np.arange(40) % 7}).to_csv(path, index=False)
    schema, said = infer_schema(read_table(path))
    assert (schema.date_format, schema.step) == ("%d/%m/%Y", "1 month")
    assert (
        "Time is column 'date', written as %d/%m/%Y (in no other order are its rows as evenly spaced)."
        in said
    )


PARTS = {
    "a date and a time of day": ("date,clock", lambda t: [f"{t:%d/%m/%Y}", f"{t:%H:%M:%S}"]),
    "a clock with noon": ("Date,Time", lambda t: [f"{t:%m/%d/%Y}", f"{t:%I:%M:%S %p}"]),
    "a clock with dots": ("Date,at", lambda t: [f"{t:%d/%m/%Y}", f"{t:%H.%M.%S}"]),
    "an hour": ("dteday,hr", lambda t: [f"{t:%Y-%m-%d}", t.hour]),
    "year, month, day, hour": ("year,month,day,hour", lambda t: [t.year, t.month, t.day, t.hour]),
}


@pytest.mark.parametrize("names, cells", PARTS.values(), ids=PARTS.keys())
def test_times_in_several_columns(path, names, cells):
    times = pd.date_range("2020-01-28", periods=100, freq="h")
    rows = [",".join(map(str, [*cells(time), i % 7])) for i, time in enumerate(times)]
    path.write_text("\n".join([f"{names},x", *rows]))
    table = read_table(path)
    schema, _ = infer_schema(table)
    assert schema.time == tuple(names.split(","))
    assert schema.numbers == ("x",)
    assert to_series(table, schema).times_of(0).tolist() == times.to_numpy("M8[ns]").tolist()


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_counts_since_1970(path, unit):
    times = pd.date_range("2020", periods=100, freq="h").to_numpy(f"M8[{unit}]")
    for name in ("timestamp", f"unix_time ({unit})"):
        pd.DataFrame({name: times.astype(np.int64), "x": np.arange(100) % 7}).to_csv(path, index=False)
        table = read_table(path)
        schema, _ = infer_schema(table)
        assert (schema.date_format, schema.step) == (unit, "1 hour")
        assert to_series(table, schema).starts[0] == np.datetime64("2020")


def test_the_hour_of_something_once_a_day_is_a_number_like_others():
    days = pd.date_range("2020", periods=60).strftime("%d.%m.%Y")
    frame = pd.DataFrame({"date": days, "hour": np.arange(60) % 7})
    schema, _ = infer_schema(Table.from_frame(frame))
    assert (schema.time, schema.targets) == (("date",), ("hour",))


@pytest.mark.parametrize(
    "name, cells, given, is_clock",
    [
        ("t", np.arange(60) / 100, {}, True),
        ("Time [s]", np.round(np.arange(60) / 30, 3), {}, True),
        ("elapsed", pd.to_timedelta(np.arange(60), unit="min"), {}, True),
        ("voltage", np.arange(60) / 100, {}, False),
        ("t", np.arange(60) % 20 / 100, {}, False),
        ("t", np.where(np.arange(60) == 5, np.nan, np.arange(60) / 100), {}, False),
        ("t", np.arange(60) / 100, {"known": "t"}, False),
    ],
    ids=["seconds", "rounded", "spans", "no name of a time", "falls back", "a gap", "asked for"],
)
def test_a_time_in_fractions_is_nothing_to_forecast(name, cells, given, is_clock):
    frame = pd.DataFrame({name: cells, "x": np.arange(60) % 7})
    schema, said = infer_schema(Table.from_frame(frame), **given)
    assert is_clock == (name not in schema.numbers)
    assert is_clock == (f"Column '{name}' is left out: a time that is no date and no integer." in said)


def test_clocks_that_are_set_back_and_forward(path):
    """Local times of a year are a day with an hour twice and one with an hour too few, unless their zone is named."""
    true = pd.date_range("2020-03-01", "2020-11-10", freq="h", tz="UTC")
    frame = pd.DataFrame(
        {"time": true.tz_convert("Europe/Berlin").tz_localize(None), "x": np.arange(len(true)) % 7}
    )
    frame.to_csv(path, index=False)
    table = read_table(path)
    _, said = infer_schema(table)
    assert "1 row has the time of another, the first at 2020-10-25 02:00: the last of them counts." in said
    schema, _ = infer_schema(table, time_zone="Europe/Berlin")
    series = to_series(table, schema)
    assert series.lengths.tolist() == [len(true)]
    assert series.times_of(0).tolist() == true.tz_localize(None).to_numpy("M8[ns]").tolist()
    hours = series.values[0][:, schema.features.index("hour cos")]
    assert hours[23] == 1, "midnight in Berlin is 23:00 in UTC"
    two = pd.concat([frame.assign(g="a"), frame.assign(g="b")])
    two.to_csv(path, index=False)
    table = read_table(path)
    schema, _ = infer_schema(table, time_zone="Europe/Berlin", group="g")
    assert to_series(table, schema).lengths.tolist() == [len(true)] * 2


def test_times_with_zones_are_one_line(path):
    times = pd.date_range("2020-03-28", periods=60, freq="h", tz="UTC")
    pd.DataFrame({"time": times.tz_convert("Europe/Berlin"), "x": np.arange(60) % 7}).to_csv(
        path, index=False
    )
    table = read_table(path)
    series = to_series(table, infer_schema(table)[0])
    assert series.times_of(0).tolist() == times.tz_localize(None).to_numpy("M8[ns]").tolist()


@pytest.mark.parametrize("text", ["hello", "12", "1.5", "20:15", "a-b-c", "", "2020-13-45", "99/99/9999"])
def test_what_is_no_date(text):
    assert fitting_formats([text]) == []


def test_names_stay_as_printed(path):
    rows = [f"{group},2020-01-{day:02},{day % 4}" for group in ("NA", "null", "b") for day in range(1, 29)]
    path.write_text("\n".join(["series,date,x", *rows]))
    table = read_table(path)
    assert to_series(table, infer_schema(table)[0]).groups == ("NA", "null", "b")


READERS = {
    "csv": lambda path: whole(read_table(path)),
    "parquet": lambda path: whole(read_table(path)),
    "npz": read,
    "ts": read,
    "txt": read_text,
}


def whole(table):
    schema, _ = infer_schema(table)
    return to_series(table, schema) if schema.task == "forecast" else to_sequences(table, schema)


BEGINNINGS = {
    "csv": [b"date,x\n2020-01-01,1\n2020-01-02,2\n", b"sequence,step,x,label\n", b"\xff\xfe", b""],
    "parquet": [b"PAR1", b""],
    "npz": [b"PK\3\4", b""],
    "ts": [b"@classLabel true a b\n@data\n", b""],
    "txt": [b""],
}
CONTENT = st.binary() | st.text("0123456789,;.\n-:/TZ\"'@ \t\0abé=+", max_size=200).map(str.encode)


@pytest.mark.parametrize("extension", READERS)
@settings(max_examples=60)
@given(data=st.data())
def test_any_bytes_are_refused_or_read(extension, tmp_path_factory, data):
    path = tmp_path_factory.getbasetemp() / f"any.{extension}"
    path.write_bytes(data.draw(st.sampled_from(BEGINNINGS[extension])) + data.draw(CONTENT))
    try:
        found = READERS[extension](path)
    except CarouselError as error:
        assert str(error).startswith((f"cannot read '{path}': ", f"in '{path}': "))
        assert "\n" not in str(error)
    else:
        assert len(found) > 0
        assert isinstance(found, Text) or all(np.isfinite(values).all() for values in found.values)


@settings(max_examples=60)
@given(cells=st.lists(st.lists(st.text(max_size=6), min_size=3, max_size=3), min_size=1, max_size=12))
@example(cells=[["=1+1", "2020-01-01", "é"]] * 3)
@example(cells=[["", "", ""], ["", "", "0\n0"], ["", "", ""], ["", "", ""]])
def test_any_cells_are_refused_or_read(path, cells):
    pd.DataFrame(cells, columns=["a", "b", "c"]).to_csv(path, index=False)
    try:
        assert len(whole(read_table(path))) > 0
    except CarouselError as error:
        assert "\n" not in str(error)
