"""Tables as series or as labelled sequences, as a schema says."""

import os

import numpy as np
import numpy.typing as npt
import pyarrow.compute as pc

from carousel.data.fill import fill_sequence
from carousel.data.labels import encode_labels
from carousel.data.schema import Schema
from carousel.data.sequences import Sequences
from carousel.data.series import Series
from carousel.data.steps import from_words
from carousel.data.tables.ahead import extended
from carousel.data.tables.assembly import assemble, fill_segment, room_for
from carousel.data.tables.cells import texts
from carousel.data.tables.layout import Integers, Keys, Located, Segments, Spacing, locate, segments
from carousel.data.tables.roles import require_columns
from carousel.data.tables.store import memory_rows, part
from carousel.data.tables.table import Table, telling
from carousel.errors import CarouselError, did_you_mean


def keys_of(schema: Schema) -> Keys:
    """What tells series and time of a row, as a schema says."""
    return Keys(schema.time, schema.group, schema.date_format, schema.time_zone, schema.local_zone)


def to_series(
    table: Table, schema: Schema, folder: str | os.PathLike[str] | None = None, *, ahead: int = 0
) -> Series:
    """The rows of a table as series in segments, what is missing filled in.

    A missing number becomes the last one measured before in the same segment, else the mean of the training part in
    the schema. Categories that the schema does not know are none of those it knows.

    Args:
        table: new rows too, if they have the columns of the schema.
        schema: of a table to forecast.
        folder: where a table that is streamed keeps its rows, on disk; None: where `TMPDIR` says, else in /var/tmp.
        ahead: rows that each series has behind its last measured target, none of them observed: those of the table,
            and where it ends before, rows with the calendar of their times; 0 leaves series as they are.

    Raises:
        CarouselError: if a column is missing, a cell is not what its column holds, or the table ends before `ahead`
            rows though it has columns that are known ahead.
    """
    with telling(table):
        return _to_series(table, schema, folder, ahead)


def _to_series(table: Table, schema: Schema, folder: str | os.PathLike[str] | None, ahead: int) -> Series:
    require_columns(table, [*schema.time, *schema.group, *schema.numbers, *schema.categories], "schema's")
    located = locate(table, keys_of(schema))
    spacing = Spacing(from_words(schema.step or "1"), from_words(schema.gap) if schema.gap else None)
    pieces = segments(located, spacing)
    values, observed = assemble(located, pieces, schema, spacing, room_for(located, folder))
    bounds = [(int(first), int(count)) for first, count in zip(pieces.offsets, pieces.lengths, strict=True)]
    parts = tuple(part(values, first, count) for first, count in bounds)
    for rows in parts:
        fill_segment(rows, schema)
    names = tuple(located.keys.names)
    series = Series(
        values=parts,
        observed=tuple(part(observed, first, count) for first, count in bounds),
        features=schema.features,
        targets=schema.targets,
        known=schema.known_features,
        groups=tuple(names[code] for code in pieces.codes),
        starts=_as_times(pieces.starts, schema),
        step=spacing.step,
        season=schema.season,
        times=None
        if pieces.times is None
        else tuple(_as_times(pieces.times[first : first + count], schema) for first, count in bounds),
    )
    return extended(series, schema, ahead) if ahead else series


def _as_times(times: Integers, schema: Schema) -> npt.NDArray[np.generic]:
    return times if schema.date_format is None else times.view("M8[ns]")


def to_sequences(table: Table, schema: Schema) -> Sequences:
    """The rows of a table as one sequence for each group, in order of time, with its label if the table has one.

    A missing number becomes the last one before it in its sequence, else the first after it, else 0.

    Raises:
        CarouselError: if a column is missing, a cell is not what its column holds, or a label varies in a sequence.
    """
    with telling(table):
        return _to_sequences(table, schema)


def _to_sequences(table: Table, schema: Schema) -> Sequences:
    require_columns(table, [*schema.time, *schema.group, *schema.numbers, *schema.categories], "schema's")
    if table.streamed:
        raise CarouselError("it is too large for sequences with a label, which are held in memory; divide it")
    located = locate(table, keys_of(schema))
    pieces = segments(located, None)
    values, _ = assemble(located, pieces, schema, Spacing(1), memory_rows)
    ids = tuple(located.keys.names)
    sequences = tuple(
        fill_sequence(np.asarray(part(values, int(first), int(count))))
        for first, count in zip(pieces.offsets, pieces.lengths, strict=True)
    )
    if schema.label is None or schema.label not in table.columns:
        return Sequences(sequences, schema.features, ids)
    names = _labels(located, pieces, schema.label, ids)
    if not schema.classes:
        return Sequences(sequences, schema.features, ids, *encode_labels(names))
    for name in names:
        if name not in schema.classes:
            raise CarouselError(
                f"the label '{name}' is no class of the schema; {did_you_mean(name, schema.classes)}"
            )
    labels = np.array([schema.classes.index(name) for name in names], np.int64)
    return Sequences(sequences, schema.features, ids, labels, schema.classes)


def _labels(located: Located, pieces: Segments, label: str, ids: tuple[str, ...]) -> list[str]:
    """The one label of each sequence, from those of all its rows."""
    found: dict[int, str] = {}
    for batch, codes, _, places in located.rows([label]):
        cells = texts(batch.column(label))
        if cells.null_count:
            row = int(places[pc.index(pc.is_null(cells), True).as_py()]) + 1
            raise CarouselError(f"column '{label}' is empty in data row {row}, wanted a label; fill it")
        encoded = cells.dictionary_encode()
        names = encoded.dictionary.to_pylist()
        pairs = np.unique(np.stack([codes, encoded.indices.to_numpy().astype(np.int64)]), axis=1)
        for code, index in pairs.T:
            if found.setdefault(int(code), names[index]) != names[index]:
                raise CarouselError(
                    f"sequence '{ids[code]}' has the labels '{found[int(code)]}' and '{names[index]}', "
                    f"wanted the same in all its rows; correct column '{label}'"
                )
    return [found[code] for code in range(len(pieces.codes))]
