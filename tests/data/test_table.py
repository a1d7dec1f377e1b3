import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ragged import assert_same, label_names, ragged

from carousel.data import Sequences, load, read
from carousel.errors import CarouselError
from refusals import unreadable


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("csv") / "sequences.csv"


def table(sequences):
    """The long table of `sequences`, built without the library."""
    rows = []
    names = label_names(sequences)
    for i, (name, value) in enumerate(zip(sequences.ids, sequences.values, strict=True)):
        for step, frame in enumerate(value):
            label = {} if names is None else {"label": names[i]}
            rows.append(
                {"sequence": name, "step": step} | dict(zip(sequences.features, frame, strict=True)) | label
            )
    return pd.DataFrame(rows)


@given(sequences=ragged())
def test_reads_what_was_written(path, sequences):
    table(sequences).to_csv(path, index=False)
    assert_same(read(path), sequences)


@given(sequences=ragged(), seed=st.integers(0, 999))
def test_rows_may_stand_in_any_order(path, sequences, seed):
    shuffled = table(sequences).sample(frac=1, random_state=seed)
    shuffled.to_csv(path, index=False)
    first_seen = [sequences.ids.index(name) for name in shuffled["sequence"].unique()]
    assert_same(read(path), sequences.select(first_seen))


def test_reads_speech(path):
    _, test = load("japanese_vowels")
    table(test).to_csv(path, index=False)
    assert_same(read(path), test)
    assert read(path).classes == test.classes


def test_names_stay_as_printed_and_steps_need_not_be_whole(path):
    path.write_text("sequence,step,x,label\n007,0.5,1,01\n007,-1e3,2,01\n7,8,3,1\n7,1,4,1\n")
    values = (np.array([[2], [1]]), np.array([[4], [3]]))
    assert_same(read(path), Sequences(values, ("x",), ("007", "7"), np.array([0, 1]), ("01", "1")))


NULLS = ["NA", "None", "null", "nan", "N/A", "NaN"]


def test_names_that_mean_nothing_elsewhere_are_names(path):
    rows = [f"{name},0,1,{label}\n" for name, label in zip(NULLS, NULLS[::-1], strict=True)]
    path.write_text("".join(["sequence,step,x,label\n", *rows]))
    sequences = read(path)
    assert sequences.ids == tuple(NULLS)
    assert [sequences.classes[label] for label in sequences.labels] == NULLS[::-1]


def test_a_name_with_a_number_behind_it_is_a_name_of_its_own(path):
    path.write_text("sequence,step,x,x.1\ns,0,1,2\n")
    assert read(path).features == ("x", "x.1")


def test_nanosecond_steps_are_not_rounded(path):
    path.write_text("sequence,step,x\ns,1700000000000000001,1\ns,1700000000000000000,2\n")
    assert read(path).values[0].tolist() == [[2], [1]]


def test_features_may_be_truth_values_integers_and_reals(path):
    path.write_text(
        "sequence, step, on, count, level\ns, 0, True, 3, 0.1\ns, 1, False, 4, 1e-3\n", encoding="utf-8-sig"
    )
    sequences = read(path)
    assert sequences.features == ("on", "count", "level")
    assert sequences.values[0].tolist() == np.float32([[1, 3, 0.1], [0, 4, 1e-3]]).tolist()


WANTED = "wanted the header sequence,step,<features>[,label]"
BAD = {
    "no column step": ("sequence,x\ns,1\n", f"it has no column 'step', got 'sequence', 'x'; {WANTED}"),
    "no column sequence": ("step,x\n1,1\n", f"it has no column 'sequence', got 'step', 'x'; {WANTED}"),
    "semicolons": (
        "sequence;step;x\ns;1;1\n",
        "its columns are separated by semicolons, wanted commas; export it again",
    ),
    "semicolons and decimal commas": (
        "sequence;step;x\ns;1;1\ns;1;1,5\n",
        "its columns are separated by semicolons, wanted commas; export it again",
    ),
    "tabs": (
        "sequence\tstep\tx\ns\t1\t1\n",
        "its columns are separated by tabs, wanted commas; export it again",
    ),
    "a name twice": ("sequence,step,x,x\ns,1,1,1\n", "it has two columns 'x'; give each its own name"),
    "the steps twice": (
        "sequence,step,x,step\ns,1,1,1\n",
        "it has two columns 'step'; give each its own name",
    ),
    "a step at infinity": (
        "sequence,step,x\ns,1,1\ns,inf,1\n",
        "column 'step' holds inf in data row 2, wanted a finite number; correct it",
    ),
    "no features": ("sequence,step,label\ns,1,a\n", f"it has no feature column, {WANTED}; add one"),
    "a row index": (
        ",sequence,step,x\n0,s,1,1\n",
        "it has a column without a name; export it without a row index, or name the column",
    ),
    "a cell more than the header": (
        "sequence,step,x\ns,1,1,9\n",
        "it has a column without a name; export it without a row index, or name the column",
    ),
    "no rows": ("sequence,step,x\n", "it has a header but no rows; add at least one sequence"),
    "a long row": (
        "sequence,step,x\ns,1,1\ns,2,1,9\n",
        "it is not comma-separated text in UTF-8 (Error tokenizing data. C error: "
        "Expected 3 fields in line 3, saw 4); export it again",
    ),
    "blank": (
        " \n\n",
        "it is not comma-separated text in UTF-8 (No columns to parse from file); export it again",
    ),
    "a word for a number": (
        "sequence,step,x,y\ns,1,1,1\ns,2,2,high\n",
        "column 'y' holds 'high' in data row 2, wanted a number; correct it or drop the column",
    ),
    "a word for a step": (
        "sequence,step,x\ns,1,1\ns,two,2\n",
        "column 'step' holds 'two' in data row 2, wanted a number; correct it or drop the column",
    ),
    "no id": ("sequence,step,x\ns,1,1\n,2,2\n", "column 'sequence' is empty in data row 2; fill it"),
    "no step": ("sequence,step,x\ns,,1\n", "column 'step' is empty in data row 1; fill it"),
    "no label": (
        "sequence,step,x,label\ns,1,1,a\ns,2,1,\n",
        "column 'label' is empty in data row 2; fill it",
    ),
    "a step twice": (
        "sequence,step,x\ns,1,1\nt,2,1\nt,1,1\nt,2,1\n",
        "sequence 't' has step 2 twice; keep one of the rows",
    ),
    "a label that varies": (
        "sequence,step,x,label\ns,1,1,a\nt,2,1,a\nt,1,1,b\n",
        "sequence 't' has the labels 'b' and 'a', wanted the same in all its rows; correct column 'label'",
    ),
    "a gap": (
        "sequence,step,x,y\ns,1,1,1\nt,1,1,1\nt,2,1,\n",
        "sequence 't' holds nan at step 1 (the first is step 0), feature 'y', "
        "wanted a finite float32 number; fill the gap or leave the sequence out",
    ),
    "an infinite number": (
        "sequence,step,x\ns,1,-inf\n",
        "sequence 's' holds -inf at step 0 (the first is step 0), feature 'x', "
        "wanted a finite float32 number; fill the gap or leave the sequence out",
    ),
}


@pytest.mark.parametrize("text, sentence", BAD.values(), ids=BAD.keys())
def test_bad_tables(path, text, sentence):
    path.write_text(text)
    assert unreadable(read, path) == sentence


def test_text_in_another_encoding(path):
    path.write_bytes("sequence,step,x\nné,1,1\n".encode("latin-1"))
    assert unreadable(read, path).startswith(
        "it is not comma-separated text in UTF-8 ('utf-8' codec can't decode"
    )


@given(
    content=st.binary(min_size=1) | st.text("sequence,step,x,label\n\"'\0 .1e-∞", min_size=1).map(str.encode)
)
def test_anything_else_is_refused_or_read(path, content):
    path.write_bytes(b"sequence,step,x\n" + content)
    try:
        assert len(read(path)) > 0
    except CarouselError as error:
        assert str(error).startswith(f"cannot read '{path}': ")


def test_without_pandas(path, monkeypatch):
    path.write_text("sequence,step,x\ns,1,1\n")
    monkeypatch.setitem(sys.modules, "pandas", None)
    assert unreadable(read, path) == "reading .csv needs pandas; pip install 'carousel-lstm[train]'"
