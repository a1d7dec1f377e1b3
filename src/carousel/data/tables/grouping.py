"""Which columns tell series, or labelled sequences, apart."""

import re
from collections.abc import Sequence

import numpy as np
import pyarrow.compute as pc
import pyarrow.types as kinds

from carousel.data.tables.cells import is_number, is_text, plain
from carousel.data.tables.layout import Integers
from carousel.data.tables.roles import share_of_commonest
from carousel.data.tables.table import Table
from carousel.data.tables.time_columns import rank
from carousel.errors import CarouselError

GROUP_NAMES = (
    *("sequence", "series", "group", "unique_id", "id", "item_id", "series_id", "name", "sensor", "station"),
    *("subject", "patient", "device", "unit", "store", "shop", "site", "case"),
)
"""Names that speak for a group, the most telling first."""

MANY_STEPS = 8
"""So many numbered columns may be the steps of a sequence."""


def group_role(table: Table, times: Integers, candidates: Sequence[str]) -> tuple[str, ...]:
    """The columns that tell apart rows of the same time, () if none are needed or none do.

    What tells series apart leaves hardly any time twice, and the rows of each as evenly spaced as all are together.

    Args:
        table: where to look; of one that is streamed only the beginning.
        times: int64 [rows], of all rows, or of the first.
        candidates: columns without another role.

    Raises:
        CarouselError: if most rows share their time with another, and nothing tells them apart.
    """
    repeated = _repeated(times)
    if repeated <= 0.05:
        return ()
    columns = {}
    for name in candidates:
        kind = table.columns[name]
        if is_text(kind) or (kinds.is_integer(kind) and name.lower() in GROUP_NAMES):
            values = pc.dictionary_encode(
                plain(table.head(name, len(times)).combine_chunks()), null_encoding="encode"
            )
            columns[name] = values.indices.to_numpy().astype(np.int64)
    ranked = sorted(columns, key=lambda name: (rank(name, GROUP_NAMES), len(np.unique(columns[name]))))
    words = tuple(name for name in table.columns if name in columns and is_text(table.columns[name]))
    wanted = share_of_commonest(np.diff(np.unique(times)).astype(np.int64)) - 0.05
    for names in [*((name,) for name in ranked), *[words] * (len(words) > 1)]:
        codes = [columns[name] for name in names]
        if _repeated(times, *codes) <= 0.01 and share_of_commonest(_spans(times, codes)) >= wanted:
            return names
    if repeated > 0.5:
        raise CarouselError(
            f"{repeated:.0%} of its rows have the time of another, and no column tells them apart as series; "
            "name the column that does as the group"
        )
    return ()


def _spans(times: Integers, codes: list[Integers]) -> Integers:
    """From row to row of each series, without rows of the same time."""
    order = np.lexsort((times, *codes))
    inside = np.logical_and.reduce([code[order][1:] == code[order][:-1] for code in codes])
    spans = np.diff(times[order])[inside]
    return np.asarray(spans[spans > 0])


def _repeated(times: Integers, *codes: Integers) -> float:
    """The share of rows with the keys of an earlier row."""
    order = np.lexsort((times, *codes))
    same = np.ones(len(times) - 1, bool)
    for key in (times, *codes):
        same &= key[order][1:] == key[order][:-1]
    return float(same.sum()) / len(times)


def sequence_role(table: Table, label: str, given: tuple[str, ...]) -> tuple[str, ...]:
    """The columns that tell sequences apart, each with one label.

    Raises:
        CarouselError: if none are given and none are found.
    """
    if given:
        return given
    torn = None
    labels = pc.dictionary_encode(plain(table.column(label).combine_chunks())).indices.to_numpy(
        zero_copy_only=False
    )
    for name in sorted(table.columns, key=lambda name: rank(name, GROUP_NAMES)):
        kind = table.columns[name]
        if name == label or not (is_text(kind) or kinds.is_integer(kind) and name.lower() in GROUP_NAMES):
            continue
        codes = pc.dictionary_encode(plain(table.column(name).combine_chunks())).indices.to_numpy(
            zero_copy_only=False
        )
        pairs = len(np.unique(np.stack([codes, labels]), axis=1)[0])
        if pairs == len(np.unique(codes)) < table.n_rows and len(np.unique(codes)) > len(np.unique(labels)):
            return (name,)
        if torn is None and name.lower() in GROUP_NAMES and len(np.unique(codes)) < min(pairs, table.n_rows):
            torn = name
    why = f" (some of '{torn}' have several)" if torn else ""
    raise CarouselError(
        f"no column tells the sequences apart that the classes in '{label}' belong to{why}; "
        f"{steps_in_columns(table) or 'name it as the group'}"
    )


def steps_in_columns(table: Table) -> str | None:
    """What to do if each row is a whole sequence, where nearly all number columns are numbered, as t0, t1, ... are."""
    columns = [name for name, kind in table.columns.items() if is_number(kind)]
    numbered: dict[str, dict[int, str]] = {}
    for name in columns:
        if match := re.fullmatch(r"(.*?)(\d+)", name):
            numbered.setdefault(match[1], {})[int(match[2])] = name
    steps = max(numbered.values(), key=len, default={})
    first = min(steps, default=0)
    if len(steps) < max(MANY_STEPS, 0.9 * len(columns)) or list(steps) != [*range(first, first + len(steps))]:
        return None
    return (
        f"if each row is a sequence, with its steps in '{steps[first]}' to '{steps[max(steps)]}', give each step a row "
        "of its own, as DataFrame.melt does, and a column that names the sequence"
    )


def names_in_runs(table: Table) -> tuple[str, ...]:
    """The text column that may name sequences, all of whose rows follow one another; () if none does.

    Of several the one with the most names.
    """
    most, found = 1, tuple[str, ...]()
    for name, kind in table.columns.items():
        if is_text(kind):
            cells = plain(table.column(name).combine_chunks()).drop_null()
            codes = cells.dictionary_encode().indices.to_numpy()
            different, runs = len(np.unique(codes)), 1 + np.count_nonzero(np.diff(codes))
            if most < different == runs < len(codes):
                most, found = different, (name,)
    return found
