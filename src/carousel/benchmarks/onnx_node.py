"""The LSTM node of ONNX, run by onnxruntime: inference, plain or with diagonal peepholes."""

from importlib import import_module
from typing import Any

import torch
from torch import Tensor

from carousel.benchmarks.contestants import Contestant, Values
from carousel.benchmarks.problem import Problem

GATES = ("cu", "cr", "cs", "du")
"""The node's order of rows, which it calls i, o, f, c."""
PEEPHOLES = ("cu", "cr", "cs")


def build(problem: Problem) -> Contestant:
    """A session that runs the node on as many threads as PyTorch has."""
    runtime: Any = import_module("onnxruntime")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.inter_op_num_threads = 1
    model = _model(problem.layer.symbols(), problem.shape.H)
    session = runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
    feed = {"X": problem.x.numpy()}

    def read(found: Any) -> Values:
        output, v, s = map(torch.from_numpy, found)
        return dict(output=output.squeeze(1), v=v, s=s)

    return Contestant("onnxruntime", lambda: session.run(None, feed), read, "onnxruntime")


def _model(symbols: dict[str, Tensor], H: int) -> bytes:
    helper: Any = import_module("onnx.helper")
    to_array: Any = import_module("onnx.numpy_helper").from_array
    biases = torch.cat([symbols[f"b_{node}"] for node in GATES])
    inputs = {
        "W": torch.cat([symbols[f"W_x{node}"][0] for node in GATES]),
        "R": torch.cat([symbols[f"W_v{node}"] for node in GATES]),
        "B": torch.cat([biases, torch.zeros_like(biases)]),
    }
    names = ["X", *inputs]
    if "W_scu" in symbols:
        inputs["P"] = torch.cat([symbols[f"W_s{node}"] for node in PEEPHOLES])
        names += ["", "", "", "P"]  # no lengths and no initial states stand before it
    outputs = ["Y", "Y_h", "Y_c"]
    graph = helper.make_graph(
        [helper.make_node("LSTM", names, outputs, hidden_size=H)],
        "lstm",
        [helper.make_tensor_value_info("X", 1, ["T", "B", "I"])],
        [helper.make_tensor_value_info(name, 1, None) for name in outputs],
        [to_array(value.detach().unsqueeze(0).numpy(), name) for name, value in inputs.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)], ir_version=8)
    content: bytes = model.SerializeToString()
    return content
