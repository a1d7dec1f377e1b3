"""Parquet files that are read piece by piece: the same series as from memory, in memory that does not grow."""

import subprocess
import sys
import tempfile

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from frames import hourly

from carousel.data.tables import Table, infer_schema, read_table, reading, store, to_sequences, to_series
from carousel.data.tables.ahead import extended
from carousel.data.tables.store import FileRows
from carousel.errors import CarouselError


@pytest.fixture
def streamed(tmp_path, monkeypatch):
    """What makes of a frame a table that is streamed in small pieces."""

    def table(frame):
        path = tmp_path / "x.parquet"
        frame.to_parquet(path, row_group_size=700, index=False)
        monkeypatch.setattr(reading, "STREAM_BYTES", 0)
        monkeypatch.setattr("carousel.data.tables.table.BATCH_ROWS", 130)
        monkeypatch.setattr("carousel.data.tables.assembly.CHUNK", 90)
        found = read_table(path)
        assert found.streamed
        return found

    return table


def frames():
    rng = np.random.default_rng(0)
    one = hourly(2000, kind=rng.choice(["a", "b", "c"], 2000), temperature=rng.normal(size=2000))
    one.loc[rng.choice(2000, 100), "temperature"] = np.nan
    one.loc[rng.choice(2000, 50), "load"] = np.nan
    one.loc[800:1100, "temperature"] = np.nan
    gaps = one.drop(index=rng.choice(2000, 5, replace=False))
    doubled = pd.concat([gaps, gaps.iloc[[10, 500, 501]].assign(load=7.0)]).sort_values("time", kind="stable")
    several = pd.concat([gaps.assign(shop="x"), one.iloc[300:1500].assign(shop="y")])
    days = one.iloc[:500].assign(time=pd.bdate_range("2000", periods=500))
    numbered = one.assign(time=np.arange(2000) * 5)
    return {
        "one series": one,
        "gaps": gaps,
        "rows twice": doubled,
        "series one behind the other": several,
        "series side by side": several.sort_values("time", kind="stable"),
        "trading days": days,
        "integer times": numbered,
        "no times": one.drop(columns="time"),
    }


@pytest.mark.parametrize("what", frames())
def test_streaming_gives_the_same_schema_and_series(what, streamed, tmp_path):
    frame = frames()[what]
    given = {"target": "load", "group": ("shop",) if "shop" in frame else ()}
    whole = Table.from_frame(frame)
    schema, said = infer_schema(whole, **given)
    kept = to_series(whole, schema)
    table = streamed(frame)
    other_schema, other_said = infer_schema(table, **given)
    assert other_said == said
    assert other_schema.model_dump(exclude={"fill"}) == schema.model_dump(exclude={"fill"})
    assert other_schema.fill == pytest.approx(schema.fill, rel=1e-12)
    on_disk = to_series(table, schema, tmp_path)
    assert len(on_disk) == len(kept)
    assert on_disk.groups == kept.groups
    assert on_disk.starts.tolist() == kept.starts.tolist()
    for i in range(len(kept)):
        assert isinstance(kept.values[i], np.ndarray)
        assert not isinstance(on_disk.values[i], np.ndarray)
        n = len(kept.values[i])
        for rows in (slice(0, n), slice(n // 3, n // 2), slice(-5, None), slice(n, n + 3)):
            assert np.array_equal(on_disk.values[i][rows], kept.values[i][rows])
            assert np.array_equal(on_disk.observed[i][rows], kept.observed[i][rows])
        assert on_disk.times_of(i).tolist() == kept.times_of(i).tolist()
    assert [file.name for file in tmp_path.iterdir()] == ["x.parquet"], (
        "rows on disk have no name to be left behind"
    )


@pytest.mark.parametrize("what", ["gaps", "trading days", "series side by side"])
def test_what_goes_on_behind_the_file_is_as_from_memory_and_reads_only_its_end(
    what, streamed, tmp_path, monkeypatch
):
    frame = frames()[what]
    frame.loc[frame.index[-3:], "load"] = np.nan
    given = {"target": "load", "group": ("shop",) if "shop" in frame else ()}
    schema, _ = infer_schema(Table.from_frame(frame), **given)
    wanted = to_series(Table.from_frame(frame), schema, ahead=7)
    plain = to_series(streamed(frame), schema, tmp_path)
    monkeypatch.setattr("carousel.data.series.BLOCK", 10)
    read, original = [], FileRows.__getitem__
    monkeypatch.setattr(FileRows, "__getitem__", lambda rows, part: read.append(part) or original(rows, part))
    found = extended(plain, schema, 7)
    asked = [part.stop - part.start for part in read]
    assert sum(asked) <= len(plain) * 25 and max(asked) <= 10
    assert found.lengths.tolist() == wanted.lengths.tolist()
    for i, length in enumerate(wanted.lengths):
        for rows in (
            slice(0, length),
            slice(-9, None),
            slice(length - 3, length + 9),
            slice(5, 1),
            slice(0, 40, 7),
        ):
            assert np.array_equal(found.values[i][rows], wanted.values[i][rows])
            assert np.array_equal(found.observed[i][rows], wanted.observed[i][rows])
        assert found.times_of(i).tolist() == wanted.times_of(i).tolist()


def test_rows_lie_where_large_temporary_files_do(streamed, monkeypatch, tmp_path):
    monkeypatch.setattr(store, "LARGE", str(tmp_path))
    monkeypatch.delenv("TMPDIR", raising=False)
    assert store.place_of_rows() == tmp_path
    monkeypatch.setattr(store, "LARGE", str(tmp_path / "none"))
    assert str(store.place_of_rows()) == tempfile.gettempdir()
    monkeypatch.setattr(store, "LARGE", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path / "named"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    (tmp_path / "named").mkdir()
    assert store.place_of_rows() == tmp_path / "named"
    table = streamed(hourly(500))
    schema, _ = infer_schema(table)
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(CarouselError, match="or name another folder in the environment variable TMPDIR"):
        to_series(table, schema)


def test_rows_in_disorder_cannot_be_streamed(streamed):
    with pytest.raises(CarouselError, match="its rows are not in order of time within each series"):
        infer_schema(streamed(hourly(500).iloc[::-1]))


def test_sequences_with_labels_are_not_streamed(streamed):
    frame = pd.concat([hourly(20, id=i, label="ab"[i % 2]) for i in range(6)])
    schema, _ = infer_schema(Table.from_frame(frame), task="classify", group="id")
    table = streamed(frame)
    for call in (lambda: infer_schema(table, task="classify"), lambda: to_sequences(table, schema)):
        with pytest.raises(CarouselError, match="it is too large for sequences with a label"):
            call()


def test_a_folder_that_cannot_keep_rows(streamed, tmp_path, monkeypatch):
    table = streamed(hourly(500))
    schema, _ = infer_schema(table)
    with pytest.raises(CarouselError, match="cannot keep rows in '.*nowhere': No such file or directory"):
        to_series(table, schema, tmp_path / "nowhere")
    monkeypatch.setattr("shutil.disk_usage", lambda _: type("Usage", (), {"free": 1000}))
    with pytest.raises(
        CarouselError, match="where 0.0 GB are free; free some space or choose another folder"
    ):
        to_series(table, schema, tmp_path)


def test_a_file_that_is_cut_while_it_is_streamed(streamed):
    table = streamed(hourly(5000))
    schema, _ = infer_schema(table)
    content = table.source.read_bytes()
    table.source.write_bytes(content[: len(content) // 2])
    with pytest.raises(CarouselError, match="it is no Parquet file, or one that is cut short or damaged"):
        to_series(table, schema)


def test_texts_that_are_none(tmp_path, monkeypatch):
    monkeypatch.setattr(reading, "STREAM_BYTES", 0)
    offsets = pa.array(range(61), pa.int32()).buffers()[1]
    texts = pa.Array.from_buffers(pa.string(), 60, [None, offsets, pa.py_buffer(b"\xff" * 60)])
    frame = hourly(60)
    pq.write_table(
        pa.table({"time": frame["time"], "load": frame["load"], "kind": texts}), tmp_path / "x.parquet"
    )
    with pytest.raises(CarouselError, match="it is no Parquet file, or one that is cut short or damaged"):
        infer_schema(read_table(tmp_path / "x.parquet"))


PROGRAM = """
import resource, sys
from carousel.data.tables import infer_schema, read_table, reading, to_series
reading.STREAM_BYTES = 0
table = read_table(sys.argv[1])
series = to_series(table, infer_schema(table)[0])
assert len(series.values[0]) == table.n_rows
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def test_memory_does_not_grow_with_the_file(tmp_path):
    def write(rows):
        path = tmp_path / f"{rows}.parquet"
        waves = [np.sin(np.arange(100_000) / (7.0 + i)).astype(np.float32) for i in range(12)]
        schema = pa.schema([("t", pa.int64()), *((f"x{i}", pa.float32()) for i in range(12))])
        with pq.ParquetWriter(path, schema, use_dictionary=False, compression=None) as file:
            for first in range(0, rows, 100_000):
                columns = {"t": np.arange(first, first + 100_000)} | {
                    f"x{i}": wave for i, wave in enumerate(waves)
                }
                file.write_table(pa.table(columns))
        return path

    def peak(path):
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=True
        )
        return int(done.stdout) / 1024  # MiB

    small, large = peak(write(300_000)), peak(write(1_200_000))
    grown = 900_000 * 12 * 4 / 2**20
    assert large - small < grown / 2, (
        f"{small:.0f} MiB for 300,000 rows, {large:.0f} MiB for four times as many"
    )
