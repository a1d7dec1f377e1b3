"""Damaged Parquet files."""

import io
import struct
from collections.abc import Iterator
from datetime import datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from damaged import ANY, GOOD, READ, parquet


def parquets() -> Iterator[tuple[str, bytes, str]]:
    good = parquet()
    stamps = [datetime(2020, 1, 1) + timedelta(days=i) for i in range(30)]
    numbers = np.arange(30) % 7
    yield "nothing", b"", "it is empty"
    yield "text", GOOD.encode(), "it is no Parquet file"
    yield "its marks alone", b"PAR1PAR1", "it is no Parquet file"
    yield "a footer without end", b"PAR1" + struct.pack("<I", 2**31 - 1) + b"PAR1", "it is no Parquet file"
    yield (
        "no rows",
        _written(pa.table({"date": pa.array([], pa.timestamp("us")), "x": pa.array([], pa.float64())})),
        "no rows",
    )
    yield "no columns", _written(pa.table({})), "it has"
    yield (
        "one row",
        _written(pa.table({"date": stamps[:1], "x": [1.0]})),
        "no series has rows at two different times",
    )
    yield "lists", parquet(z=[[i] for i in range(30)]), READ
    yield "structures", parquet(z=[{"a": i} for i in range(30)]), READ
    yield (
        "a map",
        parquet(z=pa.array([[("a", i)] for i in range(30)], pa.map_(pa.string(), pa.int64()))),
        READ,
    )
    yield "bytes", parquet(z=[b"\xff"] * 30), READ
    yield "a dictionary", parquet(z=pa.array(["a", "b"] * 15).dictionary_encode()), READ
    yield "a dictionary of numbers", parquet(z=pa.array([1.5, 2.5] * 15).dictionary_encode()), READ
    yield "a column of nulls", parquet(z=pa.nulls(30)), READ
    yield "decimals", parquet(z=pa.array([*range(30)], pa.int64()).cast(pa.decimal128(30, 2))), READ
    yield "truth values with nulls", parquet(z=[True, None, False] * 10), READ
    yield "half floats", parquet(z=pa.array(numbers.astype(np.float16))), READ
    yield "spans of time", parquet(z=pa.array([timedelta(seconds=int(n)) for n in numbers])), READ
    yield (
        "times of the day",
        parquet(z=pa.array([timedelta(seconds=int(n)).seconds for n in numbers], pa.time32("s"))),
        READ,
    )
    yield (
        "great integers",
        parquet(z=pa.array([2**64 - 1 - int(n) * 10**18 for n in numbers], pa.uint64())),
        READ,
    )
    yield "infinite numbers", parquet(z=[1.0, float("inf")] * 15), "wanted a finite float32 number"
    yield "NaN", parquet(z=[1.0, float("nan"), 3.0] * 10), READ
    yield "numbers too great for float32", parquet(z=[1.0, 1e39] * 15), "wanted a finite float32 number"
    yield (
        "times out of range",
        parquet(date=pa.array([10**15 + i for i in range(30)], pa.timestamp("s"))),
        "outside the years",
    )
    yield (
        "times with nulls",
        parquet(date=pa.array([None, *stamps[1:]], pa.timestamp("us"))),
        "is empty in data row 1",
    )
    yield "days", parquet(date=pa.array([s.date() for s in stamps])), READ
    yield "a zone", parquet(date=pa.array(stamps, pa.timestamp("us", "Europe/Berlin"))), READ
    yield "a zone of its own", parquet(date=pa.array(stamps, pa.timestamp("us", "+05:45"))), READ
    yield "a zone that is none", parquet(date=pa.array(stamps, pa.timestamp("us", "Mars/Base"))), READ
    yield "a blank name", parquet(**{" ": numbers}), READ
    yield "two names alike but for blanks", parquet(**{" x": numbers}), "it has two columns 'x'"
    yield "large texts", parquet(z=pa.array(["a", "b"] * 15, pa.large_string())), READ
    yield (
        "a text that is no UTF-8",
        parquet(
            z=pa.Array.from_buffers(
                pa.string(),
                30,
                [None, pa.array([*range(31)], pa.int32()).buffers()[1], pa.py_buffer(b"\xff" * 30)],
            )
        ),
        ANY,
    )
    for share in range(1, 20):
        yield f"cut after {share} of 20", good[: len(good) * share // 20], "it is no Parquet file"
    rng = np.random.default_rng(1)
    for i, place in enumerate(rng.integers(0, len(good), 15)):
        yield f"another byte {i}", good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :], ANY


def _written(table: pa.Table) -> bytes:
    file = io.BytesIO()
    pq.write_table(table, file)
    return file.getvalue()
