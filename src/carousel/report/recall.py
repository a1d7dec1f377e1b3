"""How many sequences of each class were recognised, counted from a confusion matrix."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from carousel.errors import CarouselError


class ClassRecall(NamedTuple):
    """Of `total` sequences of the class `name`, `right` were recognised."""

    name: str
    right: int
    total: int

    @property
    def share(self) -> float | None:
        """The recall, 0 to 1; None where no sequence is of this class."""
        return self.right / self.total if self.total else None


def confusion_counts(matrix: ArrayLike, classes: Sequence[str]) -> NDArray[np.int64]:
    """The matrix as int64 [C, C], rows the true class and columns the predicted one.

    Raises CarouselError unless it holds one whole count >= 0 for every pair of the C classes.
    """
    counts = np.asarray(matrix)
    size = len(classes)
    if counts.shape != (size, size) or size == 0:
        raise CarouselError(
            f"The confusion matrix must be {size} x {size} for {size} classes, but has shape {counts.shape}; "
            "give one row and one column per class."
        )
    if not np.issubdtype(counts.dtype, np.integer) or counts.min() < 0:
        raise CarouselError(
            "The confusion matrix must hold whole numbers of sequences, none of them negative."
        )
    return counts.astype(np.int64)


def class_recalls(matrix: ArrayLike, classes: Sequence[str]) -> tuple[ClassRecall, ...]:
    """The recall of every class, in the order of `classes`. `matrix` as in `confusion_counts`."""
    counts = confusion_counts(matrix, classes)
    return tuple(
        ClassRecall(name, int(row[index]), int(row.sum()))
        for index, (name, row) in enumerate(zip(classes, counts, strict=True))
    )
