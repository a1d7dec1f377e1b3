"""Rows of features, put where their segments want them."""

import os
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from carousel.data.fill import carry_forward
from carousel.data.schema import Schema
from carousel.data.steps import nanoseconds
from carousel.data.tables.calendar import calendar_features
from carousel.data.tables.cells import numbers, texts
from carousel.data.tables.layout import Integers, Located, Segments, Spacing, Walk, is_gap
from carousel.data.tables.store import Room, Stored, disk_rows, memory_rows

CHUNK = 65_536


def room_for(located: Located, folder: str | os.PathLike[str] | None) -> Room:
    """Where the rows of a table go: to memory, or to the disk of a folder where the table is streamed."""
    return disk_rows(folder) if located.table.streamed else memory_rows


def assemble(
    located: Located, segments: Segments, schema: Schema, spacing: Spacing, room: Room
) -> tuple[Stored, Stored]:
    """All rows, series after series: the features, NaN where a number is missing, and which targets were measured."""
    values = room(segments.n_rows, len(schema.features), np.float32)
    observed = room(segments.n_rows, len(schema.targets), bool)
    columns = [name for name in (*schema.numbers, *schema.categories) if name in located.table.columns]
    walk = Walk()
    for batch, codes, times, places in located.rows(columns):
        order, before, has_before, positions = walk.on(codes, times)
        found = features_of(batch, times, places, schema)[order]
        if spacing.gap is not None:
            found = np.concatenate([found, _elapsed(times[order], before, has_before, spacing)], axis=1)
        measured = ~np.isnan(found[:, [schema.numbers.index(name) for name in schema.targets]])
        rows = segments.series_offsets[codes[order]] + positions
        for first, last in _runs(rows):
            place = slice(int(rows[first]), int(rows[first]) + last - first)
            values[place] = found[first:last]
            observed[place] = measured[first:last]
    return values, observed


def _runs(rows: Integers) -> list[tuple[int, int]]:
    """Stretches of rows that lie one behind the other; of two for one place the later comes later."""
    breaks = np.flatnonzero(np.diff(rows) != 1) + 1
    edges = [0, *breaks.tolist(), len(rows)]
    return list(zip(edges, edges[1:], strict=False)) if len(rows) else []


def features_of(
    batch: pa.RecordBatch, times: Integers, places: Integers, schema: Schema
) -> npt.NDArray[np.float32]:
    """Numbers, categories, channels of missing numbers and calendar of some rows, float32 [rows, features].

    Raises:
        CarouselError: if a cell is no number, or one that does not fit float32.
    """
    plain = [numbers(batch.column(name), name, schema.decimal, places) for name in schema.numbers]
    parts: list[npt.NDArray[Any]] = [column[:, None] for column in plain]
    for name, values in schema.categories.items():
        cells = texts(batch.column(name))
        parts += [
            pc.fill_null(pc.equal(cells, value), False).to_numpy(zero_copy_only=False)[:, None]
            for value in values
        ]
    parts += [np.isnan(plain[schema.numbers.index(name)])[:, None] for name in schema.missing]
    if schema.calendar:
        parts.append(calendar_features(times.view("M8[ns]"), schema.calendar, schema.time_zone))
    return (
        np.concatenate([part.astype(np.float32) for part in parts], axis=1)
        if parts
        else np.empty((batch.num_rows, 0), np.float32)
    )


def _elapsed(
    times: Integers, before: Integers, has_before: npt.NDArray[np.bool_], spacing: Spacing
) -> npt.NDArray[np.float32]:
    """How many usual steps have passed since the row before, 1 in the first row of a segment."""
    inside = has_before & ~is_gap(before, times, spacing)
    steps = (times - before) / nanoseconds(spacing.step)
    return np.where(inside, steps, 1.0).astype(np.float32)[:, None]


def fill_segment(rows: Stored, schema: Schema) -> None:
    """Fill what is missing in the rows of one segment, from what came before in it, else with the schema's numbers."""
    before = np.full(len(schema.features), np.nan, np.float32)
    before[: len(schema.numbers)] = [schema.fill.get(name, 0.0) for name in schema.numbers]
    for first in range(0, len(rows), CHUNK):
        chunk = np.asarray(rows[first : first + CHUNK])
        filled, before = carry_forward(chunk, before)
        if filled is not chunk:
            rows[first : first + len(chunk)] = filled


def stretch(
    located: Located, segments: Segments, segment: int, rows: range, name: str, decimal: str
) -> npt.NDArray[np.float64]:
    """One column in some rows of a segment, without missing numbers: the last one before, else 0, stands for them."""
    found = np.full((len(rows), 1), np.nan, np.float32)
    begin = int(segments.offsets[segment]) + rows.start
    walk = Walk()
    for batch, codes, times, places in located.rows([name]):
        order, _, _, positions = walk.on(codes, times)
        where = segments.series_offsets[codes[order]] + positions - begin
        inside = (where >= 0) & (where < len(rows)) & (codes[order] == segments.codes[segment])
        if inside.any():
            found[where[inside], 0] = numbers(batch.column(name), name, decimal, places)[order][inside]
    filled, _ = carry_forward(found, np.zeros(1, np.float32))
    return filled[:, 0].astype(np.float64)
