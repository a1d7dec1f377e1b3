"""A layer and its file, run side by side."""

import onnx
import onnxruntime
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import carousel
from carousel.onnx import export


def session_of(path) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def valid_model(path) -> onnx.ModelProto:
    model = onnx.load(path)
    onnx.checker.check_model(model, full_check=True)
    return model


def all_nodes(graph: onnx.GraphProto) -> list[onnx.NodeProto]:
    """The nodes of a graph and of the bodies in it."""
    bodies = [
        node
        for outer in graph.node
        for part in outer.attribute
        if part.HasField("g")
        for node in all_nodes(part.g)
    ]
    return [*graph.node, *bodies]


def states_for(layer, B: int) -> list[torch.Tensor]:
    """Random states before the first step."""
    runs = layer.num_layers * (2 if layer.bidirectional else 1)
    sizes = [layer.proj_size or layer.hidden_size, layer.hidden_size][: len(layer.cell.carried)]
    return [torch.randn(runs, B, size, dtype=layer.weight_ih_l0.dtype) for size in sizes]


def both(layer, path, sizes, *, lengths: bool, states: bool):
    """Export once; for each (T, B) what the file gives and what the layer gives, [output, h_n, c_n].

    Sequences are unsorted and may all be shorter than T; the file gets NaN where they have ended.
    """
    export(layer, path, lengths=lengths, states=states)
    valid_model(path)
    session = session_of(path)
    for T, B in sizes:
        x = torch.randn(T, B, layer.input_size, dtype=layer.weight_ih_l0.dtype)
        feed, hx, packed = {}, None, x
        if states:
            initial = states_for(layer, B)
            feed |= {name: part.numpy() for name, part in zip(("h_0", "c_0"), initial, strict=False)}
            hx = tuple(initial) if isinstance(layer, carousel.LSTM) else initial[0]
        if lengths:
            ends = torch.randint(1, T + 1, (B,))
            packed = pack_padded_sequence(x, ends, enforce_sorted=False)
            feed["lengths"] = ends.numpy()
            x = x.masked_fill((torch.arange(T).unsqueeze(1) >= ends).unsqueeze(2), float("nan"))
        elif layer.batch_first:
            packed = x.transpose(0, 1)
        feed["input"] = (x.transpose(0, 1) if layer.batch_first else x).numpy()
        with torch.no_grad():
            output, last = layer(packed, hx)
        if lengths:
            output, _ = pad_packed_sequence(output, layer.batch_first, total_length=T)
        yield session.run(None, feed), [output, *(last if isinstance(last, tuple) else [last])]
