r"""The input context window: a convolution in time with a matrix-valued filter.

Taps are stored in the order $l = -L_a \dots L_b$; $l < 0$ looks ahead, $l > 0$ looks back. The samples x may carry
a halo: real samples before step 0 and after step K - 1 that windows see but that are no steps of their own.
Beyond the samples, x = 0.
"""

import numpy as np

from carousel.equations.arrays import Array, sum_outer


def windowed_input(W: Array, x: Array, look_ahead: int, halo: tuple[int, int]) -> Array:
    r"""$\xi[n] = \sum_l W[l]\, x[n-l]$, [K, B, d_s], for W [taps, d_s, d_x] and x [before + K + after, B, d_x]."""
    K = len(x) - sum(halo)
    xi = np.zeros((K, x.shape[1], W.shape[1]))
    for tap, W_l in enumerate(W):
        steps, samples = _overlap(tap - look_ahead, K, len(x), halo[0])
        xi[steps] += x[samples] @ W_l.T
    return xi


def filter_gradient(W: Array, delta: Array, x: Array, look_ahead: int, halo: tuple[int, int]) -> Array:
    r"""$\partial E/\partial W[l] = \sum_n \delta[n]\, x[n-l]^T$, [taps, d_s, d_x], over the samples that exist."""
    gradient = np.zeros_like(W)
    for tap in range(len(W)):
        steps, samples = _overlap(tap - look_ahead, len(delta), len(x), halo[0])
        gradient[tap] = sum_outer(delta[steps], x[samples])
    return gradient


def input_gradient(W: Array, delta: Array, x: Array, look_ahead: int, halo: tuple[int, int]) -> Array:
    r"""$\partial E/\partial x[m] = \sum_l W[l]^T \delta[m+l]$, in the shape of x, halo included."""
    gradient = np.zeros_like(x)
    for tap, W_l in enumerate(W):
        steps, samples = _overlap(tap - look_ahead, len(delta), len(x), halo[0])
        gradient[samples] += delta[steps] @ W_l
    return gradient


def _overlap(l: int, K: int, N: int, before: int) -> tuple[slice, slice]:  # noqa: E741
    """The steps n in 0..K-1 whose sample n - l exists, and the positions of those samples among the N."""
    first = max(0, l - before)
    end = max(first, min(K, N - before + l))
    return slice(first, end), slice(first + before - l, end + before - l)
