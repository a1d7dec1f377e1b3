"""The canonical and the standard RNN as layers."""

from collections.abc import Mapping
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from carousel.kernels import RNNCell
from carousel.nn._arguments import Init, checked_flag, checked_nonlinearity
from carousel.nn._convert import copied
from carousel.nn._ragged import Lengths
from carousel.nn._recurrent import Recurrent
from carousel.nn._stream import Stream

_SHARED = (
    "input_size",
    "hidden_size",
    "num_layers",
    "nonlinearity",
    "bias",
    "batch_first",
    "dropout",
    "bidirectional",
)
"""The settings that this layer and torch's have in common."""


class RNN(Recurrent):
    """The standard RNN, which is `torch.nn.RNN`, or with `canonical=True` the canonical RNN of the paper.

    The standard RNN drops the term W_s s[n-1]. It carries the readout r, the canonical RNN carries the state s. The
    first ten arguments, the shapes, the initialisation and the names in `state_dict` are those of `torch.nn.RNN`;
    W_s is stored as `weight_ch`. H is hidden_size; D is 2 if bidirectional, else 1.

    Args:
        input_size: features of a sample (d_x).
        hidden_size: size of state and readout (d).
        num_layers: layers in the stack.
        nonlinearity: the warping function G, "tanh" or "relu".
        bias: False leaves the bias theta_s out.
        batch_first: batched input and output are [B, T, features]; states never are.
        dropout: probability of zeroing an element between layers while training.
        bidirectional: add a second direction, from the last step to the first.
        device: where the weights are made.
        dtype: of the weights.
        canonical: keep W_s.
        init: as for `LSTM`.
        recurrent_dropout: as for `LSTM`, of r.
        weight_dropout: as for `LSTM`.

    Raises:
        TypeError, ValueError: an argument is of the wrong type or out of range.

    Source: Sherstinsky, arXiv 1808.03314; see `carousel.equations.rnn`.
    """

    cell: RNNCell

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: Literal["tanh", "relu"] = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
        *,
        canonical: bool = False,
        init: Init = "uniform",
        recurrent_dropout: float = 0.0,
        weight_dropout: float = 0.0,
    ) -> None:
        super().__init__(
            RNNCell(checked_flag("canonical", canonical), checked_nonlinearity(nonlinearity)),
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device,
            dtype,
            init=init,
            recurrent_dropout=recurrent_dropout,
            weight_dropout=weight_dropout,
        )

    @property
    def mode(self) -> str:  # type: ignore[override]
        """What torch calls the cell, RNN_TANH or RNN_RELU."""
        return f"RNN_{self.nonlinearity.upper()}"

    @property
    def nonlinearity(self) -> str:
        """The warping function G."""
        return self.cell.nonlinearity

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: Tensor | None = None,
        *,
        lengths: Lengths | None = None,
        mask: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, Tensor]:
        """Run the stack over a batch of sequences.

        Args:
            input: [T, B, input_size], [B, T, input_size] with batch_first, [T, input_size] for one sequence, or a
                PackedSequence. T >= 1.
            hx: r[-1] of the standard RNN, s[-1] of the canonical RNN, [num_layers * D, B, H], in the caller's order
                of sequences; without the B axis for one sequence. Zeros if None.

        Returns:
            The last layer's r at every step, in the form of the input, with D * H features, zero after a
            sequence's end; and r (or s) after each sequence's last step, shaped as `hx`.

        Raises:
            ValueError: the input is not 2-D or 3-D, or its dtype is not the layer's.
            RuntimeError: a feature size, the state's shape, dtype or device does not fit, or there are no steps.
            TypeError: input or hx is of another kind.
        """
        output, (last,) = self._forward(input, self._single(hx), lengths, mask)
        return output, last

    def trace(
        self,
        input: Tensor | PackedSequence,
        hx: Tensor | None = None,
        *,
        lengths: Lengths | None = None,
        mask: Tensor | None = None,
        layer: int = 0,
        reverse: bool = False,
    ) -> dict[str, Tensor]:
        """The signals s and r at every step, of one layer and direction. Everything as for `LSTM.trace`."""
        return self._trace(input, self._single(hx), lengths, mask, layer, reverse)

    def stream(self, batch_size: int = 1, hx: Tensor | None = None) -> Stream:
        """Run over samples as they arrive. Everything as for `LSTM.stream`, with `hx` as for a call of the layer."""
        return self._stream(batch_size, self._single(hx))

    @classmethod
    def from_torch(cls, module: nn.RNN) -> "RNN":
        """A standard RNN with the settings and a copy of the weights of a `torch.nn.RNN`."""
        if not isinstance(module, nn.RNN):
            raise TypeError(f"from_torch takes a torch.nn.RNN, got {type(module).__name__}")
        return copied(module, cls, _SHARED)

    def to_torch(self) -> nn.RNN:
        """A `torch.nn.RNN` with the settings and a copy of the weights of this layer.

        Raises:
            ValueError: the layer is a canonical RNN, which `torch.nn.RNN` is not.
        """
        if self.cell.canonical:
            raise ValueError("to_torch: torch.nn.RNN has nothing for W_s of a canonical RNN")
        return copied(self, nn.RNN, _SHARED)

    def _single(self, hx: Tensor | None) -> tuple[Tensor] | None:
        if hx is not None and not isinstance(hx, Tensor):
            raise TypeError(f"RNN: hx must be a tensor, got {type(hx).__name__}")
        return None if hx is None else (hx,)

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        H = self.hidden_size
        shapes: dict[str, tuple[int, ...]] = {
            "weight_ih": (H, self._layer_input_size(layer)),
            "weight_hh": (H, H),
        }
        if self.bias:
            shapes |= {"bias_ih": (H,), "bias_hh": (H,)}
        if self.cell.canonical:
            shapes["weight_ch"] = (H, H)
        return shapes

    def _as_symbols(self, stored: Mapping[str, Tensor], layer: int) -> dict[str, Tensor]:
        names = {"W_x": "weight_ih", "W_r": "weight_hh", "W_s": "weight_ch", "theta_s": "bias"}
        return {symbol: stored[name] for symbol, name in names.items() if name in stored}
