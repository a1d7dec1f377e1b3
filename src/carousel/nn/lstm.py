"""The LSTM as a layer."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from carousel.kernels import LSTMCell, Peephole
from carousel.nn._arguments import (
    Context,
    Init,
    Zoneout,
    checked_flag,
    checked_peephole,
    checked_projection,
    checked_size,
)
from carousel.nn._convert import copied
from carousel.nn._lstm_weights import lstm_shapes, lstm_symbols
from carousel.nn._ragged import Lengths
from carousel.nn._recurrent import Recurrent
from carousel.nn._state import checked_pair
from carousel.nn._stream import Stream

State = tuple[Tensor, Tensor]

SHARED_SETTINGS = (
    "input_size",
    "hidden_size",
    "num_layers",
    "bias",
    "batch_first",
    "dropout",
    "bidirectional",
    "proj_size",
)
"""The settings that this layer and torch's have in common."""


class LSTM(Recurrent):
    """The Vanilla and the augmented LSTM of the paper, in part or whole; with the defaults, `torch.nn.LSTM`.

    The first ten arguments, the shapes, the initialisation and the names in `state_dict` are those of
    `torch.nn.LSTM`, and its numbers too. H is hidden_size, V is proj_size or, without projection, H; D is 2 if
    bidirectional, else 1. The state of a sequence in a ragged batch stays as its own last step left it.

    Args:
        input_size: features of a sample (d_x).
        hidden_size: size of the state and the gates (d_s).
        num_layers: layers in the stack.
        bias: False leaves all biases out.
        batch_first: batched input and output are [B, T, features]; states never are.
        dropout: probability of zeroing an element between layers while training.
        bidirectional: add a second direction, from the last step to the first.
        proj_size: size of the value v after the recurrent projection W_qdr (d_v); 0 for no projection.
        device: where the weights are made.
        dtype: of the weights.
        peephole: "none"; "diagonal", a weight per unit, usual elsewhere; or "full", the paper's d_s x d_s matrices.
        input_gate: add the external input gate g_cx.
        context: (past, future), how many samples on either side of x[n] the cell sees besides x[n], of the external
            input; or a list of such pairs, one a layer. All nodes share a layer's window, and it never reaches across
            the end of a sequence.
        init: "uniform", as torch draws; "orthogonal": what comes to a node from v or s, and W_qdr, orthogonal; from the
            input as Glorot has it; biases zero.
        forget_bias: where the bias b_cs of the gate g_cs starts in every unit, if not as `init` has it.
        chrono: T_max, the longest dependency expected, in steps: b_cs starts at log U(1, T_max - 1) and b_cu at -b_cs,
            so that the units' memories last up to it. Not together with forget_bias.
        recurrent_dropout: probability, while training, of zeroing an element of v on its way from one step to the
            nodes of the next, the others divided by 1 - p; one draw a sequence, the same at all its steps.
        zoneout: probability, while training, that an element of v or s keeps its value of the step before, drawn at
            every step; a number, or one for v and one for s. In evaluation the mean of both values is taken instead.
        weight_dropout: probability, while training, of zeroing a weight from v to a node (`weight_hh`), the others
            divided by 1 - p; one draw a call.

    Raises:
        TypeError, ValueError: an argument is of the wrong type or out of range.

    Source: Sherstinsky, arXiv 1808.03314. A public program in the paper's notation confirms the full peepholes;
    context, input gate and projection are this library's reading of the paper; stacks, two directions, diagonal
    peepholes and ragged batches are this library's own. `chrono`: Tallec and Ollivier, arXiv 1804.11188;
    `recurrent_dropout`: Gal and Ghahramani, arXiv 1512.05287; `zoneout`: Krueger et al., arXiv 1606.01305;
    `weight_dropout`, DropConnect: Merity et al., arXiv 1708.02182.
    """

    cell: LSTMCell
    mode = "LSTM"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
        *,
        peephole: Peephole = "none",
        input_gate: bool = False,
        context: Context = (0, 0),
        init: Init = "uniform",
        forget_bias: float | None = None,
        chrono: int | None = None,
        recurrent_dropout: float = 0.0,
        zoneout: Zoneout = 0.0,
        weight_dropout: float = 0.0,
    ) -> None:
        proj_size = checked_projection(proj_size, checked_size("hidden_size", hidden_size))
        super().__init__(
            LSTMCell(checked_peephole(peephole), checked_flag("input_gate", input_gate), proj_size > 0),
            input_size,
            hidden_size,
            num_layers,
            bias,
            batch_first,
            dropout,
            bidirectional,
            device,
            dtype,
            proj_size=proj_size,
            context=context,
            init=init,
            forget_bias=forget_bias,
            chrono=chrono,
            recurrent_dropout=recurrent_dropout,
            zoneout=zoneout,
            weight_dropout=weight_dropout,
        )

    def forward(
        self,
        input: Tensor | PackedSequence,
        hx: State | None = None,
        *,
        lengths: Lengths | None = None,
        mask: Tensor | None = None,
        halo: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, State]:
        """Run the stack over a batch of sequences.

        Args:
            input: [T, B, input_size], [B, T, input_size] with batch_first, [T, input_size] for one sequence, or a
                PackedSequence. T >= 1.
            hx: (v, s) before the first step: [num_layers * D, B, V] and [num_layers * D, B, H], in the caller's
                order of sequences; without the B axis for one sequence. Zeros if None.
            lengths: how many steps of each sequence are real, [B] integers 1..T in any order, if they are not all;
                what follows them is padding and is not looked at.
            mask: the same as a bool tensor, True where a step is real: [T, B], [B, T] with batch_first.
            halo: the samples before the first step that the window of the first layer sees, oldest first, as many as
                the `context` looks back, in the form of the input: with it and `hx`, and where nothing looks ahead,
                segments of a sequence in order give what the whole sequence gives. Zeros if None.

        Returns:
            The last layer's v at every step, in the form of the input, with D * V features, zero after a
            sequence's end; and (v, s) after each sequence's last step, shaped as `hx`.

        Raises:
            ValueError: the input is not 2-D or 3-D, its dtype is not the layer's, or there is a halo although a layer
                above the first looks back, too.
            RuntimeError: a feature size, or the shape, dtype or device of a state or the halo does not fit, or there
                are no steps.
            TypeError: input, hx or halo is of another kind.
        """
        output, (v, s) = self._forward(input, self._pair(hx), lengths, mask, halo)
        return output, (v, s)

    def trace(
        self,
        input: Tensor | PackedSequence,
        hx: State | None = None,
        *,
        lengths: Lengths | None = None,
        mask: Tensor | None = None,
        layer: int = 0,
        reverse: bool = False,
    ) -> dict[str, Tensor]:
        """Every signal of the paper at every step, of one layer and direction.

        Dropout between layers acts as in a call: call `eval()` first to see what a trained stack does.

        Args:
            input: as for a call of the layer.
            hx: as for a call of the layer.
            layer: index of the layer in the stack.
            reverse: the direction that runs from the last step to the first.

        Returns:
            `xi_*`, `a_*`, `g_*`, `u`, `s`, `r`, `q` and `v`, in time order, [T, B, d] each whatever `batch_first` says,
            [T, d] for one sequence, zero after a sequence's end, differentiable. Sequences are in the caller's order.

        Raises:
            IndexError: there is no such layer or direction.
            ValueError, RuntimeError, TypeError: as for a call of the layer.
        """
        return self._trace(input, self._pair(hx), lengths, mask, layer, reverse)

    def stream(self, batch_size: int = 1, hx: State | None = None) -> Stream:
        """Run over samples as they arrive: an object that is pushed one sample at a time.

        Args:
            batch_size: B, how many streams run in step.
            hx: (v, s) before the first sample, [num_layers, B, V] and [num_layers, B, H]. Zeros if None.

        Returns:
            A stream at its start, with a copy of the layer's weights as they are now.

        Raises:
            ValueError: the layer is bidirectional, or batch_size is not positive.
            RuntimeError: a state's shape, dtype or device does not fit.
            TypeError: batch_size or hx is of another kind.
        """
        return self._stream(batch_size, self._pair(hx))

    @classmethod
    def from_torch(cls, module: nn.LSTM) -> "LSTM":
        """A layer with the settings and a copy of the weights of a `torch.nn.LSTM`, whose outputs it repeats."""
        if not isinstance(module, nn.LSTM):
            raise TypeError(f"from_torch takes a torch.nn.LSTM, got {type(module).__name__}")
        return copied(module, cls, SHARED_SETTINGS)

    def to_torch(self) -> nn.LSTM:
        """A `torch.nn.LSTM` with the settings and a copy of the weights of this layer.

        Raises:
            ValueError: the layer has a peephole, an input gate, a context window or zoneout, which `torch.nn.LSTM`
                lacks; or it is training with dropout that it has not.
        """
        extensions = {
            f"peephole={self.cell.peephole!r}": self.cell.peephole != "none",
            "input_gate=True": self.cell.input_gate,
            f"context={self.context}": any(pair != (0, 0) for pair in self.context),
            f"zoneout={self.zoneout}": any(self.zoneout),
            f"recurrent_dropout={self.recurrent_dropout}": self.training and self.recurrent_dropout,
            f"weight_dropout={self.weight_dropout}": self.training and self.weight_dropout,
        }
        if used := [name for name, is_used in extensions.items() if is_used]:
            raise ValueError(f"to_torch: torch.nn.LSTM has nothing for {', '.join(used)} of this layer")
        return copied(self, nn.LSTM, SHARED_SETTINGS)

    def _pair(self, hx: State | None) -> State | None:
        return checked_pair("LSTM", hx)

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        inputs = (sum(self.context[layer]) + 1) * self._layer_input_size(layer)
        return lstm_shapes(self.cell, inputs, self.hidden_size, self._output_size, self.bias)

    def _as_symbols(self, stored: Mapping[str, Tensor], layer: int) -> dict[str, Tensor]:
        return lstm_symbols(self.cell, stored, self.hidden_size, taps=sum(self.context[layer]) + 1)
