"""Ragged sequences for the tests of this folder: a strategy, a fixed small set, and what makes two sets equal."""

import numpy as np
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from carousel.data import Sequences

NUMBERS = st.floats(width=32, allow_nan=False, allow_infinity=False)
WORDS = st.text("abcxyz019_-é,'\" ", min_size=1, max_size=4).filter(lambda word: word == word.strip())


@st.composite
def ragged(draw: st.DrawFn) -> Sequences:
    n_features = draw(st.integers(1, 3))
    lengths = draw(st.lists(st.integers(1, 5), min_size=1, max_size=6))
    values = [draw(arrays.arrays(np.float32, (length, n_features), elements=NUMBERS)) for length in lengths]
    ids = draw(st.lists(WORDS, min_size=len(lengths), max_size=len(lengths), unique=True))
    features = draw(st.lists(WORDS, min_size=n_features, max_size=n_features, unique=True))
    if draw(st.booleans()):
        return Sequences(tuple(values), tuple(features), tuple(ids))
    classes = sorted(draw(st.lists(WORDS, min_size=1, unique=True)))
    labels = draw(arrays.arrays(np.int64, len(lengths), elements=st.integers(0, len(classes) - 1)))
    return Sequences(tuple(values), tuple(features), tuple(ids), labels, tuple(classes))


def numbered(members: list[int]) -> Sequences:
    """As many sequences of each class as `members` says; sequence i has i % 4 + 1 steps, and i everywhere."""
    labels = np.repeat(np.arange(len(members)), members)
    return Sequences(
        values=tuple(np.full((i % 4 + 1, 2), i, np.float32) for i in range(len(labels))),
        features=("a", "b"),
        ids=tuple(f"s{i}" for i in range(len(labels))),
        labels=labels,
        classes=tuple(f"class {k}" for k in range(len(members))),
    )


def label_names(sequences: Sequences) -> list[str] | None:
    return None if sequences.labels is None else [sequences.classes[label] for label in sequences.labels]


def assert_same(got: Sequences, wanted: Sequences) -> None:
    """Equal to the last bit; classes without members do not count."""
    assert got.features == wanted.features
    assert got.ids == wanted.ids
    assert label_names(got) == label_names(wanted)
    assert len(got) == len(wanted)
    for mine, theirs in zip(got.values, wanted.values, strict=True):
        assert mine.dtype == theirs.dtype == np.float32
        assert mine.shape == theirs.shape
        assert mine.tobytes() == theirs.tobytes()
