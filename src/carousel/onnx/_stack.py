"""The graph of a whole layer: what it takes and gives, the stack over layers and directions, windows."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx

from carousel.nn import LSTM, RNN
from carousel.onnx import _operator, _scan
from carousel.onnx._graph import INTEGER, Graph

SWAP = [1, 0, 2]


def graph_of(layer: LSTM | RNN, dtype: np.dtype[Any], lengths: bool, states: bool) -> onnx.GraphProto:
    """What `carousel.onnx.export` writes, for weights of `dtype`."""
    graph = Graph(dtype)
    V = layer.proj_size or layer.hidden_size
    D = 2 if layer.bidirectional else 1
    axes: list[str | int] = ["batch", "time"] if layer.batch_first else ["time", "batch"]
    sizes = {"h": V, "c": layer.hidden_size}
    signals = list(sizes)[: len(layer.cell.carried)]

    def declared(suffix: str) -> list[onnx.ValueInfoProto]:
        shapes = {f"{name}_{suffix}": (layer.num_layers * D, "batch", sizes[name]) for name in signals}
        return [graph.declare(name, dtype, shape) for name, shape in shapes.items()]

    inputs = [graph.declare("input", dtype, [*axes, layer.input_size])]
    if lengths:
        inputs.append(graph.declare("lengths", INTEGER, ["batch"]))
    if states:
        inputs += declared("0")
    outputs = [graph.declare("output", dtype, [*axes, D * V]), *declared("n")]

    x = graph.add("Transpose", "input", perm=SWAP) if layer.batch_first else "input"
    initial = [f"{name}_0" for name in signals] if states else None
    x, levels = stacked(graph, layer, x, initial, "lengths" if lengths else None)
    if layer.batch_first:
        graph.add("Transpose", x, name="output", perm=SWAP)
    else:
        graph.add("Identity", x, name="output")
    for signal, parts in zip(signals, zip(*levels, strict=True), strict=True):
        graph.add("Concat", *parts, name=f"{signal}_n", axis=0)
    return graph.finish(type(layer).__name__, inputs, outputs)


def stacked(
    graph: Graph,
    layer: LSTM | RNN,
    x: str,
    initial: Sequence[str] | None,
    lengths: str | None,
    windowed: bool = False,
) -> tuple[str, list[list[str]]]:
    """The output [T, B, D * V], and of each layer of the stack the last states, [D, B, d] each.

    Where x is `windowed`, it is what the first layer's windows see.
    """
    # onnxruntime has the operators in float32 only.
    as_operator = _operator.exists(layer.cell) and graph.dtype == np.float32 and not any(layer.zoneout)
    has_windows = any(pair != (0, 0) for pair in layer.context)
    inside = _inside(graph, x, lengths) if lengths and (has_windows or not as_operator) else None
    if lengths and as_operator:
        lengths = graph.add("Cast", lengths, to=onnx.TensorProto.INT32)
    D = 2 if layer.bidirectional else 1
    levels = []
    for level in range(layer.num_layers):
        if level or not windowed:
            x = windows(graph, x, inside, *layer.context[level])
        weights = [layer._weights(level, reverse) for reverse in (False, True)[:D]]
        state = initial and _rows(graph, initial, level * D, D)
        if as_operator:
            x, last = _operator.run(graph, layer.cell, x, state, weights, lengths, f"l{level}")
        else:
            x, last = _scan.run(graph, layer.cell, layer.zoneout, x, state, weights, inside, f"l{level}")
        levels.append(last)
    return x, levels


def _rows(graph: Graph, states: Sequence[str], first: int, count: int) -> list[str]:
    bounds = graph.indices(first), graph.indices(first + count), graph.indices(0)
    return [graph.add("Slice", part, *bounds) for part in states]


def _inside(graph: Graph, x: str, lengths: str) -> str:
    """Whether step n belongs to a sequence, [T, B, 1]."""
    T = graph.add("Gather", graph.add("Shape", x), graph.index(0))
    steps = graph.add("Unsqueeze", graph.add("Range", graph.index(0), T, graph.index(1)), graph.indices(1))
    return graph.add("Unsqueeze", graph.add("Less", steps, lengths), graph.indices(2))


def windows(graph: Graph, x: str, inside: str | None, past: int, future: int) -> str:
    """Beside each x[n] its neighbours x[n - l], l = -future .. past in this order, zeros beyond the ends."""
    if past == future == 0:
        return x
    if inside:
        x = graph.add("Where", inside, x, graph.number(0))
    padded = graph.add("Pad", x, graph.indices(past, 0, 0, future, 0, 0))
    taps = []
    for tap in range(past + future + 1):
        first, end = past + future - tap, -tap if tap else np.iinfo(INTEGER).max
        taps.append(graph.add("Slice", padded, graph.indices(first), graph.indices(end), graph.indices(0)))
    return graph.add("Concat", *taps, axis=2)
