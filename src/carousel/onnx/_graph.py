"""An ONNX graph under construction; a value is known by its name."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from torch import Tensor

INTEGER = np.dtype(np.int64)


class Graph:
    """Collects nodes and constants, and makes names for what the nodes compute.

    Args:
        dtype: of every number that is no index.
        scope: begins the made names. The body of a Scan sees the names around it and must not use them again.
    """

    def __init__(self, dtype: np.dtype[Any], scope: str = "") -> None:
        self.dtype = dtype
        self.nodes: list[onnx.NodeProto] = []
        self.constants: dict[str, onnx.TensorProto] = {}
        self._scope = scope

    def add(self, operator: str, *inputs: str, name: str | None = None, **attributes: Any) -> str:
        """A node with one output, whose name is returned; made up unless given."""
        output = name or self._new_name(operator)
        self.nodes.append(onnx.helper.make_node(operator, inputs, [output], output, **attributes))
        return output

    def add_many(self, operator: str, outputs: int, *inputs: str, **attributes: Any) -> list[str]:
        """A node with several outputs, whose names are returned."""
        node = self._new_name(operator)
        names = [f"{node}_{i}" for i in range(outputs)]
        self.nodes.append(onnx.helper.make_node(operator, inputs, names, node, **attributes))
        return names

    def weight(self, name: str, value: Tensor) -> str:
        return self._constant(name, value.detach().cpu().numpy())

    def number(self, value: float) -> str:
        """A number, 0-D."""
        return self._constant(f"number_{value}", np.array(value, self.dtype))

    def index(self, value: int) -> str:
        """An integer, 0-D."""
        return self._constant(f"index_{value}", np.array(value, INTEGER))

    def indices(self, *values: int) -> str:
        """Integers, 1-D."""
        return self._constant("_".join(["indices", *map(str, values)]), np.array(values, INTEGER))

    def declare(
        self, name: str, dtype: np.dtype[Any], shape: Sequence[str | int] | None
    ) -> onnx.ValueInfoProto:
        """What an input or output of the graph is called and looks like; None where the shape goes without saying."""
        return onnx.helper.make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(dtype), shape)

    def finish(
        self, name: str, inputs: Sequence[onnx.ValueInfoProto], outputs: Sequence[onnx.ValueInfoProto]
    ) -> onnx.GraphProto:
        return onnx.helper.make_graph(self.nodes, name, inputs, outputs, list(self.constants.values()))

    def _new_name(self, operator: str) -> str:
        return f"{self._scope}{operator}_{len(self.nodes)}"

    def _constant(self, name: str, value: np.ndarray[Any, Any]) -> str:
        name = f"{self._scope}{name}"
        if name not in self.constants:
            self.constants[name] = onnx.numpy_helper.from_array(value, name)
        return name
