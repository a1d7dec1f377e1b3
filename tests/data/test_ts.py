"""The text format of the UEA and UCR archives."""

import numpy as np
import pytest
from hypothesis import given
from ragged import assert_same, label_names, ragged

from carousel.data import Sequences, load, read
from carousel.data.npz import write_npz


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("ts") / "x.ts"


def written(sequences: Sequences) -> str:
    """The sequences as such a file, written without the library."""
    names = label_names(sequences)
    header = [
        "@problemName x",
        f"@classLabel {str(names is not None).lower()} {' '.join(sequences.classes)}",
        "@data",
    ]
    lines = []
    for i, values in enumerate(sequences.values):
        cells = [",".join(repr(float(number)) for number in column) for column in values.T]
        lines.append(":".join([*cells, names[i]] if names else cells))
    return "\n".join([*header, *lines])


def as_read(sequences: Sequences) -> Sequences:
    """With the names that a reader gives."""
    features = tuple(f"x{i}" for i in range(sequences.n_features))
    ids = tuple(str(i) for i in range(len(sequences)))
    return Sequences(sequences.values, features, ids, sequences.labels, sequences.classes)


@given(sequences=ragged())
def test_reads_what_was_written(path, sequences):
    path.write_text(written(sequences))
    assert_same(read(path), as_read(sequences))


def test_reads_speech(path, tmp_path):
    train, _ = load("japanese_vowels")
    path.write_text(written(train))
    assert_same(read(path), as_read(train))
    assert read(path).classes == train.classes
    write_npz(tmp_path / "x.npz", read(path))
    assert_same(read(tmp_path / "x.npz"), read(path))


def test_missing_numbers_and_the_ends_that_fill_up(path):
    path.write_text("@classLabel true a b\n@data\n?,1,?,3,?,NaN:1,2,3,4,?,NaN:a\n5:6:b\n")
    found = read(path)
    assert found.features == ("x0", "x1", "x0 missing")
    assert found.values[0].tolist() == [[1, 1, 1], [1, 2, 0], [1, 3, 1], [3, 4, 0]]
    assert found.values[1].tolist() == [[5, 6, 0]]
    assert np.array_equal(found.labels, [0, 1])
