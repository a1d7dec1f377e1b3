"""LSTM nodes of ONNX files: two biases, gates and peepholes in an order of their own."""

import os
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, cast

from torch import Tensor

from carousel.convert._stack import imported, layer_of, tensor_of
from carousel.kernels import LSTMCell, reordered
from carousel.nn import LSTM

if TYPE_CHECKING:
    import onnx

CELL = LSTMCell(peephole="diagonal")


def from_onnx(
    model: "str | os.PathLike[str] | onnx.ModelProto", node: str | Sequence[str] | None = None
) -> LSTM:
    """A layer with a copy of the weights of an LSTM node, or of several that make a stack.

    Its peepholes are diagonal if the node has the input `P`; without the input `B` it has no bias. What the node
    takes from its other inputs, the layer takes in a call: `sequence_lens` is `lengths`, `initial_h` and `initial_c`
    are `hx`.
    The node's `Y` is [T, D, B, H], or [B, T, D, H] with `layout=1`; the layer's output has D and H in one axis.

    Args:
        model: a file or a model.
        node: the name of the node, or of one of its outputs; a list of them for a stack, bottom first. May be left out
            if the model has one LSTM node.

    Raises:
        ImportError: onnx is not installed.
        TypeError: model is of another kind.
        FileNotFoundError: there is no such file.
        ValueError: the file is no ONNX file, there is no such node or more than one to choose from, its weights are
            no constants of the model, it computes something that `LSTM` does not, or the nodes make no stack.
    """
    library = imported("from_onnx", "onnx", "'carousel-lstm[export]'")
    graph = _graph(library, model)
    nodes = _chosen(graph, node)
    settings = [
        {part.name: library.helper.get_attribute_value(part) for part in one.attribute} for one in nodes
    ]
    layouts = {values.get("layout", 0) for values in settings}
    if len(layouts) > 1:
        raise ValueError("from_onnx: the nodes of a stack must all have layout=0 or all have layout=1")
    for one, values in zip(nodes, settings, strict=True):
        _check_settings(_called(one), values)
    constants = _constants(graph)
    weights = [_stored(library, one, constants) for one in nodes]
    return layer_of("from_onnx", weights, batch_first=layouts == {1})


def _graph(library: Any, model: Any) -> "onnx.GraphProto":
    if isinstance(model, library.ModelProto):
        return cast("onnx.GraphProto", model.graph)
    if not isinstance(model, (str, os.PathLike)):
        raise TypeError(f"from_onnx takes a path or an onnx.ModelProto, got {type(model).__name__}")
    try:
        return cast("onnx.GraphProto", library.load(model).graph)
    except import_module("google.protobuf.message").DecodeError as error:
        raise ValueError(f"from_onnx: {os.fspath(model)} is no ONNX file") from error


def _chosen(graph: "onnx.GraphProto", wanted: str | Sequence[str] | None) -> "list[onnx.NodeProto]":
    nodes = [node for node in graph.node if node.op_type == "LSTM" and node.domain in ("", "ai.onnx")]
    there = ", ".join(map(_called, nodes))
    if not nodes:
        raise ValueError("from_onnx: the model has no LSTM node")
    if wanted is None:
        if len(nodes) > 1:
            raise ValueError(
                f"from_onnx: the model has several LSTM nodes, say which: node= one of {there}, or a list of them "
                "that makes a stack, bottom first"
            )
        return nodes
    names = [wanted] if isinstance(wanted, str) else list(wanted)
    by_name = {name: node for node in nodes for name in (node.name, *node.output) if name}
    if not names:
        raise ValueError(f"from_onnx: node= names no LSTM node; there is {there}")
    if unknown := [name for name in names if name not in by_name]:
        raise ValueError(f"from_onnx: no LSTM node is called {', '.join(unknown)}; there is {there}")
    return [by_name[name] for name in names]


def _called(node: "onnx.NodeProto") -> str:
    return node.name or next(name for name in node.output if name)


def _check_settings(name: str, settings: Mapping[str, Any]) -> None:
    if settings.get("direction", b"forward") == b"reverse":
        raise ValueError(
            f"from_onnx: {name} has direction=reverse, and no carousel.LSTM runs backwards only; set the attribute to "
            "forward, convert it, and flip the result's input and output in time"
        )
    functions = [one.decode().lower() for one in settings.get("activations", [])]
    if functions not in ([], ["sigmoid", "tanh", "tanh"], ["sigmoid", "tanh", "tanh"] * 2):
        raise ValueError(
            f"from_onnx: {name} must have the activations Sigmoid, Tanh, Tanh, as carousel.LSTM, "
            f"got {', '.join(one.decode() for one in settings['activations'])}"
        )
    for option in ("clip", "input_forget"):
        if settings.get(option):
            raise ValueError(
                f"from_onnx: {name} has {option}={settings[option]:g}, which carousel.LSTM lacks"
            )


def _constants(graph: "onnx.GraphProto") -> "dict[str, onnx.TensorProto]":
    constants = {tensor.name: tensor for tensor in graph.initializer}
    for node in graph.node:
        if node.op_type == "Constant" and node.attribute[0].name == "value":
            constants[node.output[0]] = node.attribute[0].t
        elif node.op_type == "Identity" and node.input[0] in constants:
            constants[node.output[0]] = constants[node.input[0]]
    return constants


def _stored(
    library: Any, node: "onnx.NodeProto", constants: "Mapping[str, onnx.TensorProto]"
) -> list[dict[str, Tensor]]:
    """The weights of each direction."""
    from carousel.onnx._operator import GATES, PEEPHOLES  # needs onnx

    given = {}
    for place, name in {1: "W", 2: "R", 3: "B", 7: "P"}.items():
        value = node.input[place] if place < len(node.input) else ""
        if not value and name in "BP":
            continue
        if value not in constants:
            raise ValueError(
                f"from_onnx: {name} of {_called(node)} is no constant of the model; fold its constants first"
            )
        array = library.numpy_helper.to_array(constants[value])
        given[name] = tensor_of(array, array.dtype.name)
    directions = []
    for d in range(len(given["W"])):
        rows = {name: value[d] for name, value in given.items()}
        stored = {"weight_ih": rows["W"], "weight_hh": rows["R"]}
        if "B" in rows:
            stored["bias_ih"], stored["bias_hh"] = rows["B"].chunk(2)
        stored = {name: reordered(value, GATES, CELL.nodes) for name, value in stored.items()}
        if "P" in rows:
            stored["weight_ch"] = reordered(rows["P"], PEEPHOLES, CELL.peephole_nodes)
        directions.append(stored)
    return directions
