"""A classifier: from sequences as they were recorded to the probability of each class."""

from typing import Any

import onnx

from carousel.nn import LSTM
from carousel.onnx._export import checked_dtype
from carousel.onnx._graph import INTEGER, Graph
from carousel.onnx._stack import stacked
from carousel.training import SequenceClassifier


def graph_of(model: SequenceClassifier, layer: LSTM) -> onnx.GraphProto:
    """What the model does: `SequenceClassifier.probabilities`."""
    graph = Graph(checked_dtype(layer))
    mean, std = graph.weight("mean", model.mean), graph.weight("std", model.std)
    x = graph.add("Div", graph.add("Sub", "input", mean), std)
    v, _ = stacked(graph, layer, x, None, "lengths")
    steps = graph.add("Unsqueeze", graph.add("Cast", "lengths", to=onnx.TensorProto.FLOAT), graph.indices(1))
    pooled = graph.add("Div", graph.add("ReduceSum", v, graph.indices(0), keepdims=0), steps)
    head = graph.weight("head", model.head.weight), graph.weight("head_bias", model.head.bias)
    graph.add("Softmax", graph.add("Gemm", pooled, *head, transB=1), name="probabilities")
    features, classes = len(model.features), len(model.classes)
    return graph.finish(
        "SequenceClassifier",
        [
            graph.declare("input", graph.dtype, ["time", "batch", features]),
            graph.declare("lengths", INTEGER, ["batch"]),
        ],
        [graph.declare("probabilities", graph.dtype, ["batch", classes])],
    )


def told(model: SequenceClassifier) -> dict[str, Any]:
    """What the metadata say."""
    return {"features": model.features, "classes": model.classes}
