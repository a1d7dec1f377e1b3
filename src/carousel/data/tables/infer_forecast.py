"""The schema of a table of series to forecast."""

from typing import Any

import numpy as np

from carousel.data.cuts import Spans, time_cuts
from carousel.data.schema import Schema
from carousel.data.steps import Step, Time, as_integer, in_words, is_calendar, nanoseconds
from carousel.data.tables.assembly import stretch
from carousel.data.tables.dates import own_zone, parse_times
from carousel.data.tables.features import features_from
from carousel.data.tables.given import Given, dialect_of
from carousel.data.tables.grouping import group_role, steps_in_columns
from carousel.data.tables.kinds import survey
from carousel.data.tables.layout import Integers, Keys, Segments, segments
from carousel.data.tables.local import locate_by_clock
from carousel.data.tables.roles import TimeRole, time_role
from carousel.data.tables.season import LONGEST, SCALES, Season, calendar_for, season_of
from carousel.data.tables.spacing import spacing_of
from carousel.data.tables.table import Table
from carousel.data.tables.wording import counted, listed, said_of_rows, told_time
from carousel.errors import CarouselError


def to_forecast(
    table: Table, given: Given, validation_fraction: float, test_fraction: float
) -> tuple[Schema, list[str]]:
    """The schema, and what was inferred.

    Raises:
        CarouselError: if a role does not fit its column, or there is nothing to forecast.
    """
    decimal = table.dialect.decimal
    time = time_role(
        table, given.time, given.date_format, [*given.group, *given.target, *given.known], decimal
    )
    group = given.group or _group(table, time, given)
    located = locate_by_clock(table, Keys(time.columns, group, time.form, given.time_zone))
    keys = located.keys
    spacing, spaced = spacing_of(located)
    step = spacing.step
    pieces = segments(located, spacing)
    spans = _spans(pieces, step, time.form)
    cuts = time_cuts(spans, validation_fraction, test_fraction)
    start = as_integer(cuts[0])
    columns = [name for name in table.columns if name not in (*time.columns, *group)]
    found = survey(located, columns, start, decimal)
    needed = dict.fromkeys(given.known, "known column") | dict.fromkeys(given.target, "target")
    features = features_from(located, found, needed, "before validation begins")
    targets = given.target or tuple(name for name in features.numbers if name not in given.known)
    if not targets:
        raise CarouselError(f"it has no column of numbers to forecast, got {features.told()}; add one")
    n_training = spans.rows_before(start)
    longest = int(n_training.argmax())
    rows = range(max(0, int(n_training[longest]) - LONGEST), int(n_training[longest]))
    season = season_of(stretch(located, pieces, longest, rows, targets[0], decimal), step)
    seen = start - int(pieces.starts.min())
    schema = Schema(
        task="forecast",
        **dialect_of(table),
        time=time.columns,
        date_format=time.form,
        time_zone=keys.zone,
        local_zone=keys.local,
        own_zone=None if keys.zone or keys.local else own_zone(table, time.columns, time.form),
        group=group,
        targets=targets,
        known=given.known,
        numbers=features.numbers,
        categories=features.categories,
        ignored=features.ignored,
        missing=features.missing,
        step=in_words(step),
        gap=None if spacing.gap is None else in_words(spacing.gap),
        season=season.lag,
        calendar=() if time.form is None else calendar_for(step, seen),
        fill={name: found[name].mean for name in features.numbers},
        validation_start=_as_text(cuts[0]),
        test_start=_as_text(cuts[1]),
    )
    return schema, [
        _said_of_targets(schema, given),
        time.sentence,
        *_said_of_steps(table, keys),
        *_said_of_clock(keys),
        *_said_of_groups(keys, given),
        spaced,
        *said_of_rows(located),
        *_said_of_gaps(pieces, keys, time.form),
        *features.sentences,
        _said_of_season(schema, step, season, len(rows)),
        *_said_of_calendar(schema),
        f"Validation begins at {'' if time.columns else 'row '}{told_time(cuts[0])}, the test at {told_time(cuts[1])}.",
    ]


def _group(table: Table, time: TimeRole, given: Given) -> tuple[str, ...]:
    if not time.columns:
        return ()
    heads = [table.head(name, table.n_rows).combine_chunks() for name in time.columns]
    times = parse_times(heads, time.columns, time.form, None)
    taken = (*time.columns, *given.target, *given.known)
    return group_role(table, times, [name for name in table.columns if name not in taken])


def _spans(pieces: Segments, step: Step, form: str | None) -> Spans:
    def as_times(values: Integers) -> Any:
        return values if form is None else values.view("M8[ns]")

    bounds = zip(pieces.offsets, pieces.lengths, strict=True)
    times = None if pieces.times is None else [as_times(pieces.times[at : at + n]) for at, n in bounds]
    return Spans(as_times(pieces.starts), pieces.lengths, step, times)


def _as_text(time: Time) -> str | int:
    return str(np.datetime_as_string(time)) if isinstance(time, np.datetime64) else time


def _said_of_targets(schema: Schema, given: Given) -> str:
    why = (
        ""
        if given.target
        else ", the only number column"
        if len(schema.targets) == 1
        else ", all number columns"
    )
    return f"The task is to forecast {listed(schema.targets)}{why}."


def _said_of_steps(table: Table, keys: Keys) -> list[str]:
    advice = None if keys.time or keys.group else steps_in_columns(table)
    return [] if advice is None else [f"{advice[0].upper()}{advice[1:]}."]


def _said_of_clock(keys: Keys) -> list[str]:
    return [] if keys.local is None else [f"Days are those of the clock in {keys.local}."]


def _said_of_groups(keys: Keys, given: Given) -> list[str]:
    if not keys.group:
        return []
    why = "" if given.group else ", for times repeat"
    return [f"{counted(len(keys.names), 'series', 'series')}, told apart by {listed(keys.group)}{why}."]


def _said_of_gaps(pieces: Segments, keys: Keys, form: str | None) -> list[str]:
    n_gaps = len(pieces.codes) - len(keys.names)
    if n_gaps == 0:
        return []
    second = int(np.flatnonzero(np.diff(pieces.codes) == 0)[0]) + 1
    start = pieces.starts[second]
    after = told_time(start.view("M8[ns]") if form is not None else int(start))
    return [
        f"{counted(n_gaps, 'gap')}, the first before {after}: series are cut there into "
        f"{counted(len(pieces.codes), 'segment')} of {pieces.lengths.min():,} to {pieces.lengths.max():,} rows."
    ]


def _said_of_season(schema: Schema, step: Step, season: Season, n_rows: int) -> str:
    of = f"of '{schema.targets[0]}'"
    if season.lag is None:
        return (
            f"No season was found: up to {max((n_rows - 1) // 3, 0):,} steps the autocorrelation of the changes {of} "
            f"nowhere peaks above {SCALES[1][1]}."
        )
    length = "" if isinstance(step, int) or schema.gap is not None else f" ({_length(step, season.lag)})"
    means = "" if season.scale == 1 else f", in means over {season.scale} rows,"
    return (
        f"The season is {counted(season.lag, 'step')}{length}: the autocorrelation of the changes {of}{means} "
        f"is {season.strength:.2f} there."
    )


def _length(step: Step, season: int) -> str:
    assert isinstance(step, np.timedelta64)
    return (
        in_words(step * season)
        if is_calendar(step)
        else in_words(np.timedelta64(nanoseconds(step) * season, "ns"))
    )


def _said_of_calendar(schema: Schema) -> list[str]:
    if not schema.calendar:
        return []
    names = listed(schema.calendar, quoted=False)
    return [
        f"The {names} {'becomes a feature' if len(schema.calendar) == 1 else 'become features'}, known ahead."
    ]
