"""A model of the next symbol: one segment after the other, or one symbol, with the state going in and out."""

from typing import Any

import onnx
import torch

from carousel.nn import LSTM
from carousel.onnx._export import checked_dtype
from carousel.onnx._graph import INTEGER, Graph
from carousel.onnx._stack import stacked, windows
from carousel.training import SymbolModel


def graph_of(model: SymbolModel, layer: LSTM) -> onnx.GraphProto:
    """What the model does: `SymbolModel.forward`, as probabilities."""
    graph = Graph(checked_dtype(layer))
    size = layer.proj_size or layer.hidden_size
    states = {"h": size, "c": layer.hidden_size}

    def declared(suffix: str) -> list[onnx.ValueInfoProto]:
        return [
            graph.declare(f"{name}_{suffix}", graph.dtype, [layer.num_layers, "batch", width])
            for name, width in states.items()
        ]

    x = windows(graph, _coded(graph, model), None, model.past, 0)
    if model.past:
        x = graph.add("Slice", x, graph.indices(model.past), graph.indices(2**31 - 1), graph.indices(0))
    v, levels = stacked(graph, layer, x, [f"{name}_0" for name in states], None, windowed=True)
    head = graph.weight("head", model.head.weight.T), graph.weight("head_bias", model.head.bias)
    logits = graph.add("Add", graph.add("MatMul", v, head[0]), head[1])
    graph.add("Softmax", logits, name="probabilities", axis=2)
    for name, parts in zip(states, zip(*levels, strict=True), strict=True):
        graph.add("Concat", *parts, name=f"{name}_n", axis=0)
    return graph.finish(
        "SymbolModel",
        [graph.declare("symbols", INTEGER, ["past_and_time", "batch"]), *declared("0")],
        [graph.declare("probabilities", graph.dtype, ["time", "batch", model.n_symbols]), *declared("n")],
    )


def _coded(graph: Graph, model: SymbolModel) -> str:
    """What the layer sees of `symbols`, zero where that is below 0."""
    known = graph.add("Max", "symbols", graph.index(0))
    if model.code is not None:
        code = graph.add("Gather", graph.weight("code", model.code), known)
    else:
        off_and_on = graph.weight("off_and_on", torch.tensor([0.0, 1.0]))
        code = graph.add("OneHot", known, graph.index(model.n_symbols), off_and_on)
    nothing = graph.add("Unsqueeze", graph.add("Less", "symbols", graph.index(0)), graph.indices(2))
    return graph.add("Where", nothing, graph.number(0), code)


def told(model: SymbolModel) -> dict[str, Any]:
    """What the metadata say."""
    return {"alphabet": model.alphabet, "past": model.past}
