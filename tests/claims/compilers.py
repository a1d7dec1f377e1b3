"""torch.compile, torch.export and ONNX."""

import io

import onnxruntime
import torch
from torch.nn.utils.rnn import pack_padded_sequence

import carousel.onnx
from claims import Layer, claim, close

X = torch.randn(7, 3, 4)


def compiled(layer: torch.nn.Module, **options) -> torch.nn.Module:
    return torch.compile(layer, fullgraph=True, backend="aot_eager", **options)


def gradients(layer: torch.nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
    layer.zero_grad()
    output, (h, c) = layer(x)
    (output.square().sum() + h.sum() + c.sum()).backward()
    return [weight.grad.clone() for weight in layer.parameters()]


@claim("`torch.compile(fullgraph=True)`, inference")
def compile_inference(LSTM: Layer) -> None:
    layer = LSTM(4, 5, num_layers=2, bidirectional=True)
    with torch.no_grad():
        close(compiled(layer)(X)[0], layer(X)[0])


@claim("… training, input without gradient")
def compile_training(LSTM: Layer) -> None:
    layer = LSTM(4, 5)
    for got, wanted in zip(gradients(compiled(layer), X), gradients(layer, X), strict=True):
        close(got, wanted)


@claim("… training, input with gradient")
def compile_training_with_input(LSTM: Layer) -> None:
    layer, x = LSTM(4, 5), X.clone().requires_grad_()
    close(*(torch.autograd.grad(model(x)[0].square().sum(), x)[0] for model in (compiled(layer), layer)))


@claim("… one graph for every batch and length")
def compile_dynamic(LSTM: Layer) -> None:
    layer = LSTM(4, 5)
    graphs = []

    def backend(graph, _):
        graphs.append(graph)
        return graph

    model = torch.compile(layer, fullgraph=True, dynamic=True, backend=backend)
    for T, B in [(7, 3), (8, 4), (3, 2), (50, 9), (2, 30)]:
        x = torch.randn(T, B, 4)
        close(model(x)[0], layer(x)[0])
    assert len(graphs) == 1, len(graphs)


def exported(layer: torch.nn.Module, shapes: dict[int, str]) -> torch.nn.Module:
    """The program of a layer, written and read again."""
    dims = dict.fromkeys(shapes, torch.export.Dim.DYNAMIC)
    program = torch.export.export(layer, (X,), dynamic_shapes=(dims,))
    file = io.BytesIO()
    torch.export.save(program, file)
    file.seek(0)
    return torch.export.load(file).module()


@claim("`torch.export`, any batch")
def export_batch(LSTM: Layer) -> None:
    layer = LSTM(4, 5)
    x = torch.randn(7, 11, 4)
    close(exported(layer, {1: "batch"})(x)[0], layer(x)[0])


@claim("`torch.export`, any batch and length")
def export_time(LSTM: Layer) -> None:
    layer = LSTM(4, 5)
    model = exported(layer, {0: "time", 1: "batch"})
    for T, B in [(7, 3), (20, 2), (2, 8)]:
        x = torch.randn(T, B, 4)
        close(model(x)[0], layer(x)[0])


@claim("AOTInductor package, any batch and length")
def ahead_of_time(LSTM: Layer) -> None:
    layer, dims = LSTM(4, 5).eval(), {0: torch.export.Dim("T", min=2), 1: torch.export.Dim("B", min=2)}
    with torch.no_grad():
        program = torch.export.export(layer, (X,), dynamic_shapes=(dims,))
        package = torch._inductor.aoti_compile_and_package(program, package_path="layer.pt2")
        model = torch._inductor.aoti_load_package(package)
        for T, B in [(7, 3), (20, 2)]:
            x = torch.randn(T, B, 4)
            close(model(x)[0], layer(x)[0])


@claim("TorchScript (`torch.jit.trace`), any batch and length")
def torchscript(LSTM: Layer) -> None:
    layer, file = LSTM(4, 5, num_layers=2, bidirectional=True), io.BytesIO()
    torch.jit.save(torch.jit.trace(layer, X), file)
    file.seek(0)
    model = torch.jit.load(file)
    x = torch.randn(12, 6, 4)
    close(model(x)[0], layer(x)[0])


def run_onnx(layer: torch.nn.Module, x: torch.Tensor) -> torch.Tensor:
    path = "layer.onnx"
    if isinstance(layer, carousel.LSTM):
        carousel.onnx.export(layer, path)
    else:
        torch.onnx.export(
            layer, (X,), path, input_names=["input"], dynamic_axes={"input": [0, 1]}, dynamo=False
        )
    session = onnxruntime.InferenceSession(path)
    return torch.from_numpy(session.run(None, {session.get_inputs()[0].name: x.numpy()})[0])


@claim("ONNX file for any batch and length")
def onnx_file(LSTM: Layer) -> None:
    layer, x = LSTM(4, 5, num_layers=2, bidirectional=True), torch.randn(12, 6, 4)
    close(run_onnx(layer, x), layer(x)[0])


@claim("… with a projection")
def onnx_projection(LSTM: Layer) -> None:
    layer, x = LSTM(4, 5, proj_size=3), torch.randn(12, 6, 4)
    close(run_onnx(layer, x), layer(x)[0])


@claim("`torch.compile(fullgraph=True)` of a PackedSequence")
def compile_packed(LSTM: Layer) -> None:
    layer = LSTM(4, 5)
    packed = pack_padded_sequence(X, torch.tensor([7, 2, 5]), enforce_sorted=False)
    close(compiled(layer)(packed)[0].data, layer(packed)[0].data)
