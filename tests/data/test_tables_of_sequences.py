"""Tables as labelled sequences, whatever their columns are called."""

import numpy as np
import pandas as pd
import pytest
from ragged import assert_same, label_names, numbered

from carousel.data import load, read
from carousel.data.tables import Table, infer_schema, read_table, to_sequences
from refusals import refusal


def long(sequences, **names):
    """A long table with names of its own."""
    rows = [
        {"patient": name, "minute": 5 * step, "ward": label}
        | dict(zip(sequences.features, frame, strict=True))
        for name, label, values in zip(sequences.ids, label_names(sequences), sequences.values, strict=True)
        for step, frame in enumerate(values)
    ]
    return pd.DataFrame(rows)


def test_any_names_do():
    _, test = load("japanese_vowels")
    frame = long(test)
    schema, said = infer_schema(Table.from_frame(frame), group="patient", time="minute", target="ward")
    assert schema.task == "classify"
    assert said == [
        "The task is to classify: 370 sequences, told apart by 'patient', of 9 classes in column 'ward'.",
        "Time is column 'minute', integers.",
    ]
    found = to_sequences(Table.from_frame(frame), schema)
    assert_same(found, test)
    assert found.classes == test.classes


def test_what_tells_sequences_apart_is_found():
    frame = long(numbered([3, 4])).rename(columns={"patient": "id"}).sample(frac=1, random_state=0)
    schema, said = infer_schema(Table.from_frame(frame), target="ward", time="minute")
    assert (schema.task, schema.group) == ("classify", ("id",))
    assert sorted(to_sequences(Table.from_frame(frame), schema).ids) == sorted(numbered([3, 4]).ids)
    assert "The rows are not in order of time: they are sorted." in said


def test_the_old_layout_is_one_of_these(tmp_path):
    rows = [f"{s},{t},{'ab'[s % 2]},{s + t / 10}" for s in range(6) for t in range(4)]
    path = tmp_path / "x.csv"
    path.write_text("\n".join(["sequence,step,label,x", *rows]))
    table = read_table(path)
    assert_same(to_sequences(table, infer_schema(table)[0]), read(path))


def test_new_sequences_need_no_label():
    frame = long(numbered([2, 3]))
    schema, _ = infer_schema(Table.from_frame(frame), group="patient", time="minute", target="ward")
    found = to_sequences(Table.from_frame(frame.drop(columns="ward")), schema)
    assert found.labels is None
    kept = to_sequences(Table.from_frame(frame[frame["ward"] == "class 1"]), schema)
    assert kept.classes == ("class 0", "class 1")
    assert kept.labels.tolist() == [1, 1, 1]


def test_missing_numbers_come_from_their_own_sequence():
    frame = long(numbered([2, 2])).assign(a=lambda d: d["a"] + 10)
    frame.loc[frame["patient"] == "s1", "a"] = [np.nan, 7.0]
    frame.loc[frame["patient"] == "s0", "b"] = np.nan
    schema, said = infer_schema(Table.from_frame(frame), group="patient", time="minute", target="ward")
    found = to_sequences(Table.from_frame(frame), schema)
    assert found.features == ("a", "b", "a missing", "b missing")
    assert found.values[0].tolist() == [[10, 0, 0, 1]]
    assert found.values[1].tolist() == [[7, 1, 1, 0], [7, 1, 0, 0]]
    assert any(sentence.startswith("Column 'a' lacks 1 number in the table (") for sentence in said)


def frame(**columns):
    data = {
        "id": ["a", "a", "b", "b"],
        "t": [0, 1, 0, 1],
        "y": ["u", "u", "v", "v"],
        "x": [1.0, 3.0, 2.0, 5.0],
    }
    return Table.from_frame(pd.DataFrame(data | columns))


BAD = {
    "a label that varies": (
        frame(y=["u", "v", "v", "u"]),
        "sequence 'a' has the labels 'u' and 'v', wanted the same in all its rows; correct column 'y'",
    ),
    "no label": (
        frame(y=["u", None, "v", "v"]),
        "column 'y' is empty in data row 2, wanted a label; fill it",
    ),
    "no name": (
        frame(id=["a", "a", None, "b"]),
        "column 'id' is empty in data row 3, wanted the name of a series; fill it",
    ),
    "one class": (
        frame(y=["u"] * 4),
        "column 'y' holds 1 class, wanted at least 2 to tell apart; add others",
    ),
    "no features": (
        frame(x=[1, 1, 1, 1]),
        "it has no column to tell the classes in 'y' by, got 'x' (1 in every row); add one",
    ),
}


@pytest.mark.parametrize("table, sentence", BAD.values(), ids=BAD.keys())
def test_tables_that_are_no_labelled_sequences(table, sentence):
    def whole():
        return to_sequences(table, infer_schema(table, task="classify", group="id", target="y")[0])

    assert refusal(whole) == sentence


def test_no_column_that_tells_sequences_apart():
    table = Table.from_frame(pd.DataFrame({"y": ["u", "v"] * 5, "x": np.arange(10) % 3}))
    assert refusal(infer_schema, table, target="y") == (
        "no column tells the sequences apart that the classes in 'y' belong to; name it as the group"
    )


def test_a_label_that_the_schema_does_not_know():
    schema, _ = infer_schema(frame(), task="classify", group="id", target="y", time="t")
    assert refusal(to_sequences, frame(y=["u", "u", "w", "w"]), schema) == (
        "the label 'w' is no class of the schema; known: 'u', 'v'"
    )


def test_numbers_are_labels_where_they_are_the_same_in_all_rows_of_a_group():
    table = frame(y=[1, 1, 2, 2])
    assert infer_schema(table, group="id", target="y", time="t")[0].classes == ("1", "2")


def test_why_the_column_that_is_named_as_sequences_are_does_not_tell_them_apart():
    table = Table.from_frame(pd.DataFrame({"id": [1, 1, 2, 2], "y": ["u", "v", "u", "u"], "x": [1, 2, 3, 4]}))
    assert refusal(infer_schema, table, task="classify", target="y") == (
        "no column tells the sequences apart that the classes in 'y' belong to (some of 'id' have several); "
        "name it as the group"
    )


ADVICE = (
    "f each row is a sequence, with its steps in 't00' to 't09', give each step a row of its own, as DataFrame.melt "
    "does, and a column that names the sequence"
)


def rows_of_steps(*names):
    names = names or tuple(f"t{step:02}" for step in range(10))
    values = np.random.default_rng(0).normal(size=(60, len(names)))
    return pd.DataFrame(values, columns=names).assign(y=["u", "v"] * 30)


def test_rows_that_are_sequences_get_advice():
    table = Table.from_frame(rows_of_steps())
    assert refusal(infer_schema, table, target="y").endswith(f"belong to; i{ADVICE}")
    assert f"I{ADVICE}." in infer_schema(table)[1]


@pytest.mark.parametrize(
    "table",
    [
        rows_of_steps().assign(date=pd.date_range("2024-01-01", periods=60)),
        rows_of_steps(*(f"t{step}" for step in (*range(9), 10))),
        rows_of_steps(*(f"t{step}" for step in range(7))),
        rows_of_steps(*(f"t{step}" for step in range(8)), "wind", "sun"),
        rows_of_steps("wind", "sun"),
    ],
    ids=["with times", "a number left out", "few columns", "others beside them", "no numbers"],
)
def test_rows_that_may_be_moments_get_none(table):
    assert not any("melt" in sentence for sentence in infer_schema(Table.from_frame(table))[1])


def test_lists_in_cells_are_told():
    table = Table.from_frame(pd.DataFrame({"signal": [[1.0, 2.0]] * 9}))
    assert "'signal' (lists; give each number a cell of its own, as DataFrame.explode does)" in refusal(
        infer_schema, table
    )


def counter(start, change):
    load = start + change * np.arange(200.0) + change * np.random.default_rng(0).random(200)
    return Table.from_frame(pd.DataFrame({"load": load, "other": np.arange(200) % 7}))


@pytest.mark.parametrize(
    "start, change, is_told",
    [
        (123_456_789, 0.001, True),
        (123_456_789, 0.25, True),
        (123_456_789, 500, False),
        (0.5, 0.25, False),
    ],
)
def test_changes_that_float32_rounds_away_are_told(start, change, is_told):
    told = "float32 rounds its changes away, unless a constant near 1.23457e+08 is subtracted"
    schema, said = infer_schema(counter(start, change))
    assert is_told == (f"Column 'load' is left out: {told}." in said) == ("load" not in schema.numbers)
    if is_told:
        assert refusal(infer_schema, counter(start, change), target="load") == (
            f"the target 'load' is of no use before validation begins: {told}; name another column"
        )


def test_numbers_that_seldom_change_are_none_of_those():
    frame = pd.DataFrame(
        {"set point": np.where(np.arange(100_000) < 20_000, 20.3, 20.1), "load": np.arange(100_000) % 7}
    )
    assert infer_schema(Table.from_frame(frame))[0].numbers == ("set point", "load")
