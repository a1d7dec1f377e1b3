"""What every recurrent layer shares: parameters, checks, the stack over layers and directions."""

import dataclasses
import math
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping

import numpy.typing as npt
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence

from carousel import kernels
from carousel.kernels.streaming import StreamedLayer
from carousel.nn._arguments import Context, checked_context, checked_dropout, checked_flag, checked_size
from carousel.nn._input import Batch, checked_halo, context_windows, unpack
from carousel.nn._ragged import Lengths
from carousel.nn._state import checked_state
from carousel.nn._stream import Stream


class Recurrent(nn.Module, ABC):
    """A stack of recurrent layers in one or two directions, around one cell.

    A concrete layer says what its cell is, the shapes of its weights and how they map to the paper's symbols.
    Weights are stored under torch's names; `weight_ch` (state to nodes) is added where the cell has it.
    """

    cell: kernels.Cell

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
        self._names: dict[tuple[int, bool], dict[str, str]] = {}
        for layer, reverse in self._runs():
            shapes = self._shapes(layer)
            names = {name: f"{name}_l{layer}{'_reverse' if reverse else ''}" for name in shapes}
            self._names[layer, reverse] = names
            for name, shape in shapes.items():
                self.register_parameter(
                    names[name], nn.Parameter(torch.empty(shape, device=device, dtype=dtype))
                )
        self.reset_parameters()

    @abstractmethod
    def _shapes(self, layer: int) -> dict[str, tuple[int, ...]]:
        """Stored weights of one layer and direction, by torch's names without the suffix, in torch's order."""

    @abstractmethod
    def _as_symbols(self, stored: Mapping[str, Tensor], layer: int) -> dict[str, Tensor]:
        """The paper's symbols as views of stored weights of one layer and direction; the bias is under `bias`."""

    @property
    def _output_size(self) -> int:
        return self.proj_size or self.hidden_size

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

    def _stored(self, layer: int, reverse: bool) -> dict[str, Tensor]:
        """The weights of one layer and direction by torch's names without the suffix."""
        return {name: getattr(self, suffixed) for name, suffixed in self._names[layer, reverse].items()}

    @property
    def _first_weight(self) -> Tensor:
        """Stands for the dtype and device of all of them."""
        weight: Tensor = getattr(self, self._names[0, False]["weight_ih"])
        return weight

    @property
    def all_weights(self) -> list[list[Tensor]]:
        """The stored weights, one list per layer and direction, as `torch.nn.LSTM` has it."""
        return [list(self._stored(layer, reverse).values()) for layer, reverse in self._runs()]

    def flatten_parameters(self) -> None:
        """Does nothing: there is no packed copy of the weights to refresh. Kept for callers of `torch.nn.LSTM`."""

    def reset_parameters(self) -> None:
        """Draw every weight from U(-1/sqrt(H), 1/sqrt(H)), in the order in which `torch.nn.LSTM` draws."""
        bound = 1.0 / math.sqrt(self.hidden_size)
        for weight in self.parameters():
            nn.init.uniform_(weight, -bound, bound)

    def extra_repr(self) -> str:
        defaults = dict(
            proj_size=0, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False
        )
        shown = {name: getattr(self, name) for name, default in defaults.items()}
        shown = {name: value for name, value in shown.items() if value != defaults[name]}
        for field in dataclasses.fields(self.cell):
            value = getattr(self.cell, field.name)
            if value != field.default and field.name != "projection":
                shown[field.name] = value
        if any(pair != (0, 0) for pair in self.context):
            shown["context"] = self.context
        settings = [f"{name}={value!r}" for name, value in shown.items()]
        return ", ".join([str(self.input_size), str(self.hidden_size), *settings])

    def symbols(self, layer: int = 0, reverse: bool = False) -> dict[str, Tensor]:
        """The weights of one layer and direction under the paper's names.

        Args:
            layer: index of the layer in the stack.
            reverse: the direction that runs from the last step to the first.

        Returns:
            From symbol to tensor, in the shapes of `carousel.equations`, which takes such a dict. The tensors are
            differentiable and share memory with the stored weights, except the biases, which are the sum of the two
            that are stored.

        Raises:
            IndexError: there is no such layer or direction.
        """
        self._check_run(layer, reverse)
        stored = self._stored(layer, reverse)
        if self.bias:
            stored["bias"] = stored["bias_ih"] + stored["bias_hh"]
        return self._as_symbols(stored, layer)

    def load_symbols(
        self, symbols: Mapping[str, Tensor | npt.ArrayLike], layer: int = 0, reverse: bool = False
    ) -> None:
        """Write weights given under the paper's names, in place.

        Nothing is written unless everything fits. Where two biases are stored, the second becomes zero.

        Args:
            symbols: exactly the names and shapes that `symbols(layer, reverse)` returns.
            layer: index of the layer in the stack.
            reverse: the direction that runs from the last step to the first.

        Raises:
            IndexError: there is no such layer or direction.
            ValueError: a name is missing or unknown, a shape does not fit, or a weight of the layer is computed
                from others (parametrised), so that there is nothing to write to.
        """
        self._check_run(layer, reverse)
        stored = self._stored(layer, reverse)
        if computed := [name for name, value in stored.items() if not isinstance(value, nn.Parameter)]:
            raise ValueError(
                f"load_symbols: {', '.join(computed)} of this layer is no parameter; undo what replaced it"
            )
        if self.bias:
            stored["bias"] = stored["bias_ih"]
        views = self._as_symbols(stored, layer)
        # Cloned, because they may be views of the very weights that are written.
        given = {name: torch.as_tensor(value).detach().clone() for name, value in symbols.items()}
        if missing := sorted(views.keys() - given.keys()):
            raise ValueError(f"load_symbols: {', '.join(missing)} missing; got {', '.join(sorted(given))}")
        if unknown := sorted(given.keys() - views.keys()):
            raise ValueError(
                f"load_symbols: {', '.join(unknown)} unknown; this layer has {', '.join(sorted(views))}"
            )
        for name, view in views.items():
            if given[name].shape != view.shape:
                raise ValueError(
                    f"load_symbols: {name} must have shape {list(view.shape)}, got {list(given[name].shape)}"
                )
        with torch.no_grad():
            for name, view in views.items():
                view.copy_(given[name])
            if self.bias:
                stored["bias_hh"].zero_()

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
        state = self._checked_state(state, batch)
        x, last = self._through(batch, state, self.num_layers)
        stacked = tuple(torch.stack(parts) for parts in zip(*last, strict=True))
        if not batch.is_batched:
            stacked = tuple(part.squeeze(1) for part in stacked)
        return batch.restore(x), stacked

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
                weights = self._weights(layer, reverse)
                initial = tuple(part[run] for part in state)
                output, after = kernels.scan(self.cell, windows, initial, weights, batch.lengths, reverse)
                outputs.append(output)
                last.append(after)
            x = torch.cat(outputs, dim=-1) if self.bidirectional else outputs[0]
            if layer < self.num_layers - 1:
                x = F.dropout(x, self.dropout, self.training)
        return x, last

    def _weights(self, layer: int, reverse: bool) -> kernels.Weights:
        stored = self._stored(layer, reverse)
        bias = stored["bias_ih"] + stored["bias_hh"] if self.bias else None
        return kernels.Weights(
            stored["weight_ih"], stored["weight_hh"], stored.get("weight_ch"), bias, stored.get("weight_hr")
        )

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
        state = self._checked_state(state, batch)
        x, _ = self._through(batch, state, layer)
        windows, weights = context_windows(x, *self.context[layer]), self._weights(layer, reverse)
        initial = tuple(part[layer * self._directions + reverse] for part in state)
        signals = kernels.trace(self.cell, windows, initial, weights, batch.lengths, reverse)
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
            StreamedLayer(self._weights(layer, False), *self.context[layer])
            for layer in range(self.num_layers)
        ]
        return Stream(self.cell, layers, state)

    def _checked_batch(
        self, input: Tensor | PackedSequence, lengths: Lengths | None = None, mask: Tensor | None = None
    ) -> Batch:
        name = type(self).__name__
        batch = unpack(name, input, self.batch_first, lengths, mask)
        x, weight = batch.x, self._first_weight
        if x.dtype != weight.dtype and not torch.is_autocast_enabled(x.device.type):
            raise ValueError(
                f"{name}: input dtype ({x.dtype}) does not match weight dtype ({weight.dtype}); "
                f"convert the input: input.to({weight.dtype}), or the layer: layer.to({x.dtype})"
            )
        if x.device != weight.device:
            raise RuntimeError(
                f"{name}: input is on {x.device}, the weights are on {weight.device}; "
                f"move one: input.to('{weight.device}') or layer.to('{x.device}')"
            )
        if x.shape[-1] != self.input_size:
            raise RuntimeError(
                f"{name}: input.size(-1) must be equal to input_size. Expected {self.input_size}, "
                f"got {x.shape[-1]} in an input of shape {list(x.shape)}"
            )
        if len(x) == 0:
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

    def _check_run(self, layer: int, reverse: bool) -> None:
        if not 0 <= layer < self.num_layers:
            raise IndexError(f"layer must lie in 0..{self.num_layers - 1}, got {layer}")
        if reverse and not self.bidirectional:
            raise IndexError("this layer has no reverse direction: it was made with bidirectional=False")
