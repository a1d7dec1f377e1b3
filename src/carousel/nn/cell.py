"""One step of the LSTM as a layer, for those who write the loop themselves."""

from collections.abc import Mapping

import torch
from torch import Tensor

from carousel import kernels
from carousel.kernels import Peephole
from carousel.nn._arguments import checked_flag, checked_peephole, checked_projection, checked_size
from carousel.nn._autocast import autocast_dtypes
from carousel.nn._input import check_features
from carousel.nn._lstm_weights import lstm_shapes, lstm_symbols
from carousel.nn._state import checked_pair, matched
from carousel.nn._weights import Weighted

State = tuple[Tensor, Tensor]


class LSTMCell(Weighted):
    """One step of an `LSTM`; with the defaults, `torch.nn.LSTMCell`, with its arguments and names in `state_dict`.

    For a decoder, whose next input depends on the last output. Where the inputs are known, a call of `LSTM` is many
    times faster, and where they arrive one by one and nothing is trained, `LSTM.stream`. H is hidden_size, V is
    proj_size or, without projection, H.

    Args:
        input_size: features of a sample (d_x).
        hidden_size: size of the state and the gates (d_s).
        bias: False leaves all biases out.
        device: where the weights are made.
        dtype: of the weights.
        peephole: as for `LSTM`.
        input_gate: as for `LSTM`.
        proj_size: as for `LSTM`.

    Raises:
        TypeError, ValueError: an argument is of the wrong type or out of range.

    Source: Sherstinsky, arXiv 1808.03314; see `LSTM`.
    """

    cell: kernels.LSTMCell

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: torch.device | str | int | None = None,
        dtype: torch.dtype | None = None,
        *,
        peephole: Peephole = "none",
        input_gate: bool = False,
        proj_size: int = 0,
    ) -> None:
        super().__init__()
        self.input_size = checked_size("input_size", input_size)
        self.hidden_size = checked_size("hidden_size", hidden_size)
        self.bias = checked_flag("bias", bias)
        self.proj_size = checked_projection(proj_size, self.hidden_size)
        self.cell = kernels.LSTMCell(
            checked_peephole(peephole), checked_flag("input_gate", input_gate), proj_size > 0
        )
        self._store({(0, False): ""}, device, dtype)

    def forward(self, input: Tensor, hx: State | None = None) -> State:
        """Take one step.

        Args:
            input: x[n], [B, input_size], or [input_size] for one sequence.
            hx: (v[n-1], s[n-1]), [B, V] and [B, H]; without the B axis for one sequence. Zeros if None.

        Returns:
            (v[n], s[n]), shaped as `hx`.

        Raises:
            ValueError: the input is not 1-D or 2-D, or its dtype is not the layer's.
            RuntimeError: a feature size, a state's shape, dtype or device does not fit.
            TypeError: input or hx is of another kind.
        """
        name, weight = type(self).__name__, self._first_weight
        if not isinstance(input, Tensor):
            raise TypeError(f"{name}: input must be a Tensor, got {type(input).__name__}")
        if input.dim() not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.dim()}D instead")
        check_features(name, input, weight, self.input_size)
        shapes = [(*input.shape[:-1], size) for size in (self._output_size, self.hidden_size)]
        pair = checked_pair(name, hx)
        dtypes = autocast_dtypes(self.cell, input, pair, onednn=False)
        given = pair or tuple(weight.new_zeros(shape) for shape in shapes)
        state = []
        for i, (part, shape) in enumerate(zip(given, shapes, strict=True)):
            if part.shape != shape:
                raise RuntimeError(f"{name}: Expected hx[{i}] size {shape}, got {list(part.shape)}")
            state.append(matched(name, f"hx[{i}]", part, weight).view(-1, shape[-1]))
        x = input.view(1, -1, self.input_size)
        _, after = kernels.scan(self.cell, x, tuple(state), self._weights(0, False))
        if dtypes is not None:
            after = tuple(map(Tensor.to, after, dtypes))
        v, s = after if input.dim() == 2 else (part.squeeze(0) for part in after)
        return v, s

    def extra_repr(self) -> str:
        return self._shown(bias=True, proj_size=0)

    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        return lstm_shapes(self.cell, self.input_size, self.hidden_size, self._output_size, self.bias)

    def _as_symbols(self, stored: Mapping[str, Tensor], layer: int) -> dict[str, Tensor]:
        return lstm_symbols(self.cell, stored, self.hidden_size, taps=1)
