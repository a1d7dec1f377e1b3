"""The model of a run as an ONNX file: from sequences as they were recorded to the probability of each class."""

import json
from pathlib import Path

import onnx

from carousel.errors import CarouselError
from carousel.nn import LSTM
from carousel.onnx._export import checked_dtype, write_model
from carousel.onnx._graph import INTEGER, Graph
from carousel.onnx._stack import stacked
from carousel.training import SequenceClassifier, open_run


def export_run(run_dir: str | Path, path: str | Path | None = None) -> Path:
    """Write the model of a run's best epoch as an ONNX file and return its path.

    The file takes `input`, [T, B, F], as the data has it, and `lengths`, [B], int64, each 1..T, and gives
    `probabilities`, [B, C]. Its metadata tell the names of the F `features` and the C `classes`, each a list in JSON.

    Args:
        run_dir: the run folder.
        path: where to write; by default `model.onnx` in the run folder.

    Raises:
        CarouselError: the run cannot be opened, or the file cannot be written.
    """
    run = open_run(run_dir)
    model = run.load_model()
    if not isinstance(model, SequenceClassifier):
        raise CarouselError(
            f"run '{run.folder}' is of task '{run.config.task.kind}', only classifiers can be exported; "
            "export its layer with carousel.onnx.export"
        )
    layer = model.lstm
    if layer is None:
        raise CarouselError(
            f"run '{run.folder}' has layer '{run.config.model.layer}', only LSTMs can be exported; "
            "train one with another layer, or export its weights with torch.onnx"
        )
    path = Path(path or run.folder / "model.onnx")
    names = {"features": json.dumps(model.features), "classes": json.dumps(model.classes)}
    write_model(_graph_of(model, layer), path, {"layer": repr(layer), **names})
    return path


def _graph_of(model: SequenceClassifier, layer: LSTM) -> onnx.GraphProto:
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
