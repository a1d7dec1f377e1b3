"""Where a sequence is cut: lengths of segments, and how far a segment's windows see beyond its borders."""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from numbers import Integral

import numpy as np
import numpy.typing as npt

from carousel.equations.arrays import Array

LookAhead = int | Mapping[str, int]
"""How many taps of the context windows look ahead: one number, or one a node."""


def segment(K: int, N: int) -> tuple[int, ...]:
    """Lengths of the segments that cut N steps into pieces of K; the last is shorter if K does not divide N.

    Raises:
        ValueError: K or N is not a positive integer.
    """
    for name, value in (("K", K), ("N", N)):
        if not _is_length(value):
            raise ValueError(f"{name} must be a positive whole number of steps, got {value!r}")
    whole, rest = divmod(N, K)
    return (K,) * whole + (rest,) * (rest > 0)


def borders(lengths: Sequence[int], N: int) -> list[tuple[int, int]]:
    """First step of each segment and the step behind its last. ValueError unless the lengths cover N steps."""
    if not all(map(_is_length, lengths)) or sum(lengths) != N:
        raise ValueError(
            f"lengths must be positive whole numbers that sum to the {N} steps of the sequence, got "
            f"{_shown(lengths)}; segment(K, {N}) makes such lengths"
        )
    ends = accumulate(lengths)
    return [(end - length, end) for length, end in zip(lengths, ends, strict=True)]


def window_reach(params: Mapping[str, npt.ArrayLike], look_ahead: LookAhead = 0) -> tuple[int, int]:
    """The halo a segment needs: how many samples before and after a step its windows see, over all nodes."""
    before = after = 0
    for name in (name for name in params if name.startswith("W_x")):
        shape = np.shape(params[name])
        ahead = look_ahead.get(name[3:], 0) if isinstance(look_ahead, Mapping) else look_ahead
        before = max(before, (shape[0] if len(shape) == 3 else 1) - 1 - ahead)
        after = max(after, ahead)
    return before, after


def checked_finite(name: str, value: npt.ArrayLike) -> Array:
    """A float64 array without NaN or infinity, or ValueError."""
    array = np.asarray(value, dtype=np.float64)
    if not np.isfinite(array).all():
        raise ValueError(
            f"{name} must be finite, but {np.count_nonzero(~np.isfinite(array))} of its {array.size} numbers are "
            "NaN or infinite; find where they come from before going on"
        )
    return array


def _is_length(value: object) -> bool:
    return isinstance(value, Integral) and not isinstance(value, bool) and int(value) >= 1


def _shown(lengths: Sequence[int]) -> str:
    values = [str(length) for length in lengths]
    return f"({', '.join(values if len(values) <= 8 else [*values[:4], '...', *values[-2:]])})"
