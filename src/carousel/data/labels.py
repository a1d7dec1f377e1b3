"""Labels as names, and as positions in a tuple of classes."""

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt


def encode_labels(names: Iterable[str] | None) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    """Positions int64 [N] and the classes they point into; None and no classes without names.

    Classes are the names that occur, in numeric order if all are integers, else in alphabetical order.

    >>> encode_labels(["10", "9", "10"])
    (array([1, 0, 1]), ('9', '10'))
    """
    if names is None:
        return None, ()
    names = list(names)
    classes = _ordered(set(names))
    position = {name: i for i, name in enumerate(classes)}
    return np.array([position[name] for name in names], dtype=np.int64), classes


def _ordered(names: set[str]) -> tuple[str, ...]:
    try:
        return tuple(sorted(names, key=lambda name: (int(name), name)))
    except ValueError:
        return tuple(sorted(names))
