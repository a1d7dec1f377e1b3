import os
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ragged import assert_same, label_names, numbered, ragged

from carousel.data import load, read, write_npz
from carousel.errors import CarouselError
from refusals import unreadable


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("npz") / "sequences.npz"


@given(sequences=ragged())
def test_round_trip(path, sequences):
    write_npz(path, sequences)
    assert_same(read(path), sequences)


def test_round_trip_of_speech(path):
    for part in load("japanese_vowels"):
        write_npz(path, part)
        assert_same(read(path), part)
        assert read(path).classes == part.classes


def test_names_are_made_where_there_are_none(path):
    np.savez(path, values=np.arange(6.0).reshape(3, 2), lengths=[1, 2])
    sequences = read(path)
    assert sequences.ids == ("0", "1")
    assert sequences.features == ("x0", "x1")
    assert sequences.labels is None
    assert [value.tolist() for value in sequences.values] == [[[0, 1]], [[2, 3], [4, 5]]]


def test_values_may_have_an_axis_of_sequences(path):
    values = np.arange(12.0).reshape(2, 3, 2)
    np.savez(path, values=values, labels=["a", "b"])
    assert [sequence.tolist() for sequence in read(path).values] == values.tolist()
    assert label_names(read(path)) == ["a", "b"] and read(path).features == ("x0", "x1")


def test_what_lies_beyond_a_sequence_is_padding(path):
    values = np.arange(12.0).reshape(2, 3, 2)
    values[0, 1:] = np.nan
    np.savez(path, values=values, lengths=[1, 3])
    assert [sequence.tolist() for sequence in read(path).values] == [[[0, 1]], values[1].tolist()]


@pytest.mark.parametrize("labels", [[10, 9, 10], ["10", "9", "10"]], ids=["integers", "strings"])
def test_labels_are_integers_or_strings(path, labels):
    np.savez(path, values=np.ones((3, 1), np.int16), lengths=np.uint8([1, 1, 1]), labels=labels)
    sequences = read(path)
    assert sequences.classes == ("9", "10")
    assert label_names(sequences) == ["10", "9", "10"]


GOOD = {"values": np.zeros((3, 2)), "lengths": np.array([1, 2])}
BAD = {
    "no values": ({"lengths": [1]}, "it has no array 'values', got 'lengths'; add it"),
    "no lengths": (
        {"values": np.zeros((3, 2)), "ids": ["s"]},
        "it has no array 'lengths', which cuts the 2-D 'values' into sequences; "
        "add it, or make 'values' [sequences, steps, features]",
    ),
    "nothing": ({}, "it has no array 'values', got nothing; add it"),
    "a misspelt array": (GOOD | {"label": [0, 1]}, "its array 'label' is unknown; did you mean 'labels'?"),
    "an unknown array": (
        GOOD | {"weights": [0, 1]},
        "its array 'weights' is unknown; known: 'features', 'ids', 'labels', 'lengths', 'values'",
    ),
    "values with one axis": (
        GOOD | {"values": np.zeros(3)},
        "array 'values' has shape (3,), wanted [steps of all sequences, features] "
        "or [sequences, steps, features]; reshape it",
    ),
    "values of text": (
        GOOD | {"values": np.full((3, 2), "x")},
        "sequence '0' has dtype <U1, wanted real numbers; convert its values to float32",
    ),
    "lengths that are not whole": (
        GOOD | {"lengths": [1.0, 2.0]},
        "array 'lengths' has dtype float64 and shape (2,), wanted one integer for each sequence; convert it",
    ),
    "lengths with two axes": (
        GOOD | {"lengths": [[1, 2]]},
        "array 'lengths' has dtype int64 and shape (1, 2), wanted one integer for each sequence; convert it",
    ),
    "lengths that do not sum up": (
        GOOD | {"lengths": [1, 3]},
        "array 'lengths' sums to 4, but 'values' has 3 rows; make them agree",
    ),
    "lengths of too few padded sequences": (
        {"values": np.zeros((3, 4, 2)), "lengths": [4, 4]},
        "array 'lengths' has 2 numbers, but 'values' has 3 sequences; make them agree",
    ),
    "a length beyond the padding": (
        {"values": np.zeros((2, 4, 2)), "lengths": [4, 5]},
        "sequence '1' has length 5, but 'values' has 4 steps; make them agree",
    ),
    "sequences without steps": (
        {"values": np.zeros((2, 0, 2))},
        "sequence '0' has length 0, wanted at least one step; leave it out",
    ),
    "a sequence of length zero": (
        GOOD | {"lengths": [3, 0], "ids": ["s", "t"]},
        "sequence 't' has length 0, wanted at least one step; leave it out",
    ),
    "a negative length": (
        GOOD | {"lengths": [4, -1]},
        "sequence '1' has length -1, wanted at least one step; leave it out",
    ),
    "no sequences": (
        {"values": np.zeros((0, 2)), "lengths": np.zeros(0, int)},
        "there are no sequences; give at least one",
    ),
    "labels that are not whole": (
        GOOD | {"labels": [0.0, 1.0]},
        "array 'labels' has dtype float64 and shape (2,), wanted integers or strings of shape (2,); convert it",
    ),
    "too many labels": (
        GOOD | {"labels": ["a", "b", "c"]},
        "array 'labels' has dtype <U1 and shape (3,), wanted integers or strings of shape (2,); convert it",
    ),
    "too few features": (
        GOOD | {"features": ["a"]},
        "array 'features' has dtype <U1 and shape (1,), wanted integers or strings of shape (2,); convert it",
    ),
    "features alike": (
        GOOD | {"features": ["a", "a"]},
        "the name 'a' stands twice among the features; give each its own",
    ),
    "ids alike": (
        GOOD | {"ids": ["s", "s"]},
        "array 'ids' names two sequences alike; give each its own id",
    ),
    "a gap": (
        GOOD | {"values": [[0, 0], [0, 0], [np.nan, 0]], "ids": ["s", "t"], "features": ["a", "b"]},
        "sequence 't' holds nan at step 1 (the first is step 0), feature 'a', "
        "wanted a finite float32 number; fill the gap or leave the sequence out",
    ),
    "pickled objects": (
        GOOD | {"labels": np.array(["a", None], object)},
        "array 'labels' holds pickled Python objects, which are never loaded; "
        "save it as numbers or strings of a NumPy dtype",
    ),
}


@pytest.mark.parametrize("arrays, sentence", BAD.values(), ids=BAD.keys())
def test_bad_arrays(path, arrays, sentence):
    np.savez(path, **arrays)
    assert unreadable(read, path) == sentence


DAMAGED = "it is no .npz archive, or one that is cut short or damaged; write it again"


class Bomb:
    def __reduce__(self):
        return os.abort, ()


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"\x93NUMPY", b"PK\x03\x04", pickle.dumps(Bomb())])
def test_what_is_no_archive_is_refused_and_never_unpickled(path, content):
    path.write_bytes(content)
    assert unreadable(read, path) == DAMAGED


def test_a_single_array_is_no_archive(path):
    with path.open("wb") as file:
        np.save(file, np.zeros((3, 2)))
    assert unreadable(read, path) == DAMAGED


def test_pickled_objects_are_never_unpickled(path):
    np.savez(path, **(GOOD | {"ids": np.array([Bomb(), Bomb()], object)}))
    assert "array 'ids' holds pickled Python objects" in unreadable(read, path)


@given(kept=st.floats(0.01, 0.99))
def test_a_file_cut_short_is_refused(path, kept):
    write_npz(path, numbered([3, 3]))
    content = path.read_bytes()
    path.write_bytes(content[: max(int(len(content) * kept), 1)])
    assert unreadable(read, path) == DAMAGED


def test_a_directory_that_hides_arrays_is_refused(path):
    write_npz(path, numbered([3, 3]))
    content = bytearray(path.read_bytes())
    directory = content.rindex(b"PK\1\2", 0, content.rindex(b"PK\1\2"))
    content[directory + 31] = 1  # this entry's extra field now swallows the next entry
    path.write_bytes(content)
    assert unreadable(read, path) == DAMAGED


@given(data=st.data())
def test_a_damaged_file_is_refused_or_read_whole(path, data):
    sequences = numbered([3, 3])
    write_npz(path, sequences)
    content = bytearray(path.read_bytes())
    place = data.draw(st.integers(0, len(content) - 1))
    content[place] ^= data.draw(st.integers(1, 255))
    path.write_bytes(content)
    try:
        assert_same(read(path), sequences)
    except CarouselError as error:
        assert str(error).startswith(f"cannot read '{path}': ")


def test_writing_wants_the_extension(tmp_path):
    with pytest.raises(CarouselError) as raised:
        write_npz(tmp_path / "x.csv", numbered([2]))
    assert str(raised.value) == (
        f"cannot write '{tmp_path / 'x.csv'}': its extension is '.csv', wanted .npz; rename it"
    )
    assert not list(tmp_path.iterdir())


def test_writing_where_there_is_no_directory(tmp_path):
    path = tmp_path / "missing" / "x.npz"
    with pytest.raises(CarouselError) as raised:
        write_npz(path, numbered([2]))
    assert str(raised.value) == f"cannot write '{path}': No such file or directory; choose another place"


@pytest.mark.parametrize("failure", [OSError(28, "No space left on device"), KeyboardInterrupt()])
def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch, failure):
    def fill_the_disk(file, **arrays):
        file.write(b"half")
        raise failure

    path = tmp_path / "x.npz"
    write_npz(path, numbered([2]))
    monkeypatch.setattr(np, "savez_compressed", fill_the_disk)
    with pytest.raises((CarouselError, KeyboardInterrupt)) as raised:
        write_npz(path, numbered([3]))
    if isinstance(failure, OSError):
        assert str(raised.value) == f"cannot write '{path}': No space left on device; choose another place"
    assert list(tmp_path.iterdir()) == [path]
    assert_same(read(path), numbered([2]))
