import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carousel.data.labels import encode_labels


def test_no_names_no_labels():
    assert encode_labels(None) == (None, ())


@pytest.mark.parametrize(
    "names, classes",
    [
        (["10", "9", "-1", "9"], ("-1", "9", "10")),
        (["10", "9", "b"], ("10", "9", "b")),
        (["sad", "glad"], ("glad", "sad")),
    ],
)
def test_order_of_classes(names, classes):
    assert encode_labels(names)[1] == classes


@given(st.lists(st.text(max_size=3)))
def test_positions_point_at_the_names(names):
    labels, classes = encode_labels(names)
    assert labels.dtype == np.int64
    assert [classes[label] for label in labels] == names
    assert set(classes) == set(names)
    assert len(set(classes)) == len(classes)
