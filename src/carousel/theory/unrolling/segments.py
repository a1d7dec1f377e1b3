"""A sequence in segments: the equations run piece by piece, with what must be carried over each border.

A segmentation is the lengths K_m of M segments that cover the N steps of a sequence in order. Forward, a segment
starts from the last state of the one before; backward, from the error signals that the one behind it passes on; and
where the input has a context window, it sees a halo of its neighbours' samples.
"""

from collections.abc import Mapping, Sequence
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from carousel.equations import augmented, rnn, vanilla
from carousel.equations.arrays import Array, Symbols
from carousel.theory.unrolling.borders import LookAhead, borders, checked_finite, segment, window_reach


class Carried(NamedTuple):
    """What crosses a border between segments: from the argument that takes it to the signal that it is."""

    states: dict[str, str]
    errors: dict[str, str]


LSTM = Carried({"s_init": "s", "v_init": "v"}, {"f_chi_end": "f_chi", "f_psi_end": "f_psi"})
CARRIED: dict[ModuleType, Carried] = {
    rnn: Carried({"s_init": "s", "r_init": "r"}, {"psi_end": "psi"}),
    vanilla: LSTM,
    augmented: LSTM,
}


def segmented_forward(
    equations: ModuleType,
    params: Mapping[str, npt.ArrayLike],
    x: npt.ArrayLike,
    lengths: Sequence[int],
    *,
    start: Mapping[str, npt.ArrayLike] | None = None,
    look_ahead: LookAhead = 0,
) -> Symbols:
    """Every signal of a sequence that is run in segments, each from the last state of the one before.

    Args:
        equations: `carousel.equations.rnn`, `vanilla` or `augmented`.
        params: as the equations take them, or as a layer's `symbols()` gives them.
        x: the whole sequence, [N, B, d_x].
        lengths: of the segments, K_m with sum N.
        start: the states before step 0, by the names `forward` has for them: s_init and r_init, or s_init and
            v_init; zeros for those not named.
        look_ahead: as `augmented.forward` takes it; 0 for the other equations.

    Returns:
        What `equations.forward` returns for the whole sequence: the same signals, but for rounding.

    Raises:
        ValueError: unknown equations, lengths that do not sum to N, NaN, or a shape that does not fit.

    Source: this library's reading of the paper's section on unrolling.
    """
    cell, x = _checked(equations, look_ahead), checked_finite("x", x)
    padded, options = _with_halo(equations, params, x, look_ahead)
    pieces: list[Symbols] = []
    states = _named("start", start, cell.states)
    for first, end in borders(lengths, len(x)):
        signals = equations.forward(
            params, padded[first : end + sum(options.halo)], **states, **options.given
        )
        states = {name: signals[signal][-1] for name, signal in cell.states.items()}
        pieces.append(signals)
    joined = {
        name: np.concatenate([piece[name] for piece in pieces])
        for name in pieces[0]
        if name not in ("x", *cell.states)
    }
    return {"x": x, **joined, **{name: pieces[0][name] for name in cell.states}}


def segmented_backward(
    equations: ModuleType,
    params: Mapping[str, npt.ArrayLike],
    signals: Symbols,
    e: npt.ArrayLike,
    lengths: Sequence[int],
    *,
    carry: bool = True,
    arriving: Mapping[str, npt.ArrayLike] | None = None,
    look_ahead: LookAhead = 0,
) -> tuple[Symbols, Symbols]:
    """Every error signal and every gradient, segment by segment from the last to the first.

    A segment is run again from its start state, so that one segment's signals are in use at a time.

    Args:
        equations: `carousel.equations.rnn`, `vanilla` or `augmented`.
        params: as given to the forward run.
        signals: of the whole sequence, from `segmented_forward`, or from `equations.forward` without a halo.
        e: the explicit derivative of E by the cell's output at every step, [N, B, d_v] (d for an RNN).
        lengths: of the segments, K_m with sum N; need not be those of the forward run.
        carry: pass the error signals on over the borders. False gives truncated back-propagation: each segment is
            an end of its own, though it starts from the true state.
        arriving: error signals from behind the last step, by the names `backward` has for them: psi_end, or
            f_chi_end and f_psi_end; zeros for those not named.
        look_ahead: as given to the forward run.

    Returns:
        The error signals and the gradients as `equations.backward` returns them for the whole sequence: with
        `carry` the same, but for rounding.

    Raises:
        ValueError: unknown equations, lengths that do not sum to N, NaN, or a shape that does not fit.

    Source: this library's derivation.
    """
    cell, x = _checked(equations, look_ahead), signals["x"]
    e = _checked_errors(e, len(x))
    padded, options = _with_halo(equations, params, x, look_ahead)
    passed_on = _named("arriving", arriving, cell.errors)
    total: Symbols = {}
    dE_dx = np.zeros_like(padded)
    pieces: list[Symbols] = []
    for first, end in reversed(borders(lengths, len(x))):
        samples = slice(first, end + sum(options.halo))
        again = equations.forward(
            params, padded[samples], **_states_before(cell, signals, first), **options.given
        )
        errors, gradients = equations.backward(params, again, e[first:end], **passed_on, **options.given)
        passed_on = {name: errors[error][0] for name, error in cell.errors.items()} if carry else {}
        dE_dx[samples] += gradients.pop("x")
        for name in params:
            total[name] = total.get(name, 0.0) + gradients[name]
        pieces.insert(0, errors)
    total |= {"x": dE_dx[options.halo[0] : len(dE_dx) - options.halo[1]]}
    total |= {name: gradients[name] for name in cell.states}
    return {name: np.concatenate([piece[name] for piece in pieces]) for name in pieces[0]}, total


def sliding_backward(
    equations: ModuleType,
    params: Mapping[str, npt.ArrayLike],
    signals: Symbols,
    e: npt.ArrayLike,
    K: int,
    *,
    look_ahead: LookAhead = 0,
) -> Symbols:
    """Gradients of the parameters when the error of every step goes back through K steps and no further.

    Each step n ends a window of K steps that starts from the true state before step n - K + 1; windows overlap, so
    this costs K times the work of disjoint segments. K >= N gives the full gradient.

    Args:
        equations: `carousel.equations.rnn`, `vanilla` or `augmented`.
        params: as given to the forward run.
        signals: of the whole sequence, from `segmented_forward`, or from `equations.forward` without a halo.
        e: the explicit derivative of E by the cell's output at every step, [N, B, d_v] (d for an RNN).
        K: steps of a window.
        look_ahead: as given to the forward run.

    Returns:
        From each symbol of `params` to its gradient.

    Raises:
        ValueError: unknown equations, K that is not a positive integer, NaN, or a shape that does not fit.

    Source: this library's derivation.
    """
    cell, N = _checked(equations, look_ahead), len(signals["x"])
    e = _checked_errors(e, N)
    K = min(segment(K, N)[0], N)
    padded, options = _with_halo(equations, params, signals["x"], look_ahead)
    reach = K + sum(options.halo)

    start = _states_before(cell, signals, 0)
    again = equations.forward(params, padded[:reach], **start, **options.given)
    _, total = equations.backward(params, again, e[:K], **options.given)
    if K < N:
        firsts = range(1, N - K + 1)
        windows = np.concatenate([padded[first : first + reach] for first in firsts], axis=1)
        befores = [_states_before(cell, signals, first) for first in firsts]
        start = {name: np.concatenate([before[name] for before in befores]) for name in cell.states}
        last = np.zeros((K, windows.shape[1], e.shape[2]))
        last[-1] = e[K:].reshape(-1, e.shape[2])
        again = equations.forward(params, windows, **start, **options.given)
        _, late = equations.backward(params, again, last, **options.given)
        total = {name: total[name] + late[name] for name in params}
    return {name: total[name] for name in params}


class _Options(NamedTuple):
    halo: tuple[int, int]
    given: dict[str, Any]


def _with_halo(
    equations: ModuleType, params: Mapping[str, npt.ArrayLike], x: Array, look_ahead: LookAhead
) -> tuple[Array, _Options]:
    """x with as many zeros at either end as windows reach beyond it, so that every segment has its whole halo."""
    for name, value in params.items():
        checked_finite(name, value)
    if equations is not augmented:
        return x, _Options((0, 0), {})
    halo = window_reach(params, look_ahead)
    options = _Options(halo, {"look_ahead": look_ahead, "halo": halo})
    return np.pad(x, (halo, *[(0, 0)] * (x.ndim - 1))), options


def _states_before(cell: Carried, signals: Symbols, n: int) -> Symbols:
    return {name: signals[signal][n - 1] if n else signals[name] for name, signal in cell.states.items()}


def _checked(equations: ModuleType, look_ahead: LookAhead) -> Carried:
    if equations not in CARRIED:
        known = ", ".join(module.__name__ for module in CARRIED)
        raise ValueError(f"equations must be one of {known}, got {equations!r}")
    if look_ahead != 0 and equations is not augmented:
        raise ValueError(
            f"look_ahead must be 0 for {equations.__name__}, which has no context window, got {look_ahead!r}; "
            "windows belong to carousel.equations.augmented"
        )
    return CARRIED[equations]


def _checked_errors(e: npt.ArrayLike, N: int) -> Array:
    e = checked_finite("e", e)
    if e.ndim != 3 or len(e) != N:
        raise ValueError(f"e must have shape [{N}, B, d] to fit the signals, got {list(e.shape)}")
    return e


def _named(argument: str, given: Mapping[str, npt.ArrayLike] | None, known: Mapping[str, str]) -> Symbols:
    """Boundary values as finite arrays. ValueError for a name that the equations do not have."""
    given = given or {}
    if unknown := sorted(given.keys() - known.keys()):
        raise ValueError(f"{argument} may hold {' and '.join(known)}, got {', '.join(unknown)}")
    return {name: checked_finite(name, value) for name, value in given.items()}
