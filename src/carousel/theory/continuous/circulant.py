"""Convolution over the elements of a signal, as a matrix."""

import numpy as np
import numpy.typing as npt

from carousel.equations.arrays import Array
from carousel.theory.continuous.checks import finite


def circulant(kernel: npt.ArrayLike) -> Array:
    r"""The matrix whose product with a signal is the circular convolution of the signal with `kernel`.

    $$(M s)_i = \sum_j \mathrm{kernel}_{i-j}\, s_j$$ with indices modulo the size. For a kernel of more axes the
    matrix is block circulant: it acts on signals of the kernel's shape, flattened.

    Args:
        kernel: [d], or [d_1, d_2, ...].

    Returns:
        [d, d], with d = d_1 d_2 ...

    Raises:
        ValueError: the kernel is empty, a single number, or not finite.

    Source: this library's reading of the paper.
    """
    kernel = finite("kernel", kernel)
    if not kernel.ndim or not kernel.size:
        raise ValueError(
            f"kernel must have at least one axis and one element, got shape {list(kernel.shape)}"
        )
    axes = tuple(range(kernel.ndim))
    shifts = np.ndindex(*kernel.shape)
    return np.stack([np.roll(kernel, shift, axes).ravel() for shift in shifts], axis=1)
