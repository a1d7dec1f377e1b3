import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from ragged import assert_same, numbered

from carousel.data import Sequences, load, split
from carousel.errors import CarouselError

MEMBERS = st.lists(st.integers(2, 9), min_size=1, max_size=4)
FRACTIONS = st.floats(0.01, 0.99)
SEEDS = st.integers(0, 2**32 - 1)


@given(MEMBERS, FRACTIONS, SEEDS)
def test_the_parts_are_the_whole(members, fraction, seed):
    whole = numbered(members)
    kept, held_out = split(whole, fraction, seed)
    assert sorted(kept.ids + held_out.ids) == sorted(whole.ids)
    for part in (kept, held_out):
        numbers = [int(name[1:]) for name in part.ids]
        assert numbers == sorted(numbers)
        assert_same(part, whole.select(numbers))
        assert part.classes == whole.classes


@given(MEMBERS, FRACTIONS, SEEDS)
def test_every_class_gives_its_share(members, fraction, seed):
    kept, held_out = split(numbered(members), fraction, seed)
    for label, count in enumerate(members):
        share = int((held_out.labels == label).sum())
        assert 1 <= share <= count - 1
        assert abs(share - fraction * count) <= 1
        assert int((kept.labels == label).sum()) == count - share


def test_a_fifth_of_the_speakers():
    kept, held_out = split(load("japanese_vowels")[0], 0.2, seed=0)
    assert np.bincount(kept.labels).tolist() == [24] * 9
    assert np.bincount(held_out.labels).tolist() == [6] * 9


def test_the_seed_decides():
    whole = numbered([30, 30])
    first, again, other = (split(whole, 0.5, seed)[1].ids for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_unlabelled_sequences_are_one_class():
    whole = Sequences(tuple(np.zeros((10, 1, 1))), ("a",), tuple("abcdefghij"))
    kept, held_out = split(whole, 0.3, seed=0)
    assert (len(kept), len(held_out)) == (7, 3)
    assert kept.labels is held_out.labels is None


def test_a_class_without_members_does_not_matter():
    whole = numbered([2, 2]).select([0, 1])
    assert [len(part) for part in split(whole, 0.5, seed=0)] == [1, 1]


@pytest.mark.parametrize("fraction", [0, 1, -0.1, 20, float("nan")])
def test_bad_fraction(fraction):
    with pytest.raises(CarouselError) as raised:
        split(numbered([4]), fraction, seed=0)
    assert str(raised.value) == (
        f"the fraction to hold out is {fraction}, wanted a number between 0 and 1, such as 0.2"
    )


def test_a_class_with_one_member():
    with pytest.raises(CarouselError) as raised:
        split(numbered([3, 1]), 0.5, seed=0)
    assert str(raised.value) == (
        "class 'class 1' has a single sequence, wanted at least 2 to split; add more or drop it"
    )


def test_a_single_unlabelled_sequence():
    with pytest.raises(CarouselError) as raised:
        split(Sequences((np.zeros((1, 1)),), ("a",), ("s",)), 0.5, seed=0)
    assert str(raised.value) == "there is a single sequence, wanted at least 2 to split; add more"
