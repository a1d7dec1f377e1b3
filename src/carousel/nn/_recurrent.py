"""What the layers share: settings, checks, the stack over layers and directions."""

from collections.abc import Iterator

import torch
import torch.nn.functional as F
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from carousel import kernels
from carousel.kernels.streaming import StreamedLayer
from carousel.nn._arguments import (
    Context,
    Init,
    Zoneout,
    checked_context,
    checked_dropout,
    checked_flag,
    checked_gate_biases,
    checked_init,
    checked_probability,
    checked_size,
    checked_zoneout,
)
from carousel.nn._autocast import autocast_dtypes
from carousel.nn._input import Batch, check_features, checked_halo, context_windows, dropped_out, unpack
from carousel.nn._ragged import Lengths
from carousel.nn._state import checked_state
from carousel.nn._stream import Stream
from carousel.nn._weights import Weighted


class Recurrent(Weighted):
    """A stack of recurrent layers in one or two directions, around one cell."""

    mode: str
    """What torch calls the cell, which tells its callers which states to expect."""
    # Of the class, for layers without these arguments and those that were pickled before there were any.
    recurrent_dropout: float = 0
    _zoneout: tuple[float, float] = (0, 0)
    weight_dropout: float = 0

    def __init__(
        self,
        cell: kernels.Cell,
        input_size: int,
        hidden_size: int,
        num_layers: int,
        bias: bool,
        batch_first: bool,
        dropout: float,
        bidirectional: bool,
        device: torch.device | str | int | None,
        dtype: torch.dtype | None,
        *,
        proj_size: int = 0,
        context: Context = (0, 0),
        init: Init,
        forget_bias: float | None = None,
        chrono: int | None = None,
        recurrent_dropout: float,
        zoneout: Zoneout = 0.0,
        weight_dropout: float,
    ) -> None:
        super().__init__()
        self.cell = cell
        self.input_size = checked_size("input_size", input_size)
        self.hidden_size = checked_size("hidden_size", hidden_size)
        self.num_layers = checked_size("num_layers", num_layers)
        self.bias = checked_flag("bias", bias)
        self.batch_first = checked_flag("batch_first", batch_first)
        self.dropout = checked_dropout(dropout, num_layers)
        self.bidirectional = bool(bidirectional)
        self.proj_size = proj_size
        self.context = checked_context(context, num_layers)
        self.init = checked_init(init)
        checked_gate_biases(forget_bias, chrono, bias)
        self.forget_bias, self.chrono = forget_bias, chrono
        self.recurrent_dropout = checked_probability("recurrent_dropout", recurrent_dropout)
        self.zoneout = zoneout
        self.weight_dropout = checked_probability("weight_dropout", weight_dropout)
        suffixes = {run: f"_l{run[0]}{'_reverse' if run[1] else ''}" for run in self._runs()}
        self._store(suffixes, device, dtype)

    @property
    def zoneout(self) -> tuple[float, float]:
        """Of v and of s the probability to keep its value; a single number can be set for both."""
        return self._zoneout

    @zoneout.setter
    def zoneout(self, zoneout: Zoneout) -> None:
        self._zoneout = checked_zoneout(zoneout)

    @property
    def _directions(self) -> int:
        return 2 if self.bidirectional else 1

    def _runs(self) -> Iterator[tuple[int, bool]]:
        """Every (layer, reverse), in the order of torch's states and weights."""
        for layer in range(self.num_layers):
            for reverse in (False, True)[: self._directions]:
                yield layer, reverse

    def _layer_input_size(self, layer: int) -> int:
        return self.input_size if layer == 0 else self._output_size * self._directions

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """The stored weights, one list per layer and direction, as `torch.nn.LSTM` has it."""
        return [list(self._stored(layer, reverse).values()) for layer, reverse in self._stored_as]

    def flatten_parameters(self) -> None:
        """Does nothing: there is no packed copy of the weights to refresh. Kept for callers of `torch.nn.LSTM`."""

    def extra_repr(self) -> str:
        shown = self._shown(
            proj_size=0,
            num_layers=1,
            bias=True,
            batch_first=False,
            dropout=0.0,
            bidirectional=False,
            init="uniform",
            forget_bias=None,
            chrono=None,
            recurrent_dropout=0,
            zoneout=(0, 0),
            weight_dropout=0,
        )
        return f"{shown}, context={self.context}" if any(map(any, self.context)) else shown

    def _forward(
        self,
        input: Tensor | PackedSequence,
        state: tuple[Tensor, ...] | None,
        lengths: Lengths | None,
        mask: Tensor | None,
        halo: Tensor | None = None,
    ) -> tuple[Tensor | PackedSequence, tuple[Tensor, ...]]:
        batch = self._checked_batch(input, lengths, mask)
        if halo is not None:
            batch = batch._replace(
                halo=checked_halo(type(self).__name__, halo, batch, self.context, self.batch_first)
            )
        dtypes = autocast_dtypes(self.cell, batch.x, state, onednn=isinstance(input, Tensor))
        if dtypes is not None:
            batch = self._as_computed(batch)
        state = self._checked_state(state, batch)
        x, last = self._through(batch, state, self.num_layers)
        stacked = tuple(torch.stack(parts) for parts in zip(*last, strict=True))
        if dtypes is not None:
            x, stacked = x.to(dtypes[0]), tuple(map(Tensor.to, stacked, dtypes))
        if not batch.is_batched:
            stacked = tuple(part.squeeze(1) for part in stacked)
        return batch.restore(x), stacked

    def _as_computed(self, batch: Batch) -> Batch:
        """Under autocast, the input in the weights' dtype: nothing is rounded between two layers."""
        dtype = self._first_weight.dtype
        before = None if batch.halo is None else batch.halo.to(dtype)
        return batch._replace(x=batch.x.to(dtype), halo=before)

    def _through(
        self, batch: Batch, state: tuple[Tensor, ...], layers: int
    ) -> tuple[Tensor, list[tuple[Tensor, ...]]]:
        """Run the first layers of the stack: the output [T, B, d] and every run's last state."""
        x, last = batch.x, []
        for layer in range(layers):
            outputs = []
            for reverse in (False, True)[: self._directions]:
                run = layer * self._directions + reverse
                halo = batch.halo if layer == 0 else None
                windows = context_windows(x, *self.context[layer], halo)
                weights = self._varied_weights(layer, reverse)
                masks = self._masks(x, x.shape[1], self.training)
                initial = tuple(part[run] for part in state)
                output, after = kernels.scan(
                    self.cell, windows, initial, weights, batch.lengths, reverse, masks
                )
                outputs.append(output)
                last.append(after)
            x = torch.cat(outputs, dim=-1) if self.bidirectional else outputs[0]
            if layer < self.num_layers - 1:
                x = dropped_out(batch, x, self.dropout) if self.training and self.dropout else x
        return x, last

    @property
    def _active(self) -> list[str]:
        """The settings that make a call random, in the layer's present mode."""
        acts = {
            "dropout": self.dropout > 0 and self.num_layers > 1,
            "recurrent_dropout": self.recurrent_dropout > 0,
            "zoneout": any(self.zoneout),
            "weight_dropout": self.weight_dropout > 0,
        }
        return [f"{name}={getattr(self, name)}" for name, does in acts.items() if does and self.training]

    def _varied_weights(self, layer: int, reverse: bool) -> kernels.Weights:
        """The weights for one call: while training, with DropConnect on those that v is multiplied by."""
        weights = self._weights(layer, reverse)
        if self.training and self.weight_dropout:
            weights = weights._replace(hh=F.dropout(weights.hh, self.weight_dropout))
        return weights

    def _masks(self, x: Tensor, B: int, training: bool) -> kernels.Masks:
        """What regularises one run over T steps of B sequences like those of x: drawn in training, else its mean."""
        drops = training and self.recurrent_dropout > 0
        if not drops and not any(self.zoneout):
            return kernels.NO_MASKS
        T = x.shape[0]
        one = x.new_ones((), dtype=kernels.computed_in(x, ()))
        v_mask = None
        if drops:
            v_mask = F.dropout(one.expand(B, self._output_size), self.recurrent_dropout)
        if not any(self.zoneout):
            return kernels.Masks(v_mask)
        sizes = self._output_size, self.hidden_size
        shapes = [(T, B, size) if training else (T, 1, 1) for size in sizes]
        shares = [(one * share).expand(shape) for share, shape in zip(self.zoneout, shapes, strict=True)]
        return kernels.Masks(v_mask, tuple(map(torch.bernoulli, shares) if training else shares))

    def _trace(
        self,
        input: Tensor | PackedSequence,
        state: tuple[Tensor, ...] | None,
        lengths: Lengths | None,
        mask: Tensor | None,
        layer: int,
        reverse: bool,
    ) -> dict[str, Tensor]:
        self._check_run(layer, reverse)
        batch = self._checked_batch(input, lengths, mask)
        if autocast_dtypes(self.cell, batch.x, state, onednn=False) is not None:
            batch = self._as_computed(batch)
        state = self._checked_state(state, batch)
        x, _ = self._through(batch, state, layer)
        windows, weights = context_windows(x, *self.context[layer]), self._varied_weights(layer, reverse)
        initial = tuple(part[layer * self._directions + reverse] for part in state)
        masks = self._masks(x, x.shape[1], self.training)
        signals = kernels.trace(self.cell, windows, initial, weights, batch.lengths, reverse, masks)
        return signals if batch.is_batched else {name: signal.squeeze(1) for name, signal in signals.items()}

    def _stream(self, batch_size: int, state: tuple[Tensor, ...] | None) -> Stream:
        if self.bidirectional:
            raise ValueError(
                f"{type(self).__name__}: a bidirectional layer cannot stream: its reverse direction starts at the last "
                "sample, so no output is known before the sequence has ended"
            )
        checked_size("batch_size", batch_size)
        sample = self._first_weight.new_empty(1, batch_size, self.input_size)
        state = self._checked_state(state, Batch(sample, None, True, lambda output: output))
        layers = [
            StreamedLayer(
                self._weights(layer, False),
                *self.context[layer],
                self._masks(sample, batch_size, training=False),
            )
            for layer in range(self.num_layers)
        ]
        return Stream(self.cell, layers, state)

    def _checked_batch(
        self, input: Tensor | PackedSequence, lengths: Lengths | None = None, mask: Tensor | None = None
    ) -> Batch:
        name = type(self).__name__
        batch = unpack(name, input, self.batch_first, lengths, mask)
        x = batch.x
        check_features(name, x, self._first_weight, self.input_size)
        if x.shape[0] == 0:
            raise RuntimeError(
                f"{name}: Expected sequence length to be larger than 0, got an input without steps"
            )
        return batch

    def _checked_state(self, state: tuple[Tensor, ...] | None, batch: Batch) -> tuple[Tensor, ...]:
        """The given state as [layers * directions, B, d] tensors, or zeros."""
        name, runs, B = type(self).__name__, self.num_layers * self._directions, batch.x.shape[1]
        sizes, weight = {"v": self._output_size}, self._first_weight
        wanted = [(runs, B, sizes.get(signal, self.hidden_size)) for signal in self.cell.carried]
        if state is None:
            return tuple(weight.new_zeros(shape) for shape in wanted)
        return checked_state(name, state, wanted, batch.is_batched, weight)
