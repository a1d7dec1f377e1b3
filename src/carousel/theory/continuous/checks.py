"""One gate for what users hand in: numbers of the right shape, all finite, or one sentence that says what is wrong."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from carousel.equations.arrays import Array

Signal = Callable[[float], Array]
"""A vector that depends on time."""


def finite(name: str, value: npt.ArrayLike) -> Array:
    """`value` as a new float64 array. Raises ValueError unless it is numbers only, all finite."""
    try:
        array = np.array(value, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(
            f"{name} must be an array of real numbers, all rows of one length, got {value!r}"
        ) from None
    if not np.isfinite(array).all():
        bad = array[~np.isfinite(array)][0]
        raise ValueError(
            f"{name} must hold finite numbers only, got {bad} in it; look for where it comes from"
        )
    return array


def shaped(name: str, value: npt.ArrayLike, *wanted: int | str) -> Array:
    """A finite array of the wanted shape, where a name stands for any size >= 1. Raises ValueError."""
    array = finite(name, value)
    fits = array.ndim == len(wanted) and all(
        size == want if isinstance(want, int) else size >= 1
        for size, want in zip(array.shape, wanted, strict=True)
    )
    if not fits:
        shape = ", ".join(str(size) for size in wanted)
        raise ValueError(f"{name} must have shape [{shape}], got {list(array.shape)}")
    return array


def positive(name: str, value: float) -> float:
    """A finite number above zero, or ValueError."""
    number = float(shaped(name, value))
    if number <= 0:
        raise ValueError(f"{name} must be above zero, got {number:g}")
    return number


def signal(name: str, value: Callable[[float], npt.ArrayLike] | npt.ArrayLike | None, size: int) -> Signal:
    """A function of time whose every value is checked: of `value` itself, of a constant, or of zero for None."""
    if callable(value):
        return lambda t: shaped(f"{name}({t:g})", np.atleast_1d(value(t)), size)
    constant = np.zeros(size) if value is None else shaped(name, value, size)
    return lambda t: constant
