"""Ragged sequences in memory: what every reader makes and every trainer takes."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from carousel.errors import CarouselError


@dataclass(frozen=True, eq=False)
class Sequences:
    """N sequences of F features, each with its own length T_i, labelled or not.

    Attributes:
        values: N arrays [T_i, F], T_i >= 1, every number finite. Any real dtype is taken and becomes float32.
        features: the F names of the columns, all different.
        ids: one name for each sequence.
        labels: int64 [N], positions in `classes`; None without labels.
        classes: the names of the classes.

    Raises:
        CarouselError: if the parts do not fit together, or a number is not finite in float32.
    """

    values: tuple[npt.NDArray[np.float32], ...]
    features: tuple[str, ...]
    ids: tuple[str, ...]
    labels: npt.NDArray[np.int64] | None = None
    classes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for name in ("features", "ids", "classes"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if len(self.values) == 0:
            raise CarouselError("there are no sequences; give at least one")
        if len(self.ids) != len(self.values):
            raise CarouselError(
                f"there are {len(self.ids)} ids for {len(self.values)} sequences; give one each"
            )
        for name in ("features", "classes"):
            _require_different(name, getattr(self, name))
        cleaned = (
            _clean(value, self.features, name) for value, name in zip(self.values, self.ids, strict=True)
        )
        object.__setattr__(self, "values", tuple(cleaned))
        if self.labels is not None:
            object.__setattr__(self, "labels", _clean_labels(self.labels, self.classes, self.ids))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The number of steps of each sequence, int64 [N]."""
        return np.array([len(value) for value in self.values], dtype=np.int64)

    @property
    def n_features(self) -> int:
        """F, the number of columns of every sequence."""
        return len(self.features)

    def select(
        self, indices: Sequence[int] | npt.NDArray[np.integer[Any]] | npt.NDArray[np.bool_]
    ) -> "Sequences":
        """The sequences at these positions, in this order; a boolean mask [N] works too.

        Raises:
            IndexError: if a position does not exist.
            CarouselError: if nothing is selected.
        """
        chosen = np.arange(len(self))[list(indices)]
        return replace(
            self,
            values=tuple(self.values[i] for i in chosen),
            ids=tuple(self.ids[i] for i in chosen),
            labels=None if self.labels is None else self.labels[chosen],
        )


def _require_different(what: str, names: tuple[str, ...]) -> None:
    if len(set(names)) < len(names):
        repeated = next(name for name in names if names.count(name) > 1)
        raise CarouselError(f"the name '{repeated}' stands twice among the {what}; give each its own")


def _clean(value: npt.ArrayLike, features: tuple[str, ...], name: str) -> npt.NDArray[np.float32]:
    """One sequence as a writeable float32 array [T, F], which torch can share without a copy."""
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise CarouselError(
            f"sequence '{name}' has dtype {array.dtype}, wanted real numbers; convert its values to float32"
        )
    if array.ndim != 2 or array.shape[1] != len(features) or not features:
        raise CarouselError(
            f"sequence '{name}' has shape {array.shape}, wanted [steps, features] "
            f"with one column for each of the {len(features)} named features"
        )
    if len(array) == 0:
        raise CarouselError(f"sequence '{name}' has length 0, wanted at least one step; leave it out")
    with np.errstate(over="ignore"):
        cleaned = np.require(array, np.float32, ["C", "W"])
    if not np.isfinite(cleaned).all():
        step, column = np.argwhere(~np.isfinite(cleaned))[0]
        raise CarouselError(
            f"sequence '{name}' holds {array[step, column]} at step {step} (the first is step 0), "
            f"feature '{features[column]}', wanted a finite float32 number; fill the gap or leave the sequence out"
        )
    return cleaned


def _clean_labels(
    labels: npt.ArrayLike, classes: tuple[str, ...], ids: tuple[str, ...]
) -> npt.NDArray[np.int64]:
    array = np.asarray(labels)
    if array.dtype.kind not in "iu" or array.shape != (len(ids),):
        raise CarouselError(
            f"labels have dtype {array.dtype} and shape {array.shape}, "
            f"wanted integers of shape {(len(ids),)}; give one class number for each sequence"
        )
    outside = (array < 0) | (array >= len(classes))
    if outside.any():
        first = int(outside.argmax())
        raise CarouselError(
            f"sequence '{ids[first]}' has label {array[first]}, wanted a position among "
            f"the {len(classes)} classes, counted from 0; correct the label or name its class"
        )
    return array.astype(np.int64)
