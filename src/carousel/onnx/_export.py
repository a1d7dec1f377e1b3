"""The file: what can be written, and how it tells of itself."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn

from carousel import __version__
from carousel.files import write_atomically
from carousel.nn import LSTM, RNN
from carousel.onnx._stack import graph_of

OPSET = 14
NUMBERS: dict[torch.dtype, np.dtype[Any]] = {
    torch.float32: np.dtype(np.float32),
    torch.float64: np.dtype(np.float64),
}


def export(
    layer: LSTM | RNN, path: str | os.PathLike[str], *, lengths: bool = False, states: bool = False
) -> None:
    """Write a layer as an ONNX file of opset 14 that computes what `layer.eval()` does, for any time and batch.

    The file takes `input` and gives `output`, `h_n` and, from an LSTM, `c_n`, all shaped as the layer's own:
    `input` is [T, B, input_size], or [B, T, input_size] with batch_first.

    Args:
        layer: what to export.
        path: where to write; an existing file is replaced, wholly or not at all.
        lengths: the file also takes `lengths`, [B], int64, each 1..T, in any order: how many steps of each sequence
            are real. Its output is zero after that, its state stays as its own last step left it, and what the
            input holds there is of no effect.
        states: the file also takes the states before the first step, `h_0` and, for an LSTM, `c_0`, shaped as
            `h_n` and `c_n`. Without, they are zero.

    Raises:
        TypeError: layer is of another kind.
        ValueError: the weights are neither float32 nor float64, have no values or exceed what a file of this format
            can hold, or dropout is active.
        CarouselError: the file cannot be written.
    """
    graph = graph_of(layer, checked_dtype(layer), lengths, states)
    write_model(graph, Path(path), {"layer": repr(layer)})


def write_model(graph: onnx.GraphProto, path: Path, metadata: dict[str, str]) -> None:
    """Write the file, whole or not at all.

    Raises:
        CarouselError: it cannot be written.
    """
    model = onnx.helper.make_model(
        graph,
        producer_name="carousel",
        producer_version=__version__,
        opset_imports=[onnx.helper.make_opsetid("", OPSET)],
    )
    model.ir_version = onnx.helper.find_min_ir_version_for(model.opset_import)
    onnx.helper.set_model_props(model, metadata)
    write_atomically(path, model.SerializeToString())


def checked_dtype(layer: LSTM | RNN) -> np.dtype[Any]:
    """The dtype of the weights, once the layer was found fit for export."""
    if not isinstance(layer, (LSTM, RNN)):
        kind: type = type(layer)
        is_torch = isinstance(layer, (nn.LSTM, nn.RNN))
        remedy = f"; convert it: carousel.{kind.__name__}.from_torch(layer)" if is_torch else ""
        raise TypeError(
            f"export: layer must be a carousel.LSTM or carousel.RNN, got {kind.__module__}.{kind.__qualname__}{remedy}"
        )
    if active := layer._active:
        raise ValueError(
            f"export: {', '.join(active)} is active, and a file computes what the layer does without; "
            "call layer.eval() first"
        )
    weights = [weight for stored in layer.all_weights for weight in stored]
    dtypes = {weight.dtype for weight in weights}
    if len(dtypes) > 1 or not dtypes <= NUMBERS.keys():
        raise ValueError(
            f"export: the weights must be all float32 or all float64, got {', '.join(sorted(map(str, dtypes)))}; "
            "convert a copy: copy.deepcopy(layer).float()"
        )
    if (size := sum(weight.nbytes for weight in weights)) > onnx.checker.MAXIMUM_PROTOBUF:
        raise ValueError(
            f"export: an ONNX file holds less than 2 GiB, the weights take {size / 2**30:.1f} GiB"
        )
    if any(weight.is_meta for weight in weights):
        raise ValueError("export: the weights are on the meta device and have no values; load them first")
    return NUMBERS[weights[0].dtype]
