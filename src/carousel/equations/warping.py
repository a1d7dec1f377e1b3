r"""The warping functions $G_c$ (control) and $G_d$ (data), and their slopes from stored outputs."""

import numpy as np

from carousel.equations.arrays import Array


def G_d(z: Array) -> Array:
    r"""Data warping $G_d(z) = \tanh z$, values in (-1, 1).

    Source: this library's reading of the paper; a public program in its notation has $\tanh(z/2)$.
    """
    return np.tanh(z)


def G_c(z: Array) -> Array:
    r"""Control warping $G_c(z) = (1 + G_d(z/2))/2$, the logistic sigmoid, values in (0, 1).

    This form cannot overflow.

    Source: a public program in the paper's notation confirms the sigmoid; the form is this library's reading.
    """
    return 0.5 * (1.0 + np.tanh(0.5 * z))


def slope_G_d(y: Array) -> Array:
    r"""$G_d'(z) = 1 - y^2$ from the output $y = G_d(z)$."""
    return 1.0 - y * y


def slope_G_c(g: Array) -> Array:
    r"""$G_c'(z) = g(1 - g)$ from the output $g = G_c(z)$."""
    return g * (1.0 - g)
