r"""The Additive Model: a nonlinear delay differential equation with any number of discrete delays.

$$\frac{ds}{dt} = \sum_{k<K_s} A_k\, s(t - \tau_s(k)) + \sum_{k<K_r} B_k\, r(t - \tau_r(k))
  + \sum_{k<K_x} C_k\, x(t - \tau_x(k)) + \phi, \qquad r(t) = G(s(t))$$

| symbol | shape | meaning |
|---|---|---|
| s, r | [d] | state, and readout: the warped state |
| x | [d_x] | input |
| A | [K_s, d, d] | "analog" part: governs stability |
| B | [K_r, d, d] | readout to state: long-term behaviour |
| C | [K_x, d, d_x] | input to state |
| phi | [d] | bias |
| tau_s, tau_r, tau_x | [K_s], [K_r], [K_x] | delays, in the unit of time |
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from carousel.equations.arrays import Array
from carousel.theory.continuous.checks import Signal, finite, shaped

Warping = Callable[[Array], Array]


class AdditiveModel:
    r"""The matrices, delays and warping function of one Additive Model.

    Args:
        A: [d, d], or [K_s, d, d] for several delays; K_s, K_r and K_x may be zero.
        B: [d, d] or [K_r, d, d].
        C: [d, d_x] or [K_x, d, d_x].
        phi: [d].
        tau_s: delays of the state, one for each matrix of A, >= 0.
        tau_r: delays of the readout, one for each matrix of B, >= 0.
        tau_x: delays of the input, one for each matrix of C, >= 0.
        G: the element-wise warping function.

    Raises:
        ValueError: a shape does not fit, a delay is negative, or a number is not finite.

    Source: Sherstinsky, arXiv 1808.03314. Public notes on the paper confirm the equation.
    """

    def __init__(
        self,
        A: npt.ArrayLike,
        B: npt.ArrayLike,
        C: npt.ArrayLike,
        phi: npt.ArrayLike,
        *,
        tau_s: npt.ArrayLike = 0.0,
        tau_r: npt.ArrayLike = 0.0,
        tau_x: npt.ArrayLike = 0.0,
        G: Warping = np.tanh,
    ) -> None:
        self.phi = shaped("phi", phi, "d")
        self.A, self.tau_s = _terms("A", A, "tau_s", tau_s, self.d, self.d)
        self.B, self.tau_r = _terms("B", B, "tau_r", tau_r, self.d, self.d)
        self.C, self.tau_x = _terms("C", C, "tau_x", tau_x, self.d, "d_x")
        self.G = G

    @property
    def d(self) -> int:
        """Size of state and readout."""
        return len(self.phi)

    @property
    def d_x(self) -> int:
        """Size of the input."""
        return int(self.C.shape[2])

    def rate(self, t: float, s: Array, past: Signal, x: Signal) -> Array:
        """ds/dt.

        Args:
            t: time.
            s: [d], the state at t.
            past: gives the state [d] at any time before t.
            x: gives the input [d_x] at any time up to t.
        """
        total = self.phi.copy()
        for A, delay in zip(self.A, self.tau_s, strict=True):
            total += A @ (past(t - delay) if delay else s)
        for B, delay in zip(self.B, self.tau_r, strict=True):
            total += B @ self.G(past(t - delay) if delay else s)
        for C, delay in zip(self.C, self.tau_x, strict=True):
            total += C @ x(t - delay)
        return total


def _terms(
    name: str, matrices: npt.ArrayLike, tau: str, delays: npt.ArrayLike, d: int, columns: int | str
) -> tuple[Array, Array]:
    """The matrices [K, d, columns] and delays [K] of one kind of term."""
    stack = finite(name, matrices)
    if stack.ndim == 2:
        stack = stack[None]
    fits = stack.ndim == 3 and stack.shape[1] == d
    if not fits or (stack.shape[2] != columns if isinstance(columns, int) else stack.shape[2] < 1):
        raise ValueError(
            f"{name} must have shape [{d}, {columns}] or [K, {d}, {columns}] to fit phi with {d} elements, "
            f"got {list(np.shape(matrices))}"
        )
    times = np.atleast_1d(finite(tau, delays))
    if times.shape != (len(stack),):
        raise ValueError(
            f"{tau} must have one delay for each of the {len(stack)} matrices of {name}, got {times.tolist()}"
        )
    if (times < 0).any():
        raise ValueError(
            f"{tau} must have no negative delay, got {times.min():g}: the model knows its past, not its future"
        )
    return stack, times
