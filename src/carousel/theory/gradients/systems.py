"""The recurrent weights that the claims are about, and layers made of them. Seeded; shared by theory and experiment."""

import math

import numpy as np
import torch

from carousel.equations.arrays import Array
from carousel.nn import RNN


def orthogonal(d: int, norm: float, seed: int) -> Array:
    """[d, d], every singular value and every eigenvalue of magnitude `norm`."""
    q, r = np.linalg.qr(np.random.default_rng(seed).standard_normal((d, d)))
    weights: Array = norm * q * np.sign(np.diag(r))
    return weights


def gaussian(d: int, radius: float, seed: int) -> Array:
    """[d, d], independent entries of deviation radius / sqrt(d): for large d the spectral radius, and half the norm."""
    return np.random.default_rng(seed).standard_normal((d, d)) * (radius / math.sqrt(d))


def symmetric(d: int, seed: int) -> Array:
    """[d, d], independent entries but for the symmetry; the norm is the spectral radius."""
    draw = gaussian(d, 1.0, seed)
    return draw + draw.T


def with_radius(W: Array, radius: float) -> Array:
    """W scaled to exactly this spectral radius."""
    return W * (radius / float(np.abs(np.linalg.eigvals(W)).max()))


def standard_rnn(W_r: Array) -> RNN:
    """A standard RNN in float64 with these recurrent weights, W_x = I and no bias."""
    d = len(W_r)
    layer = RNN(d, d, bias=False, dtype=torch.float64)
    layer.load_symbols({"W_r": W_r, "W_x": np.eye(d)})
    return layer.requires_grad_(False)


def inputs(T: int, d: int, std: float, seed: int) -> Array:
    """White noise, [T, 1, d]."""
    return std * np.random.default_rng(seed).standard_normal((T, 1, d))
