import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ragged import assert_same, numbered, ragged

from carousel.data import Sequences
from carousel.errors import CarouselError

TWO = (np.zeros((3, 2)), np.ones((1, 2)))


def test_keeps_what_it_was_given():
    sequences = Sequences(TWO, ("a", "b"), ("first", "second"), np.array([1, 0], np.int8), ("no", "yes"))
    assert len(sequences) == 2
    assert sequences.n_features == 2
    assert sequences.lengths.dtype == np.int64
    assert sequences.lengths.tolist() == [3, 1]
    assert sequences.labels.dtype == np.int64
    assert sequences.labels.tolist() == [1, 0]


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.int64, np.float16, np.float64])
def test_every_real_dtype_becomes_float32(dtype):
    value = np.array([[0, 1], [1, 1]], dtype)
    (kept,) = Sequences((value,), ("a", "b"), ("s",)).values
    assert kept.dtype == np.float32
    assert kept.tolist() == [[0, 1], [1, 1]]


def test_lists_of_names_become_tuples():
    sequences = Sequences(TWO, ["a", "b"], ["s", "t"], [0, 0], ["only"])
    assert (sequences.features, sequences.ids, sequences.classes) == (("a", "b"), ("s", "t"), ("only",))


def test_float32_is_shared_and_read_only_memory_is_copied():
    shared = np.zeros((2, 1), np.float32)
    frozen = np.zeros((2, 1), np.float32)
    frozen.flags.writeable = False
    sequences = Sequences((shared, frozen), ("a",), ("s", "t"))
    assert sequences.values[0] is shared
    assert sequences.values[1].flags.writeable


def test_select_keeps_order_and_what_belongs_together():
    chosen = numbered([2, 3]).select([4, 0])
    assert chosen.ids == ("s4", "s0")
    assert chosen.labels.tolist() == [1, 0]
    assert chosen.classes == ("class 0", "class 1")
    assert [value[0, 0] for value in chosen.values] == [4, 0]
    assert chosen.lengths.tolist() == [1, 1]


@given(ragged(), st.data())
def test_select_takes_positions_or_a_mask(sequences, data):
    mask = np.array(data.draw(st.lists(st.booleans(), min_size=len(sequences), max_size=len(sequences))))
    if mask.any():
        assert_same(sequences.select(mask), sequences.select(np.flatnonzero(mask)))
        assert sequences.select(mask).ids == tuple(np.array(sequences.ids, object)[mask])
    else:
        with pytest.raises(CarouselError, match="there are no sequences; give at least one"):
            sequences.select(mask)


def test_select_refuses_a_position_that_does_not_exist():
    with pytest.raises(IndexError):
        numbered([2]).select([2])


BAD = {
    "no sequences": (((), ("a",), ()), "there are no sequences; give at least one"),
    "too few ids": ((TWO, ("a", "b"), ("s",)), "there are 1 ids for 2 sequences; give one each"),
    "two features alike": (
        (TWO, ("a", "a"), ("s", "t")),
        "the name 'a' stands twice among the features; give each its own",
    ),
    "two classes alike": (
        (TWO, ("a", "b"), ("s", "t"), np.array([0, 1]), ("c", "c")),
        "the name 'c' stands twice among the classes; give each its own",
    ),
    "text": (
        ((np.array([["x"]]),), ("a",), ("s",)),
        "sequence 's' has dtype <U1, wanted real numbers; convert its values to float32",
    ),
    "complex numbers": (
        ((np.ones((1, 1), complex),), ("a",), ("s",)),
        "sequence 's' has dtype complex128, wanted real numbers; convert its values to float32",
    ),
    "one axis": (
        ((np.zeros(3),), ("a",), ("s",)),
        "sequence 's' has shape (3,), wanted [steps, features] with one column for each of the 1 named features",
    ),
    "a column without a name": (
        ((np.zeros((3, 2)),), ("a",), ("s",)),
        "sequence 's' has shape (3, 2), wanted [steps, features] with one column for each of the 1 named features",
    ),
    "no features": (
        ((np.zeros((3, 0)),), (), ("s",)),
        "sequence 's' has shape (3, 0), wanted [steps, features] with one column for each of the 0 named features",
    ),
    "no steps": (
        ((np.zeros((1, 1)), np.zeros((0, 1))), ("a",), ("s", "t")),
        "sequence 't' has length 0, wanted at least one step; leave it out",
    ),
    "labels of another length": (
        (TWO, ("a", "b"), ("s", "t"), np.array([0]), ("c",)),
        "labels have dtype int64 and shape (1,), wanted integers of shape (2,); "
        "give one class number for each sequence",
    ),
    "labels that are not whole": (
        (TWO, ("a", "b"), ("s", "t"), np.array([0.0, 1.0]), ("c", "d")),
        "labels have dtype float64 and shape (2,), wanted integers of shape (2,); "
        "give one class number for each sequence",
    ),
    "a label beyond the classes": (
        (TWO, ("a", "b"), ("s", "t"), np.array([0, 2]), ("c", "d")),
        "sequence 't' has label 2, wanted a position among the 2 classes, counted from 0; "
        "correct the label or name its class",
    ),
    "a negative label": (
        (TWO, ("a", "b"), ("s", "t"), np.array([-1, 0]), ("c",)),
        "sequence 's' has label -1, wanted a position among the 1 classes, counted from 0; "
        "correct the label or name its class",
    ),
}


@pytest.mark.parametrize("parts, sentence", BAD.values(), ids=BAD.keys())
def test_bad_parts(parts, sentence):
    with pytest.raises(CarouselError) as raised:
        Sequences(*parts)
    assert str(raised.value) == sentence


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf, 1e39])
def test_a_number_that_is_not_finite_in_float32_is_named_with_its_place(number):
    value = np.zeros((4, 2))
    value[2, 1] = number
    with pytest.raises(CarouselError) as raised:
        Sequences((np.zeros((1, 2)), value), ("a", "b"), ("s", "t"))
    assert str(raised.value) == (
        f"sequence 't' holds {number} at step 2 (the first is step 0), feature 'b', "
        "wanted a finite float32 number; fill the gap or leave the sequence out"
    )
