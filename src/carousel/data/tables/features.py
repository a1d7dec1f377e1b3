"""Which columns become features, and as what."""

from dataclasses import dataclass

import pyarrow as pa

from carousel.data.labels import encode_labels
from carousel.data.tables.cells import numbers, share_of_numbers
from carousel.data.tables.kinds import Column, holds_numbers, why_ignored
from carousel.data.tables.layout import Located
from carousel.data.tables.time_columns import speaks_of_time
from carousel.data.tables.wording import counted, listed
from carousel.errors import CarouselError

MANY = 3
"""So many sentences of a kind are said; what is more is told together."""

COUNTS_ROWS = "only counts the rows"


@dataclass(frozen=True)
class Features:
    """The fields of a schema that say what columns are; `sentences` say so in words."""

    numbers: tuple[str, ...]
    categories: dict[str, tuple[str, ...]]
    ignored: dict[str, str]
    missing: tuple[str, ...]
    sentences: list[str]

    def told(self) -> str:
        """The columns that are no numbers, each with the reason."""
        kinds = dict.fromkeys(self.categories, "categories") | self.ignored
        return listed([f"'{name}' ({kind})" for name, kind in kinds.items()], quoted=False)


def features_from(located: Located, found: dict[str, Column], needed: dict[str, str], where: str) -> Features:
    """Decide on each column that was surveyed.

    Args:
        located: the table.
        found: what its columns hold.
        needed: columns that have to be of use, and the role for which: "target" or "known column".
        where: in which rows it was looked, for messages: "before validation begins" or "in the table".

    Raises:
        CarouselError: if a column that is needed is of no use, or a cell of a number column is no number.
    """
    kinds = located.table.columns
    chosen, categories, ignored = [], {}, {}
    for name, column in found.items():
        reason = why_ignored(kinds[name], column)
        is_clock = column.rising and column.n_rows > 2 and speaks_of_time(name)
        if reason is None and name not in needed and is_clock and not located.keys.time:
            reason = "a time that is no date and no integer"
        if reason is not None and name in needed and reason != COUNTS_ROWS:
            raise CarouselError(
                f"the {needed[name]} '{name}' is of no use {where}: {reason}; name another column"
            )
        if reason is not None and name not in needed:
            ignored[name] = reason
        elif holds_numbers(kinds[name], column):
            if column.number_cells < column.text_cells:
                _refuse_texts(located, name)
            chosen.append(name)
        elif needed.get(name) == "target":
            raise CarouselError(
                f"the target '{name}' holds texts such as '{min(column.values or ['?'])}', wanted numbers to forecast; "
                "name another column, or the task classify"
            )
        else:
            _refuse_other_mark(name, column, located.table.dialect.decimal)
            categories[name] = encode_labels(column.values)[1]
    missing = tuple(name for name in chosen if found[name].n_missing)
    sentences = [
        *_said_ignored(ignored),
        *_said_categories(categories),
        *_said_missing({name: found[name] for name in missing}, where),
    ]
    return Features(tuple(chosen), categories, ignored, missing, sentences)


def _refuse_other_mark(name: str, column: Column, decimal: str) -> None:
    """Refuse numbers that are written unlike those of other columns."""
    values = sorted(column.values or ())
    other = "," if decimal == "." else "."
    if share_of_numbers(pa.array(values, pa.large_string()), other) == 1:
        raise CarouselError(
            f"column '{name}' holds '{values[0]}', but the decimal mark of other columns is '{decimal}'; "
            "write all numbers with one mark"
        )


def _refuse_texts(located: Located, name: str) -> None:
    """Raise for the first cell that is no number, with its row."""
    for batch, _, _, places in located.rows([name]):
        numbers(batch.column(name), name, located.table.dialect.decimal, places)


def _said_ignored(ignored: dict[str, str]) -> list[str]:
    reasons: dict[str, list[str]] = {}
    for name, reason in ignored.items():
        reasons.setdefault(reason, []).append(name)
    return [
        f"{'Column' if len(names) == 1 else 'Columns'} {listed(names)} {'is' if len(names) == 1 else 'are'} left out: "
        f"{reason}."
        for reason, names in reasons.items()
    ]


def _said_categories(categories: dict[str, tuple[str, ...]]) -> list[str]:
    if len(categories) > MANY:
        n_features = sum(len(values) for values in categories.values())
        return [f"Columns {listed(categories)} are read as categories, {n_features} altogether."]
    return [
        f"Column '{name}' is read as {counted(len(values), 'category', 'categories')}: {listed(values)}."
        for name, values in categories.items()
    ]


def _said_missing(columns: dict[str, Column], where: str) -> list[str]:
    if len(columns) > MANY:
        name, most = max(columns.items(), key=lambda item: item[1].n_missing)
        return [
            f"{len(columns)} columns lack numbers {where}, most of all '{name}' ({_share(most)}): "
            f"filled in, and channels such as '{name} missing' say where."
        ]
    return [
        f"Column '{name}' lacks {counted(column.n_missing, 'number')} {where} ({_share(column)}): "
        f"filled in, and '{name} missing' says where."
        for name, column in columns.items()
    ]


def _share(column: Column) -> str:
    share = column.n_missing / column.n_rows
    return "under 0.1% of rows" if share < 1e-3 else f"{share:.1%} of rows"
