"""Sequences and labels as scikit-learn's users hold them."""

from typing import Any

import numpy as np
import numpy.typing as npt
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import column_or_1d

from carousel.data import Sequences
from carousel.errors import CarouselError


def as_sequences(X: Any) -> Sequences:
    """Sequences of a list of arrays [T_i, F], an array [N, T, F], or rows [N, T] of sequences of one number a step.

    Raises:
        CarouselError: X is something else, has no sequences, or sequences of different widths.
    """
    if hasattr(X, "__array__"):  # a frame, or a tensor
        X = np.asarray(X)
    is_list = X.ndim > 0 if isinstance(X, np.ndarray) else isinstance(X, (list, tuple))
    values = [_array(sequence, i) for i, sequence in enumerate(X)] if is_list else []
    if not is_list or any(value.ndim == 0 for value in values):
        raise CarouselError(
            f"X is {_shown(X)}, wanted a list of sequences, arrays [steps, features]; put a single one into a list"
        )
    values = [value[:, np.newaxis] if value.ndim == 1 else value for value in values]
    width = values[0].shape[1] if values and values[0].ndim == 2 else 0
    for i, value in enumerate(values):
        if value.ndim != 2 or value.shape[1] != width or not width:
            raise CarouselError(
                f"sequence {i} has shape {np.shape(X[i])}, the first has {np.shape(X[0])}, wanted [steps, features] "
                "with the same features for all; correct it or leave it out"
            )
    return Sequences(tuple(values), tuple(f"x{i}" for i in range(width)), tuple(map(str, range(len(values)))))


def as_labels(y: Any, count: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[Any], tuple[str, ...]]:
    """The labels as positions [N], the C classes in order as they were given, and their names.

    Raises:
        CarouselError: there is not one label for each of `count` sequences, or a single class.
        ValueError: the labels are no classes.
    """
    if y is None:
        raise CarouselError(
            "fit requires y to be passed, but the target y is None; give a label for each sequence"
        )
    labels = column_or_1d(y, warn=True)
    if len(labels) != count:
        raise CarouselError(
            f"y has {len(labels)} labels for {count} sequences, wanted one for each; correct it"
        )
    assert_all_finite(labels, input_name="y")
    check_classification_targets(labels)
    classes, positions = np.unique(labels, return_inverse=True)
    names = tuple(map(str, classes))
    if len(classes) < 2:
        raise CarouselError(
            f"y has one class, '{names[0]}', wanted at least two to tell apart; add sequences of another"
        )
    if len(set(names)) < len(names) or "" in names:
        raise CarouselError("y has a class without a name, or two of one name; rename it")
    return positions.astype(np.int64), classes, names


def _array(sequence: Any, i: int) -> npt.NDArray[Any]:
    try:
        return np.asarray(sequence)
    except ValueError as error:
        raise CarouselError(
            f"sequence {i} has steps of different widths, wanted [steps, features]; correct it or leave it out"
        ) from error


def _shown(X: Any) -> str:
    if hasattr(X, "toarray"):
        return "sparse"
    return f"an array of shape {X.shape}" if isinstance(X, np.ndarray) else f"of type {type(X).__name__}"
