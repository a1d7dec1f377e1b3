"""The schema of a table of labelled sequences."""

import pyarrow.compute as pc

from carousel.data.labels import encode_labels
from carousel.data.schema import Schema
from carousel.data.tables.cells import texts
from carousel.data.tables.features import features_from
from carousel.data.tables.given import Given, dialect_of
from carousel.data.tables.grouping import sequence_role
from carousel.data.tables.kinds import survey
from carousel.data.tables.layout import Keys, locate
from carousel.data.tables.roles import time_role
from carousel.data.tables.table import Table
from carousel.data.tables.wording import counted, listed, said_of_rows
from carousel.errors import CarouselError

LABEL_NAMES = ("label", "class", "target", "y")


def to_classify(table: Table, given: Given) -> tuple[Schema, list[str]]:
    """The schema, and what was inferred.

    Raises:
        CarouselError: if there is no column of labels, none that tells sequences apart, or a single class.
    """
    if table.streamed:
        raise CarouselError("it is too large for sequences with a label, which are held in memory; divide it")
    label = given.target[0] if given.target else next((n for n in LABEL_NAMES if n in table.columns), None)
    if label is None or len(given.target) > 1:
        raise CarouselError(
            "to classify needs one column of labels, the same in all rows of a sequence; name it"
        )
    group = sequence_role(table, label, given.group)
    time = time_role(table, given.time, given.date_format, [*group, label], table.dialect.decimal)
    keys = Keys(time.columns, group, time.form, given.time_zone)
    located = locate(table, keys)
    cells = texts(table.column(label).combine_chunks())
    classes = encode_labels(pc.unique(cells.drop_null()).to_pylist())[1]
    if len(classes) < 2:
        raise CarouselError(
            f"column '{label}' holds {counted(len(classes), 'class', 'classes')}, wanted at least 2 to tell apart; "
            "add others"
        )
    columns = [name for name in table.columns if name not in (*time.columns, *group, label)]
    found = survey(located, columns, None, table.dialect.decimal)
    features = features_from(located, found, dict.fromkeys(given.known, "known column"), "in the table")
    if not features.numbers and not features.categories:
        raise CarouselError(
            f"it has no column to tell the classes in '{label}' by, got {features.told()}; add one"
        )
    schema = Schema(
        task="classify",
        **dialect_of(table),
        time=time.columns,
        date_format=time.form,
        time_zone=given.time_zone,
        group=group,
        label=label,
        classes=classes,
        known=given.known,
        numbers=features.numbers,
        categories=features.categories,
        ignored=features.ignored,
        missing=features.missing,
    )
    n_sequences = counted(len(keys.names), "sequence")
    return schema, [
        f"The task is to classify: {n_sequences}, told apart by {listed(group)}, "
        f"of {counted(len(classes), 'class', 'classes')} in column '{label}'.",
        time.sentence,
        *said_of_rows(located),
        *features.sentences,
    ]
