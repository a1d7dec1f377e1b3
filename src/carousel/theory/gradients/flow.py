"""How far back an error reaches in a recurrent layer: the norm of dE/ds[n] against the lag."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from carousel.equations.arrays import Array
from carousel.theory.gradients.error_signals import Lengths, Reading, error_signals, turned
from carousel.theory.gradients.gate import (
    Layer,
    State,
    as_double,
    checked_error,
    checked_input,
    checked_state,
)


@dataclass(frozen=True)
class GradientFlow:
    """The state error signal of one layer and direction, ordered by lag. Lag 0 is the step where E is read.

    Attributes:
        psi: dE/ds at every lag, [lags, B, H]; zero at lags that a sequence is too short for.
        lengths: steps of each sequence, [B].
        name: what it was measured on, for a figure's title.
    """

    psi: Array
    lengths: Lengths
    name: str

    @property
    def norms(self) -> Array:
        """|dE/ds| of each sequence at each lag, [lags, B]; NaN at lags that a sequence is too short for."""
        norms: Array = np.linalg.norm(self.psi, axis=2)
        return np.where(self._reached, norms, np.nan)

    @property
    def relative(self) -> Array:
        """|dE/ds| relative to lag 0, root mean square over the sequences that are long enough, [lags]."""
        return self._relative((self.psi**2).sum(axis=2, keepdims=True))[:, 0]

    @property
    def units(self) -> Array:
        """|dE/ds_i| of each unit relative to its own at lag 0, as `relative`, [lags, H]; NaN where that is 0."""
        return self._relative(self.psi**2)

    def reach(self, share: float = 0.01) -> int | None:
        """The lag at which the norm has fallen to `share` of lag 0 for good; None if it has not within the data."""
        return _fallen(self.relative, _checked_share(share))

    def unit_reaches(self, share: float = 0.01) -> list[int | None]:
        """The lag at which each unit's |dE/ds_i| has fallen to `share` for good, None where it has not."""
        _checked_share(share)
        return [_fallen(unit, share) for unit in self.units.T]

    @property
    def _reached(self) -> npt.NDArray[np.bool_]:
        return np.arange(len(self.psi))[:, None] < self.lengths

    def _relative(self, squares: Array) -> Array:
        """Both sums over the same sequences, those that reach the lag, so that short ones leave no step."""
        here = squares.sum(axis=1)
        start = (squares[:1] * self._reached[..., None]).sum(axis=1)
        shares: Array = np.divide(here, start, out=np.full_like(here, np.nan), where=start > 0)
        return np.sqrt(shares)


def gradient_flow(
    layer: Layer,
    x: Tensor | PackedSequence,
    hx: State | None = None,
    *,
    lengths: Tensor | None = None,
    error: Tensor | None = None,
    level: int = -1,
    reverse: bool = False,
) -> GradientFlow:
    """The state error signal psi[n] = dE/ds[n] of a recurrent layer, in float64, by lag.

    E is read from the layer's output at each sequence's last step, or for the reverse direction at its first, where
    that direction ends. psi is the total derivative: all that E owes to s[n] through later steps and through the
    layers above. Dropout is off. The layer is not changed and may be frozen.

    Args:
        layer: `carousel.LSTM`, `carousel.RNN`, `torch.nn.LSTM` or `torch.nn.RNN`, with any options.
        x: as for a call of the layer: [T, B, d_x], [B, T, d_x] with batch_first, [T, d_x], or a PackedSequence.
        hx: as for a call of the layer; zeros if None.
        lengths: steps of each sequence of a padded batch, [B]; all T if None.
        error: e = dE/dv where E is read, [B, D * V] or the same [D * V] for all; if None, a random unit vector a
            sequence (always the same ones).
        level: index in the stack, from 0 for the layer that sees x; the last by default.
        reverse: the direction that runs from the last step to the first.

    Raises:
        ValueError: the layer is of another kind or has no state signal; a shape, length or index does not fit; there
            are no steps; something is NaN or infinite; E does not depend on the state where it is read.

    Source: the training equations are this library's reading of the paper; see `carousel.equations`.
    """
    name = type(layer).__name__
    model = as_double(layer)
    if not -model.num_layers <= level < model.num_layers:
        raise ValueError(
            f"level must lie in {-model.num_layers}..{model.num_layers - 1} for a stack of {model.num_layers}, "
            f"got {level}"
        )
    level %= model.num_layers
    if reverse and not model.bidirectional:
        raise ValueError("reverse=True needs a layer with bidirectional=True; leave reverse out")
    batch, sizes = checked_input(model, x, lengths)
    state = checked_state(model, batch, sizes, hx)
    width = (model.proj_size or model.hidden_size) * (2 if model.bidirectional else 1)
    steps = np.zeros_like(sizes) if reverse else sizes - 1
    reading = Reading(steps, checked_error(error, len(sizes), width))
    with np.errstate(over="ignore", invalid="ignore"):
        psi = error_signals(model, batch, state, sizes, reading)[level, reverse]
    if not np.isfinite(psi).all():
        raise ValueError(
            f"the error signals of this {name} explode beyond float64 within {len(batch)} steps; use fewer steps"
        )
    if not reverse:
        psi = turned(psi, sizes)
    if not psi[0].any():
        raise ValueError(
            f"E does not depend on the state of this {name} where it is read: dE/ds is exactly 0 there; look for "
            "saturated or dead units, weights of zero, or give another error"
        )
    place = f"layer {level}" + (", reverse" if reverse else "")
    return GradientFlow(psi, sizes, f"{name}({model.input_size}, {model.hidden_size}), {place}")


def _fallen(relative: Array, share: float) -> int | None:
    above = np.flatnonzero(relative > share)
    if np.isnan(relative).any() or above.size == 0 or above[-1] == len(relative) - 1:
        return None
    return int(above[-1]) + 1


def _checked_share(share: float) -> float:
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, 0.01 for 1 %, got {share}")
    return share
