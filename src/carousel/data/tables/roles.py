"""Which columns are the time, and how they write it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow.types as kinds

from carousel.data.tables.cells import is_number, is_text, is_time
from carousel.data.tables.dates import COUNTS, ISO, fits, fitting_formats, parse_times
from carousel.data.tables.layout import Integers, follows
from carousel.data.tables.table import Table
from carousel.data.tables.time_columns import SPLIT, candidates, has_clock, integers_of, sample_of
from carousel.errors import CarouselError, did_you_mean

UNITS = {"s": "seconds", "ms": "milliseconds", "us": "microseconds", "ns": "nanoseconds"}


@dataclass(frozen=True)
class TimeRole:
    """The columns of time, how they are written, and the sentence that says so."""

    columns: tuple[str, ...]
    form: str | None
    sentence: str


def require_columns(table: Table, names: Sequence[str], role: str) -> None:
    """Refuse names that are not in the table.

    Raises:
        CarouselError: with the nearest name that is.
    """
    for name in names:
        if name not in table.columns:
            raise CarouselError(
                f"the {role} column '{name}' is not in the table; {did_you_mean(name, table.columns)}"
            )


def time_role(
    table: Table, given: tuple[str, ...], form: str | None, others: Sequence[str], decimal: str
) -> TimeRole:
    """The time: the columns given, or found by their kind, their name and what they hold.

    Args:
        table: where to look.
        given: columns that the user names; () to look for them.
        form: how they are written, if the user says so.
        others: columns that have another role.
        decimal: decimal mark, for it speaks for days before months.

    Raises:
        CarouselError: if the columns given are no times, or dates can be read in two ways.
    """
    require_columns(table, given, "time")
    if given:
        found = _form(table, given, decimal) if form is None else (form, "")
        if found is None:
            cell = " ".join(str(table.head(name, 1)[0].as_py()) for name in given)
            raise CarouselError(
                f"the time column '{' '.join(given)}' begins with '{cell}', which is no date and no integer; "
                "name another column, or say how it is written with --date-format (in Python date_format=), "
                "such as '%d.%m.%Y'"
            )
        return TimeRole(given, found[0], f"Time is column '{' '.join(given)}'{_as(found)}.")
    likely = candidates(table, others)
    if form is not None:
        return _written_as(table, likely, form)
    for columns in likely:
        found = _form(table, columns, decimal)
        if found is not None:
            return TimeRole(columns, found[0], f"Time is column '{' '.join(columns)}'{_as(found)}.")
    return TimeRole((), None, "No column of times was found: the rows are taken in order, one step apart.")


def _written_as(table: Table, likely: Sequence[tuple[str, ...]], form: str) -> TimeRole:
    """The first that is written so; else one that is read as times already, however it was written."""
    written = [columns for columns in likely if _is_written(table, columns, form)]
    read = [columns for columns in likely if len(columns) == 1 and is_time(table.columns[columns[0]])]
    if not written and not read:
        raise CarouselError(
            f"no column is a time written as '{form}'; correct --date-format (in Python date_format=), "
            "or name the column with --time (time=)"
        )
    columns, form = (written[0], form) if written else (read[0], ISO)
    return TimeRole(columns, form, f"Time is column '{' '.join(columns)}'{_as((form, ''))}.")


def _is_written(table: Table, columns: tuple[str, ...], form: str) -> bool:
    if form in COUNTS:
        return len(columns) == 1 and is_number(table.columns[columns[0]])
    return fits(sample_of(table, columns), form)


def _as(found: tuple[str | None, str]) -> str:
    form, why = found
    if form is None:
        return f", integers{why}"
    if form in UNITS:
        return f", {UNITS[form]}{why}"
    return f", {f'written as {form}' if '%' in form else form}{why}"


def _form(table: Table, columns: tuple[str, ...], decimal: str) -> tuple[str | None, str] | None:
    """How columns write times, and why it is taken so; None if they are no times."""
    kind = table.columns[columns[0]]
    if len(columns) == 1:
        if is_time(kind):
            return ISO, ""
        if kinds.is_integer(kind) or kinds.is_floating(kind):
            return integers_of(table, columns[0])
    elif all(is_number(table.columns[name]) for name in columns):
        form = SPLIT.get(tuple(name.lower() for name in columns))
        return None if form is None else (form, "")
    if not all(
        is_text(table.columns[n]) or is_time(table.columns[n]) or has_clock(table, columns[0], n)
        for n in columns
    ):
        return None
    forms = fitting_formats(sample_of(table, columns))
    if len(forms) <= 1:
        return (forms[0], "") if forms else None
    return _best(table, columns, forms, decimal)


def _best(table: Table, columns: tuple[str, ...], forms: list[str], decimal: str) -> tuple[str | None, str]:
    """Of several formats that fit a sample, the one in which all rows are in order and most evenly spaced."""
    scores: dict[str, tuple[bool, float]] = {}
    problem: CarouselError | None = None
    for form in forms:
        try:
            times = parse_times([table.head(name).combine_chunks() for name in columns], columns, form, None)
        except CarouselError as error:
            problem = error
            continue
        scores[form] = (bool((np.diff(times) >= 0).all()), _evenness(times))
    if not scores:
        assert problem is not None
        raise problem
    best = max(scores.values())
    left = [form for form, score in scores.items() if score[0] == best[0] and score[1] > best[1] - 0.01]
    if len(left) > 1 and (decimal == "," or any("." in form for form in left)):
        left = [form for form in left if form.startswith("%d")] or left
    if len(left) > 1:
        cell = sample_of(table, columns)[0]
        options = " and ".join(f"'{form}'" for form in left[:3])
        raise CarouselError(
            f"the times in column '{' '.join(columns)}', such as '{cell}', can be read as {options}; "
            "say which with --date-format, in Python date_format="
        )
    return left[0], " (in no other order are its rows as evenly spaced)" if len(forms) > 1 else ""


def _evenness(times: Integers) -> float:
    """The share of the commonest distance, in time or in months, among different times in order."""
    unique = np.unique(times)
    if len(unique) < 3:
        return 0.0
    monthly = max(float(follows(unique[:-1], unique[1:], months).mean()) for months in (1, 3, 12))
    return max(share_of_commonest(np.diff(unique)), monthly)


def share_of_commonest(spans: Integers) -> float:
    """How many of some spans are as long as the commonest."""
    if len(spans) == 0:
        return 0.0
    return float(np.unique(spans, return_counts=True)[1].max() / len(spans))
