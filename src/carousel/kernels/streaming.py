"""A stack of recurrences that samples are pushed through one at a time, in C++ where that can, in PyTorch elsewhere."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from sys import maxsize
from typing import NamedTuple

import torch
from torch import Tensor

from carousel.kernels import cpu, eager
from carousel.kernels.cells import NO_MASKS, Cell, LSTMCell, Masks, Weights
from carousel.kernels.choice import CPU, choose


class StreamedLayer(NamedTuple):
    """One layer of the stack."""

    weights: Weights
    past: int
    """Samples of the window before x[n]."""
    future: int
    """Samples of the window after x[n]: by as many the layer's output is late."""
    masks: Masks = NO_MASKS
    """What regularises a single step, in inference."""

    @property
    def samples(self) -> int:
        """All of the window."""
        return self.past + 1 + self.future


class Snapshot(NamedTuple):
    """All that a stream knows of the samples so far."""

    carried: tuple[Tensor, ...]
    """The carried signals in the cell's order, [layers, B, d] each."""
    windows: tuple[Tensor, ...]
    """Of each layer, the samples that its window still sees, latest first, [B, samples, inputs]."""
    steps: int
    """How many samples came."""


class Engine(ABC):
    """Runs a stack over B streams in step. All tensors are contiguous, of the dtype and device of the weights."""

    __slots__ = ()

    @abstractmethod
    def push(self, x: Tensor, out: Tensor) -> bool:
        """Take a sample of each stream, [B, I]. True if an output has become known and is in `out`, [B, V]."""

    @abstractmethod
    def flush(self, out: Tensor) -> int:
        """Write the outputs to come to `out`, [all layers' future, B, V]; how many. Only `load` may come after that."""

    @abstractmethod
    def save(self) -> Snapshot:
        """A copy of the state."""

    @abstractmethod
    def load(self, state: Snapshot) -> None:
        """Go on from this state."""


def stream(cell: Cell, layers: Sequence[StreamedLayer], start: Snapshot) -> Engine:
    """The fastest engine that can run a copy of these layers, at its start."""
    weights = [weight for layer in layers for weight in layer.weights]
    with torch.autocast("cpu", enabled=False):  # a stream computes in the dtype of its weights
        choice = choose(cell, layers[0].weights.ih, (*start.carried, *weights), masks=layers[0].masks)
    if isinstance(cell, LSTMCell) and choice == CPU:  # which has no half precision, as a stream has no other
        return CpuEngine(cell, layers, start)
    return EagerEngine(cell, layers, start)


class CpuEngine(Engine):
    """The C++ kernel's."""

    __slots__ = "_engine", "_like", "_push"

    def __init__(self, cell: LSTMCell, layers: Sequence[StreamedLayer], start: Snapshot) -> None:
        v, s = start.carried
        dense = [_copied(layer, clone=False) for layer in layers]
        told = [
            cpu._cpu.StreamLayer(
                inputs=window.shape[2],
                past=layer.past,
                future=layer.future,
                **{name: cpu._address(weight) for name, weight in layer.weights._asdict().items()},
            )
            for layer, window in zip(dense, start.windows, strict=True)
        ]
        self._engine = cpu._cpu.Stream(
            is_double=v.dtype == torch.float64,
            peephole=cpu.PEEPHOLES.index(cell.peephole),
            input_gate=cell.input_gate,
            projection=cell.projection,
            B=v.shape[1],
            H=s.shape[2],
            V=v.shape[2],
            layers=told,
        )
        self._push = self._engine.push
        self._like = start
        self.load(start)

    def push(self, x: Tensor, out: Tensor) -> bool:
        return self._push(x.data_ptr(), out.data_ptr())

    def flush(self, out: Tensor) -> int:
        return self._engine.flush(out.data_ptr())

    def save(self) -> Snapshot:
        v, s = (torch.empty_like(part) for part in self._like.carried)
        windows = tuple(torch.empty_like(window) for window in self._like.windows)
        steps = self._engine.save(v.data_ptr(), s.data_ptr(), [window.data_ptr() for window in windows])
        return Snapshot((v, s), windows, steps)

    def load(self, state: Snapshot) -> None:
        v, s = state.carried
        windows = [window.data_ptr() for window in state.windows]
        self._engine.load(v.data_ptr(), s.data_ptr(), windows, state.steps)


class EagerEngine(Engine):
    """PyTorch operations: every cell, dtype and device."""

    __slots__ = "_cell", "_end", "_layers", "_states", "_steps", "_windows"

    def __init__(self, cell: Cell, layers: Sequence[StreamedLayer], start: Snapshot) -> None:
        self._cell = cell
        self._layers = [_copied(layer, clone=True) for layer in layers]
        self.load(start)

    def push(self, x: Tensor, out: Tensor) -> bool:
        return self._advance(x, out)

    def flush(self, out: Tensor) -> int:
        self._end = self._steps
        known = 0
        for _ in range(sum(layer.future for layer in self._layers)):
            known += self._advance(None, out[known])
        return known

    def save(self) -> Snapshot:
        carried = tuple(torch.stack(parts) for parts in zip(*self._states, strict=True))
        windows = tuple(window.clone() for window in self._windows)
        return Snapshot(carried, windows, min(self._steps, self._end))

    def load(self, state: Snapshot) -> None:
        self._states = list(zip(*(part.clone().unbind() for part in state.carried), strict=True))
        self._windows = [window.clone() for window in state.windows]
        self._steps = state.steps
        self._end = maxsize

    @torch.no_grad()
    def _advance(self, x: Tensor | None, out: Tensor) -> bool:
        """A sample's way up the stack. A layer is `lag` samples late, and done with as many outputs as samples came."""
        steps, lag = self._steps, 0
        self._steps += 1
        for i, layer in enumerate(self._layers):
            sample = steps - lag
            n = sample - layer.future
            if sample < 0:
                return False
            lag += layer.future
            if n >= self._end:
                continue
            window = self._take(i, x if sample < self._end else None)
            if n < 0:
                return False
            with torch.autocast(window.device.type, enabled=False):
                seen = window.flatten(1).unsqueeze(0)
                output, self._states[i] = eager.scan(
                    self._cell, seen, self._states[i], layer.weights, masks=layer.masks
                )
            x = output[0]
        assert x is not None
        out.copy_(x.view_as(out))
        return True

    def _take(self, i: int, x: Tensor | None) -> Tensor:
        """The window of layer i, moved on by a sample, or beyond the end."""
        window = self._windows[i]
        newest = torch.zeros_like(window[:, :1]) if x is None else x.view_as(window[:, :1])
        self._windows[i] = torch.cat([newest, window[:, :-1]], dim=1)
        return self._windows[i]


def _copied(layer: StreamedLayer, clone: bool) -> StreamedLayer:
    """With dense weights of one dtype, cut off from the graph."""
    dtype = layer.weights.ih.dtype
    copies = [None if weight is None else weight.detach().to(dtype).contiguous() for weight in layer.weights]
    if clone:
        copies = [None if weight is None else weight.clone() for weight in copies]
    return layer._replace(weights=Weights(*copies))  # type: ignore[arg-type]
