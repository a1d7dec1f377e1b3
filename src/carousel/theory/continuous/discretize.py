r"""Backward Euler makes an RNN of the Additive Model, and an RNN is turned back into one.

Every signal is taken at the end of the step, $t = n\,\Delta T$, and every delay is a whole number of steps. With the
matrix $A_0$ of the undelayed state, the step

$$\frac{s[n] - s[n-1]}{\Delta T} = A_0\, s[n] + \dots + \phi$$

is solved for s[n] by $W = (I - \Delta T\, A_0)^{-1}$, which multiplies everything else.
"""

import numpy as np
import numpy.typing as npt

from carousel.equations.arrays import Array
from carousel.theory.continuous.additive_model import AdditiveModel
from carousel.theory.continuous.checks import positive, shaped
from carousel.theory.continuous.lagged import AnyRNN, CanonicalRNN, LaggedRNN, as_lagged

SINGULAR = 1e12
"""A matrix of this condition number leaves four digits of its inverse."""


def discretize(
    A: npt.ArrayLike, B: npt.ArrayLike, C: npt.ArrayLike, phi: npt.ArrayLike, dT: float
) -> CanonicalRNN:
    r"""The canonical RNN of the Additive Model whose readout is delayed by one step, $\tau_0 = \Delta T$.

    $$W_s = (I - \Delta T A)^{-1}, \quad W_r = \Delta T\, W_s B, \quad W_x = \Delta T\, W_s C, \quad
      \theta_s = \Delta T\, W_s \phi$$

    Args:
        A: [d, d].
        B: [d, d].
        C: [d, d_x].
        phi: [d].
        dT: the time between two steps, > 0.

    Raises:
        ValueError: I - dT A is singular, a shape does not fit, or a number is not finite.

    Source: Sherstinsky, arXiv 1808.03314. Public notes on the paper confirm the sampling and the equations.
    """
    d = len(shaped("phi", phi, "d"))
    dT = positive("dT", dT)
    model = AdditiveModel(shaped("A", A, d, d), shaped("B", B, d, d), shaped("C", C, d, "d_x"), phi, tau_r=dT)
    rnn = discretize_delays(model, dT)
    return CanonicalRNN(rnn.W_s[1], rnn.W_r[1], rnn.W_x[0], rnn.theta_s)


def discretize_delays(model: AdditiveModel, dT: float) -> LaggedRNN:
    """The RNN of an Additive Model with any delays that are multiples of `dT`: a lag for each delay.

    Args:
        model: with every readout delayed, since an undelayed one would leave G in the equation for s[n].
        dT: the time between two steps, > 0.

    Raises:
        ValueError: I - dT A is singular, a delay is no multiple of dT, or a readout has no delay.

    Source: backward Euler as for `discretize`; several delays are derived here.
    """
    dT = positive("dT", dT)
    s_lags, r_lags, x_lags = (
        _lags(name, delays, dT)
        for name, delays in (("tau_s", model.tau_s), ("tau_r", model.tau_r), ("tau_x", model.tau_x))
    )
    if 0 in r_lags:
        raise ValueError(
            f"tau_r must be at least dT = {dT:g} for backward Euler to give an RNN, got a readout without delay; "
            f"delay it by dT, as the paper does"
        )
    A = _sums(s_lags, model.A)
    identity = np.eye(model.d)
    W = _inverse(
        identity - dT * A.pop(0, np.zeros_like(identity)),
        f"I - dT A is singular at dT = {dT:g}: 1 / dT is an eigenvalue of A; take another dT, such as half of it",
    )
    W_s = {1: W} | {lag: dT * W @ matrix + (lag == 1) * W for lag, matrix in A.items()}
    W_r = {lag: dT * W @ matrix for lag, matrix in _sums(r_lags, model.B).items()}
    W_x = {lag: dT * W @ matrix for lag, matrix in _sums(x_lags, model.C).items()}
    return LaggedRNN(W_s, W_r, W_x, dT * W @ model.phi, model.G)


def to_continuous(rnn: AnyRNN, dT: float, layer: int = 0) -> AdditiveModel:
    r"""The Additive Model that gives this RNN when sampled every `dT`: `discretize` backwards.

    $$A = (I - W_s^{-1}) / \Delta T, \quad B = W_s^{-1} W_r / \Delta T, \quad C = W_s^{-1} W_x / \Delta T, \quad
      \phi = W_s^{-1} \theta_s / \Delta T$$

    A lag of l steps becomes a delay of l dT. The state one step back says both what $A_0$ and what a delay of dT
    would do; all of it is read as $A_0$, so the model has no state delayed by exactly dT.

    Args:
        rnn: a canonical `carousel.RNN`, a CanonicalRNN or a LaggedRNN.
        dT: the time between two steps, > 0.
        layer: which layer of a stacked `carousel.RNN`.

    Raises:
        ValueError: W_s is singular or missing, as in a standard RNN, or a number is not finite.
        TypeError: it is not an RNN.

    Source: derived here.
    """
    dT = positive("dT", dT)
    lagged = as_lagged(rnn, layer)
    if 1 not in lagged.W_s:
        raise ValueError(
            "the RNN has no W_s: a standard RNN is the limit of infinitely fast decay and has no differential "
            "equation; take a canonical one, carousel.RNN(..., canonical=True)"
        )
    V = _inverse(lagged.W_s[1], "W_s is singular, so no A gives it as (I - dT A)^-1; take an invertible W_s")
    A = {0: np.eye(len(V)) - V} | {lag: V @ W for lag, W in lagged.W_s.items() if lag != 1}
    B = {lag: V @ W for lag, W in lagged.W_r.items()}
    C = {lag: V @ W for lag, W in lagged.W_x.items()}
    return AdditiveModel(
        np.stack(list(A.values())) / dT,
        np.stack(list(B.values())) / dT,
        np.stack(list(C.values())) / dT,
        V @ lagged.theta_s / dT,
        tau_s=dT * np.array(list(A)),
        tau_r=dT * np.array(list(B)),
        tau_x=dT * np.array(list(C)),
        G=lagged.G,
    )


def _lags(name: str, delays: Array, dT: float) -> list[int]:
    steps = delays / dT
    wrong = np.abs(steps - np.round(steps)) > 1e-9 * np.maximum(1, steps)
    if wrong.any():
        raise ValueError(
            f"{name} must be multiples of dT = {dT:g}, got {delays[wrong][0]:g}, which is {steps[wrong][0]:g} steps; "
            f"take a dT that divides every delay"
        )
    return [int(step) for step in np.round(steps)]


def _sums(lags: list[int], matrices: Array) -> dict[int, Array]:
    """The sum of the matrices of each lag."""
    return {
        lag: np.sum([M for other, M in zip(lags, matrices, strict=True) if other == lag], axis=0)
        for lag in sorted(set(lags))
    }


def _inverse(matrix: Array, otherwise: str) -> Array:
    if not np.linalg.cond(matrix) < SINGULAR:
        raise ValueError(otherwise)
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
