"""A layer that reads its input a sample at a time."""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from carousel.kernels import Cell
from carousel.kernels.streaming import Engine, Snapshot, StreamedLayer, stream


class Stream:
    """Runs a layer over samples as they arrive. `layer.stream(...)` makes it.

    The outputs are those of a call of the layer with the whole sequence. A layer whose windows look ahead is late: an
    output is known when as many more samples have come as the `context` of all its layers looks ahead together.

    The stream has a copy of the layer's weights as they were and computes in their dtype, without gradients and without
    dropout, as the layer does after `eval()`. I is the layer's input_size, V the size of its output. Several threads
    may use several streams of one layer at once, but not one stream.
    """

    __slots__ = (
        "_device",
        "_dtype",
        "_engine",
        "_is_finished",
        "_names",
        "_outputs",
        "_push",
        "_start",
        "_windows",
        "batch_size",
        "look_ahead",
    )

    def __init__(self, cell: Cell, layers: Sequence[StreamedLayer], carried: tuple[Tensor, ...]) -> None:
        """Start a stack of layers from the carried signals, [layers, B, d] each. For `layer.stream`."""
        weight = layers[0].weights.ih.detach()
        B, V = carried[0].shape[1], carried[0].shape[2]
        inputs = [layer.weights.ih.shape[1] // layer.samples for layer in layers]
        windows = tuple(
            weight.new_zeros(B, layer.samples, count) for layer, count in zip(layers, inputs, strict=True)
        )
        self._start = Snapshot(tuple(part.detach().clone() for part in carried), windows, 0)
        self._engine: Engine = stream(cell, layers, self._start)
        self._push = self._engine.push
        self._is_finished = False
        self._names = cell.carried
        self._windows = [i for i, layer in enumerate(layers) if layer.samples > 1]
        self._dtype, self._device = weight.dtype, weight.device
        self._outputs = {torch.Size((B, inputs[0])): weight.new_empty(B, V)}
        if B == 1:
            self._outputs[torch.Size(inputs[:1])] = weight.new_empty(V)
        self.batch_size = B
        """How many streams run in step."""
        self.look_ahead = sum(layer.future for layer in layers)
        """By how many samples an output is late."""

    def push(self, x_n: Tensor, out: Tensor | None = None) -> Tensor | None:
        """Take the next sample of each stream.

        Args:
            x_n: [B, I]; with batch_size 1 also [I].
            out: where to write the output, contiguous, [B, V], or [V] for a sample [I]. Nothing is allocated then.

        Returns:
            The output that has become known, that of the sample which came `look_ahead` samples before: `out`, or a
            new tensor. None if there is no such sample; `out` is left as it was.

        Raises:
            TypeError: the sample or `out` is no tensor.
            RuntimeError: a shape or device does not fit, or the stream has been flushed.
            ValueError: a dtype does not fit.
        """
        if (
            type(x_n) is not Tensor
            or x_n.dtype is not self._dtype
            or x_n.device != self._device
            or self._is_finished
            or (like := self._outputs.get(x_n.shape)) is None
        ):
            like = self._checked(x_n)
        if not x_n.is_contiguous() or x_n.is_neg():
            x_n = x_n.resolve_neg().contiguous()
        if out is None:
            out = torch.empty_like(like)
        elif (
            type(out) is not Tensor
            or out.shape != like.shape
            or out.dtype is not self._dtype
            or out.device != self._device
            or not out.is_contiguous()
        ):
            self._check_out(out, like.shape)
        return out if self._push(x_n, out) else None

    def flush(self) -> Tensor:
        """End the streams: the outputs that are still to come, at most `look_ahead`, [steps, B, V].

        The windows see zeros beyond the end, as in a call with the whole sequence. `state` then holds what such a call
        returns as the last state. After that, only `reset()` or setting `state` makes the stream take samples again.

        Raises:
            RuntimeError: the stream has been flushed before.
        """
        self._check_open("flush")
        V = self._start.carried[0].shape[2]
        out = torch.empty(self.look_ahead, self.batch_size, V, dtype=self._dtype, device=self._device)
        known = self._engine.flush(out)
        self._is_finished = True
        return out[:known]

    def reset(self) -> None:
        """Start anew, from the state that the stream was made with."""
        self._engine.load(self._start)
        self._is_finished = False

    @property
    def state(self) -> dict[str, Tensor]:
        """Where the stream is: a copy, to be kept, saved with `torch.save`, and set on a stream of an equal layer.

        The carried signals under their names (v and s; r or s of an RNN), [layers, B, d]; of each layer with a context,
        the samples that its window still sees, latest first, `window_l0`, [B, samples, inputs]; how many samples
        came, `steps`; and whether the stream was flushed, `finished`.

        Setting raises TypeError for what is no dict of tensors, ValueError if names, shapes or dtypes do not fit.
        """
        snapshot = self._engine.save()
        return self._as_dict(snapshot)

    @state.setter
    def state(self, state: Mapping[str, Tensor]) -> None:
        wanted = self._as_dict(self._start)
        _check_state(state, wanted)
        windows = list(self._start.windows)
        for i in self._windows:
            windows[i] = self._as_mine(state[f"window_l{i}"])
        carried = tuple(self._as_mine(state[name]) for name in self._names)
        self._engine.load(Snapshot(carried, tuple(windows), int(state["steps"])))
        self._is_finished = bool(state["finished"])

    def _as_dict(self, snapshot: Snapshot) -> dict[str, Tensor]:
        state = dict(zip(self._names, snapshot.carried, strict=True))
        state |= {f"window_l{i}": snapshot.windows[i] for i in self._windows}
        return state | dict(steps=torch.tensor(snapshot.steps), finished=torch.tensor(self._is_finished))

    def _as_mine(self, part: Tensor) -> Tensor:
        return part.detach().to(self._device).contiguous()

    def _check_open(self, call: str) -> None:
        if self._is_finished:
            raise RuntimeError(
                f"{call}: this stream has been flushed; start anew with reset(), or go on from a saved state"
            )

    def _checked(self, x_n: Tensor) -> Tensor:
        """Something like the output, for a sample that fits."""
        self._check_open("push")
        _check_kind("x_n", x_n, self._dtype, self._device)
        if x_n.shape not in self._outputs:
            wanted = " or ".join(str(list(shape)) for shape in self._outputs)
            raise RuntimeError(f"push: x_n must have shape {wanted}, got {list(x_n.shape)}")
        return self._outputs[x_n.shape]

    def _check_out(self, out: Tensor, shape: torch.Size) -> None:
        _check_kind("out", out, self._dtype, self._device)
        if out.shape != shape:
            raise RuntimeError(f"push: out must have shape {list(shape)}, got {list(out.shape)}")
        if not out.is_contiguous():
            raise RuntimeError(f"push: out must be contiguous, got strides {list(out.stride())}")


def _check_kind(name: str, tensor: Tensor, dtype: torch.dtype, device: torch.device) -> None:
    if not isinstance(tensor, Tensor):
        raise TypeError(f"push: {name} must be a Tensor, got {type(tensor).__name__}")
    if tensor.dtype != dtype:
        raise ValueError(
            f"push: {name} dtype ({tensor.dtype}) does not match the stream's ({dtype}); convert it: {name}.to({dtype})"
        )
    if tensor.device != device:
        raise RuntimeError(
            f"push: {name} is on {tensor.device}, the stream is on {device}; move it: {name}.to('{device}')"
        )


def _check_state(state: Mapping[str, Tensor], wanted: Mapping[str, Tensor]) -> None:
    if not isinstance(state, Mapping) or not all(isinstance(part, Tensor) for part in state.values()):
        raise TypeError("state: a dict of tensors is wanted, such as reading `state` gives")
    if missing := [name for name in wanted if name not in state]:
        raise ValueError(f"state: {', '.join(missing)} missing; got {', '.join(state)}")
    if unknown := [name for name in state if name not in wanted]:
        raise ValueError(f"state: {', '.join(unknown)} unknown; this stream has {', '.join(wanted)}")
    for name, part in wanted.items():
        if state[name].shape != part.shape:
            raise ValueError(
                f"state: {name} must have shape {list(part.shape)}, got {list(state[name].shape)}"
            )
        if state[name].dtype != part.dtype:
            raise ValueError(f"state: {name} must be {part.dtype}, got {state[name].dtype}")
    if state["steps"] < 0:
        raise ValueError(f"state: steps must not be negative, got {int(state['steps'])}")
