"""dE/ds[n] of every layer and direction of a stack: the paper's training equations, chained from the top down.

`autograd.grad` by the tensors of a trace would miss what later steps see of s[n], because they are copies. The
equations give the total derivative, in float64, whatever the layer's cell, windows, directions and lengths.
"""

from collections.abc import Callable, Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from carousel.equations import augmented
from carousel.equations.arrays import Array, Symbols
from carousel.nn import LSTM, RNN

Lengths = npt.NDArray[np.int64]

PullBack = Callable[[Array], tuple[Array, Array]]
"""From e [T, B, V], the explicit dE by the output, to psi [T, B, H] and dE/dx [T, B, d_x]."""


class Reading(NamedTuple):
    """Where and how E is read from the output of a stack of D directions."""

    steps: Lengths
    """The step at which E is read, [B]."""
    error: Array
    """dE/dv there, [B, D * V]."""


def error_signals(
    layer: LSTM | RNN, x: Array, state: tuple[Array, ...], lengths: Lengths, reading: Reading
) -> dict[tuple[int, bool], Array]:
    """psi[n] = dE/ds[n], the total derivative, of every layer and direction.

    Args:
        layer: on the CPU, in float64.
        x: [T, B, d_x], zero after a sequence's end.
        state: the carried signals before the first step, [layers * D, B, d] each, in the layer's order.
        lengths: [B].
        reading: where E is read.

    Returns:
        From (index in the stack, is it the reverse direction) to psi, [T, B, H] in time order, zero after a
        sequence's end.
    """
    directions = (False, True) if layer.bidirectional else (False,)
    inside = (np.arange(len(x))[:, None] < lengths)[..., None]
    pull_backs: dict[tuple[int, bool], PullBack] = {}
    for level in range(layer.num_layers):
        outputs = []
        for reverse in directions:
            initial = tuple(part[level * len(directions) + reverse] for part in state)
            output, pull_backs[level, reverse] = _run(layer, level, reverse, x, initial, lengths)
            outputs.append(output)
        x = np.where(inside, np.concatenate(outputs, axis=-1), 0.0)
    e = np.zeros_like(x)
    e[reading.steps, np.arange(len(lengths))] = reading.error
    psi: dict[tuple[int, bool], Array] = {}
    for level in reversed(range(layer.num_layers)):
        passed_down = []
        for reverse, share in zip(directions, np.split(e, len(directions), axis=-1), strict=True):
            psi[level, reverse], dE_dx = pull_backs[level, reverse](share)
            passed_down.append(dE_dx)
        e = np.where(inside, sum(passed_down), 0.0)
    return psi


def turned(signal: Array, lengths: Lengths) -> Array:
    """Each sequence's own steps from last to first, [T, B, d]; what lies after its end stays there."""
    n = np.arange(len(signal))[:, None]
    index = np.where(n < lengths, lengths - 1 - n, n)
    return np.take_along_axis(signal, index[..., None], axis=0)


def _run(
    layer: LSTM | RNN, level: int, reverse: bool, x: Array, initial: tuple[Array, ...], lengths: Lengths
) -> tuple[Array, PullBack]:
    """The output of one layer and direction, and its pull-back."""
    p = {name: value.detach().numpy() for name, value in layer.symbols(level, reverse).items()}
    past, future = layer.context[level]
    if not reverse:
        return _forward_in_time(layer, p, x, initial, future)
    mirrored = {name: value[::-1] if value.ndim == 3 else value for name, value in p.items()}
    output, pull_back = _forward_in_time(layer, mirrored, turned(x, lengths), initial, past)

    def turned_pull_back(e: Array) -> tuple[Array, Array]:
        psi, dE_dx = pull_back(turned(e, lengths))
        return turned(psi, lengths), turned(dE_dx, lengths)

    return turned(output, lengths), turned_pull_back


def _forward_in_time(
    layer: LSTM | RNN, p: Symbols, x: Array, initial: tuple[Array, ...], look_ahead: int
) -> tuple[Array, PullBack]:
    if isinstance(layer, LSTM):
        v_init, s_init = initial
        return _lstm(p, x, v_init, s_init, look_ahead)
    return _rnn(p, x, initial[0], layer.nonlinearity)


def _lstm(p: Symbols, x: Array, v_init: Array, s_init: Array, look_ahead: int) -> tuple[Array, PullBack]:
    signals = augmented.forward(p, x, s_init, v_init, look_ahead=look_ahead)

    def pull_back(e: Array) -> tuple[Array, Array]:
        errors, gradients = augmented.backward(p, signals, e, look_ahead=look_ahead)
        return errors["psi"], gradients["x"]

    return signals["v"], pull_back


def _rnn(p: Mapping[str, Array], x: Array, initial: Array, nonlinearity: str) -> tuple[Array, PullBack]:
    """As `carousel.equations.rnn`, for either warping function.

    `initial` is s[-1] of the canonical RNN, which has W_s, and r[-1] of the standard RNN.
    """
    warp = np.tanh if nonlinearity == "tanh" else _relu
    W_r, W_s, share = p["W_r"], p.get("W_s"), x @ p["W_x"].T + p.get("theta_s", 0.0)
    r = np.empty_like(share)
    s, before = initial, initial if W_s is None else warp(initial)
    for n in range(len(x)):
        s = share[n] + before @ W_r.T + (0.0 if W_s is None else s @ W_s.T)
        before = r[n] = warp(s)
    slope = 1.0 - r * r if nonlinearity == "tanh" else (r > 0).astype(np.float64)

    def pull_back(e: Array) -> tuple[Array, Array]:
        psi = np.zeros((len(e) + 1, *e.shape[1:]))
        for n in reversed(range(len(e))):
            psi[n] = (e[n] + psi[n + 1] @ W_r) * slope[n] + (0.0 if W_s is None else psi[n + 1] @ W_s)
        return psi[:-1], psi[:-1] @ p["W_x"]

    return r, pull_back


def _relu(s: Array) -> Array:
    return np.maximum(s, 0.0)
