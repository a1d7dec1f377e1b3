"""What the three sets of equations share: the array type, checked inputs, sums of outer products."""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Symbols = dict[str, Array]
"""From a symbol of the paper to its array."""


def checked_params(
    params: Mapping[str, npt.ArrayLike], required: Iterable[str], optional: Iterable[str] = ()
) -> Symbols:
    """`params` as float64 arrays. Raises ValueError naming every missing or unknown symbol."""
    required, optional = set(required), set(optional)
    if missing := required - set(params):
        raise ValueError(f"params lacks {_names(missing)}; got {_names(params)}")
    if unknown := set(params) - required - optional:
        raise ValueError(
            f"params has unknown symbols {_names(unknown)}; known: {_names(required | optional)}"
        )
    return {name: np.asarray(value, dtype=np.float64) for name, value in params.items()}


def check_shape(name: str, value: Array, *wanted: tuple[int, ...]) -> None:
    """Raise ValueError unless `value` has one of the wanted shapes."""
    if value.shape not in wanted:
        shapes = " or ".join(str(shape) for shape in wanted)
        raise ValueError(f"{name} must have shape {shapes}, got {value.shape}")


def checked_sequence(name: str, value: npt.ArrayLike, size: int) -> Array:
    """A [steps, B, size] float64 array with at least one step, or ValueError."""
    array = np.asarray(value, dtype=np.float64)
    if array.ndim != 3 or array.shape[0] == 0 or array.shape[2] != size:
        raise ValueError(f"{name} must have shape [steps >= 1, B, {size}], got {list(array.shape)}")
    return array


def with_boundary(name: str, boundary: npt.ArrayLike | None, K: int, B: int, size: int) -> Array:
    """A fresh [K + 1, B, size] signal whose last slot holds the boundary value (zeros for None).

    NumPy's index -1 is that last slot, so `s[n - 1]` at n = 0 reads the initial state s[-1], and
    `f_chi[n + 1]` at n = K - 1 reads the error signal f_chi[K] carried in: loops read as the equations do.
    """
    signal = np.zeros((K + 1, B, size))
    if boundary is not None:
        value = np.asarray(boundary, dtype=np.float64)
        check_shape(name, value, (B, size))
        signal[-1] = value
    return signal


def delayed(signal: Array, boundary: Array) -> Array:
    """The [K, B, d] signal of step n - 1 at every n, `boundary` at n = 0."""
    return np.concatenate([boundary[None], signal[:-1]])


def sum_outer(left: Array, right: Array) -> Array:
    r"""$\sum_{n,b} \mathrm{left}[n,b]\, \mathrm{right}[n,b]^T$ for two [K, B, d] signals."""
    return left.reshape(-1, left.shape[-1]).T @ right.reshape(-1, right.shape[-1])


def _names(symbols: Iterable[str]) -> str:
    return ", ".join(sorted(symbols)) or "nothing"
