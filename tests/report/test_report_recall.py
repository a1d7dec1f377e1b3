"""Recall is counted from the rows of the confusion matrix."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from carousel.errors import CarouselError
from carousel.report import ClassRecall, class_recalls


def test_rows_are_the_true_classes():
    recalls = class_recalls([[3, 1], [0, 5]], ["a", "b"])
    assert recalls == (ClassRecall("a", 3, 4), ClassRecall("b", 5, 5))
    assert [recall.share for recall in recalls] == [0.75, 1.0]


def test_a_class_without_sequences_has_no_recall():
    assert class_recalls([[0, 0], [1, 1]], ["a", "b"])[0].share is None


@given(arrays.arrays(np.int64, st.integers(1, 5).map(lambda size: (size, size)), elements=st.integers(0, 99)))
def test_every_sequence_is_counted_once(matrix):
    recalls = class_recalls(matrix, [str(index) for index in range(len(matrix))])
    assert sum(recall.total for recall in recalls) == matrix.sum()
    assert sum(recall.right for recall in recalls) == np.trace(matrix)


@pytest.mark.parametrize(
    ("matrix", "classes", "words"),
    [
        ([[1, 0]], ["a", "b"], r"2 x 2 for 2 classes, but has shape \(1, 2\)"),
        ([[1, 0], [0, 1]], ["a"], r"1 x 1 for 1 classes, but has shape \(2, 2\)"),
        (np.zeros((0, 0), int), [], "0 x 0"),
        ([[1, -1], [0, 1]], ["a", "b"], "whole numbers"),
        ([[1.0, 0.5], [0.0, 1.0]], ["a", "b"], "whole numbers"),
    ],
)
def test_a_matrix_that_does_not_fit_is_refused(matrix, classes, words):
    with pytest.raises(CarouselError, match=words):
        class_recalls(matrix, classes)
