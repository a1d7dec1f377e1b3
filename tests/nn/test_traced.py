"""What records a graph of operators while a model runs: torch.jit.trace, torch.onnx.export on top of it, make_fx."""

import io

import numpy as np
import onnxruntime
import pytest
import torch
from torch import Tensor, nn
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn.utils.rnn import pack_padded_sequence

import carousel
from carousel.kernels import cpu
from helpers import assert_same

pytestmark = [
    pytest.mark.skipif(bool(cpu.MISSING), reason="the C++ kernel is not built"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),  # of TorchScript
    pytest.mark.filterwarnings("ignore:Constant folding:UserWarning"),
]

LAYERS = {
    "plain": lambda: carousel.LSTM(3, 4),
    "stack": lambda: carousel.LSTM(3, 4, num_layers=2, bidirectional=True),
    "augmented": lambda: carousel.AugmentedLSTM(3, 4, proj_size=2, context=(2, 1)),
}


class Model(nn.Module):
    """A layer inside another module, as exporters find it."""

    def __init__(self, layer: nn.Module) -> None:
        super().__init__()
        self.layer = layer

    def forward(self, x: Tensor, lengths: Tensor | None = None) -> Tensor:
        return self.layer(x, lengths=lengths)[0].tanh()


@pytest.fixture(params=LAYERS.values(), ids=LAYERS.keys())
def model(request):
    torch.manual_seed(0)
    return Model(request.param()).eval()


def example(T=7, lengths=(7, 2, 4)):
    return torch.randn(T, len(lengths), 3), torch.tensor(lengths)


def traced_from(model, *inputs):
    """A trace, unchecked: the type checks of these tests take samples, so that no two traces are the same."""
    return torch.jit.trace(model, inputs, check_trace=False)


@pytest.mark.parametrize("grad", [False, True])
def test_a_trace_is_right_for_other_times_batches_and_lengths(model, grad):
    with torch.set_grad_enabled(grad):
        traced = traced_from(model, *example())
        for T, lengths in ((7, [1, 7, 3]), (9, [9, 1]), (1, [1, 1, 1, 1])):
            x, lengths = example(T, lengths)
            assert_same(traced(x, lengths), model(x, lengths), tolerance=0)


def test_a_trace_of_whole_sequences_is_right_for_ragged_ones(model):
    traced = traced_from(model, *example(7, (7, 7, 7)))
    x, lengths = example()
    assert_same(traced(x, lengths), model(x, lengths), tolerance=0)


def test_gradients_of_a_trace(model):
    x, lengths = example()
    traced = traced_from(model, x, lengths)
    weights = list(model.parameters())
    found = torch.autograd.grad(traced(x, lengths).square().sum(), weights)
    for got, wanted in zip(
        found, torch.autograd.grad(model(x, lengths).square().sum(), weights), strict=True
    ):
        assert_same(got, wanted)


@pytest.mark.parametrize("grad", [False, True])
def test_make_fx_records_the_layer(model, grad):
    (x, _), (other, _) = example(), example()
    with torch.set_grad_enabled(grad):
        graph = make_fx(model)(x)
    assert_same(graph(other), model(other), tolerance=0)


def onnx_session(model, inputs):
    names, file = ["x", "lengths"][: len(inputs)], io.BytesIO()
    axes = {"x": {1: "batch"}, "lengths": {0: "batch"}}
    axes = {name: axes[name] for name in names}
    torch.onnx.export(model, inputs, file, dynamo=False, input_names=names, dynamic_axes=axes)
    return onnxruntime.InferenceSession(file.getvalue())


def test_an_onnx_file_of_pytorch_is_right_for_other_batches_and_lengths(model):
    session = onnx_session(model, example())
    for lengths in ([1, 7, 3], [7, 2]):
        x, lengths = example(7, lengths)
        (output,) = session.run(None, {"x": x.numpy(), "lengths": lengths.numpy()})
        np.testing.assert_allclose(output, model(x, lengths).detach(), rtol=0, atol=1e-6)


def test_an_onnx_file_of_pytorch_refuses_other_times():
    session = onnx_session(Model(carousel.LSTM(3, 4)).eval(), example()[:1])
    with pytest.raises(Exception, match="Got: 9 Expected: 7"):
        session.run(None, {"x": np.zeros((9, 3, 3), np.float32)})


def test_a_packed_sequence_is_refused():
    class Packed(Model):
        def forward(self, x: Tensor, lengths: Tensor) -> Tensor:
            return self.layer(pack_padded_sequence(x, lengths, enforce_sorted=False))[0].data

    with pytest.raises(RuntimeError, match="a PackedSequence cannot be traced .* with lengths="):
        torch.jit.trace(Packed(carousel.LSTM(3, 4)), example())
