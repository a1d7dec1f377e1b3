"""RNNs as this part sees them: matrices by lag, whether they come from an equation, a formula or a trained layer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from carousel.equations.arrays import Array
from carousel.nn import RNN
from carousel.theory.continuous.additive_model import Warping
from carousel.theory.continuous.checks import shaped


class CanonicalRNN(NamedTuple):
    """The parameters of the canonical RNN; `_asdict()` is what `carousel.equations.rnn.forward` takes."""

    W_s: Array
    W_r: Array
    W_x: Array
    theta_s: Array


@dataclass(frozen=True)
class LaggedRNN:
    r"""An RNN that looks back over several steps.

    $$s[n] = \sum_l W_s[l]\, s[n-l] + \sum_l W_r[l]\, r[n-l] + \sum_l W_x[l]\, x[n-l] + \theta_s,
      \qquad r[n] = G(s[n])$$

    Attributes:
        W_s: from a lag >= 1 to a matrix [d, d].
        W_r: from a lag >= 1 to a matrix [d, d].
        W_x: from a lag >= 0 to a matrix [d, d_x].
        theta_s: [d].
        G: the element-wise warping function.
    """

    W_s: Mapping[int, Array]
    W_r: Mapping[int, Array]
    W_x: Mapping[int, Array]
    theta_s: Array
    G: Warping = np.tanh

    @property
    def lags(self) -> tuple[int, int]:
        """How many steps back the state and the input are needed."""
        return max([*self.W_s, *self.W_r], default=0), max(self.W_x, default=0)

    def run(
        self, x: npt.ArrayLike, s_past: npt.ArrayLike | None = None, x_past: npt.ArrayLike | None = None
    ) -> Array:
        """The states s[0] ... s[K-1], [K, d].

        Args:
            x: [K, d_x], K >= 1.
            s_past: the states before, s[-1] last, [lag, d] with at least as many as the longest lag; zeros if None.
            x_past: the inputs before, x[-1] last, [lag, d_x]; zeros if None.

        Raises:
            ValueError: a shape does not fit, the past is too short, or a number is not finite.
        """
        d = len(self.theta_s)
        d_x = next((W.shape[1] for W in self.W_x.values()), None)
        x = shaped("x", x, "K", "d_x" if d_x is None else d_x)
        K = len(x)
        s_lag, x_lag = self.lags
        s = np.concatenate([_past("s_past", s_past, s_lag, d), np.zeros((K, d))])
        r = self.G(s)
        x = np.concatenate([_past("x_past", x_past, x_lag, x.shape[1]), x])
        for n in range(K):
            now, fed = s_lag + n, x_lag + n
            s[now] = self.theta_s
            for lag, W in self.W_s.items():
                s[now] += W @ s[now - lag]
            for lag, W in self.W_r.items():
                s[now] += W @ r[now - lag]
            for lag, W in self.W_x.items():
                s[now] += W @ x[fed - lag]
            r[now] = self.G(s[now])
        return s[s_lag:]


AnyRNN = RNN | CanonicalRNN | LaggedRNN


def as_lagged(rnn: AnyRNN, layer: int = 0) -> LaggedRNN:
    """The weights of any of these RNNs by lag; of a `carousel.RNN` those of one layer, from first step to last.

    Raises:
        TypeError: it is not an RNN.
        ValueError: a shape does not fit, or a weight is not finite.
        IndexError: there is no such layer.
    """
    if isinstance(rnn, LaggedRNN):
        return rnn
    if isinstance(rnn, CanonicalRNN):
        return _with_one_lag(rnn._asdict(), np.tanh)
    if not isinstance(rnn, RNN):
        raise TypeError(
            f"rnn must be a carousel.RNN, a CanonicalRNN or a LaggedRNN, got {type(rnn).__name__}"
        )
    symbols = {name: W.detach().cpu().double().numpy() for name, W in rnn.symbols(layer).items()}
    return _with_one_lag(symbols, np.tanh if rnn.nonlinearity == "tanh" else _relu)


def _with_one_lag(symbols: Mapping[str, Array], G: Warping) -> LaggedRNN:
    W_r = shaped("W_r", symbols["W_r"], "d", "d")
    d = len(W_r)
    W_s = {1: shaped("W_s", symbols["W_s"], d, d)} if "W_s" in symbols else {}
    theta_s = shaped("theta_s", symbols.get("theta_s", np.zeros(d)), d)
    return LaggedRNN(
        W_s, {1: shaped("W_r", W_r, d, d)}, {0: shaped("W_x", symbols["W_x"], d, "d_x")}, theta_s, G
    )


def _relu(z: Array) -> Array:
    return np.maximum(z, 0.0)


def _past(name: str, value: npt.ArrayLike | None, lag: int, size: int) -> Array:
    """The last `lag` rows of the past, zeros for None."""
    if value is None:
        return np.zeros((lag, size))
    past = shaped(name, value, "lag", size)
    if len(past) < lag:
        raise ValueError(f"{name} must hold at least the last {lag} steps, got {len(past)}")
    return past[len(past) - lag :]
