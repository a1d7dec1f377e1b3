"""From a table and a few names, if any, to the schema that says all, with a sentence for each thing inferred."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc
from pydantic import ValidationError

from carousel.data.schema import Schema
from carousel.data.tables.cells import is_number, is_text, joined, plain, share_of_numbers
from carousel.data.tables.given import Given
from carousel.data.tables.grouping import names_in_runs
from carousel.data.tables.infer_classify import to_classify
from carousel.data.tables.infer_forecast import to_forecast
from carousel.data.tables.roles import require_columns
from carousel.data.tables.table import BATCH_ROWS, Table, telling
from carousel.errors import CarouselError

Task = Literal["forecast", "classify"]


def infer_schema(
    table: Table,
    *,
    task: Task | None = None,
    target: Sequence[str] | str = (),
    time: Sequence[str] | str = (),
    group: Sequence[str] | str = (),
    known: Sequence[str] | str = (),
    date_format: str | None = None,
    time_zone: str | None = None,
    validation_fraction: float = 0.2,
    test_fraction: float = 0.2,
) -> tuple[Schema, list[str]]:
    """Find out what the columns of a table are, and say so.

    To forecast, everything that depends on values (kinds of columns, categories, constants, numbers to fill in,
    season) is found in the rows before validation begins, and nothing that comes later changes it. To classify, where
    parts are drawn among whole sequences, kinds of columns are found in all rows, and nothing is fitted.

    Args:
        table: from `read_table` or `Table.from_frame`.
        task: None: to classify, where the target is text or the same in all rows of each group; else to forecast.
        target: columns to forecast, or the column of labels; (): every number column, or one that is named "label".
        time: columns of time; (): looked for.
        group: columns that tell series or sequences apart; (): looked for where times repeat.
        known: columns known ahead of time.
        date_format: of strptime, where dates can be read in two ways.
        time_zone: of times that name none, such as "Europe/Berlin".
        validation_fraction: share of rows held out to choose the best epoch; only to forecast.
        test_fraction: share of rows held out for the test, after them; only to forecast.

    Returns:
        The schema, and the sentences.

    Raises:
        CarouselError: if a name is not in the table, roles do not fit, or a cell is not what its column holds.
    """
    given = Given(_names(target), _names(time), _names(group), _names(known), date_format, time_zone)
    with telling(table):
        _require_roles(table, given)
        try:
            if (task or _task(table, given)) == "classify":
                return to_classify(table, given)
            schema, said = to_forecast(table, given, validation_fraction, test_fraction)
            return schema, said if task or given.target else [*said, *_said_of_a_label(table, schema)]
        except ValidationError as error:
            first = error.errors()[0]
            raise CarouselError(str(first.get("ctx", {}).get("error", first["msg"]))) from error


def _names(given: Sequence[str] | str) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _require_roles(table: Table, given: Given) -> None:
    roles: dict[str, str] = {}
    for role in ("time", "group", "target", "known"):
        names = getattr(given, role)
        require_columns(table, names, role)
        for name in names:
            if name in roles:
                raise CarouselError(f"column '{name}' is named as {roles[name]} and as {role}; name it once")
            roles[name] = role


def _task(table: Table, given: Given) -> Task:
    if not given.target:
        return "classify" if {"sequence", "step", "label"} <= set(table.columns) else "forecast"
    if len(given.target) > 1 or table.streamed:
        return "forecast"
    label = plain(table.column(given.target[0]).combine_chunks())
    few = is_text(label.type) and pc.count_distinct(label).as_py() < table.n_rows / 2
    if few and share_of_numbers(label, table.dialect.decimal) < 0.5:
        return "classify"
    if not given.group or not (is_number(label.type) or few):
        return "forecast"
    return "classify" if _is_constant(table, given.group, given.target[0]) else "forecast"


def _is_constant(table: Table, group: Sequence[str], name: str) -> bool:
    """Whether a column is the same in all rows of each series, of which some have several."""
    names = joined([table.column(one).combine_chunks() for one in group], " / ")
    pairs = joined([names, plain(table.column(name).combine_chunks())], " / ")
    return bool(pc.count_distinct(pairs).as_py() == pc.count_distinct(names).as_py() < table.n_rows)


def _said_of_a_label(table: Table, schema: Schema) -> list[str]:
    """That a table laid out as sequences, without dates, may be there to be classified, judged by its first rows."""
    if isinstance(table.source, Path) or schema.date_format is not None:
        return []
    table = Table.from_arrow(table.source.slice(0, BATCH_ROWS), table.dialect)
    group = schema.group or names_in_runs(table)
    if not group:
        return []
    n_sequences = _n_different(joined([table.column(name).combine_chunks() for name in group], " / "))
    for name in table.columns:
        if name in (*schema.time, *group) or not 1 < _n_different(table.column(name)) < n_sequences:
            continue
        if _is_constant(table, group, name):
            return [
                f"Column '{name}' is the same in all rows of each {' / '.join(group)}: if it is a label to tell, say "
                f"--target {shlex.quote(name)} (in Python target=)."
            ]
    return []


def _n_different(cells: pa.Array | pa.ChunkedArray) -> int:
    return int(pc.count_distinct(cells).as_py())
