"""Models that others wrote, and what PyTorch's older tools do."""

import keras
import onnx
import torch
import torchrecurrent
from torch import nn

import carousel
from claims import Layer, claim, close

X = torch.randn(6, 2, 3)
HOMES = {nn.LSTM: nn.utils, carousel.LSTM: carousel.convert}
"""Where each library keeps what would convert a model of others."""


def all_known(layer: nn.Module) -> torch.Tensor:
    output, _ = layer(X.transpose(0, 1) if layer.batch_first else X)
    return output.transpose(0, 1) if layer.batch_first else output


@claim("`torch.nn.LSTMCell`, in and out")
def lstm_cell(LSTM: Layer) -> None:
    home, cell = HOMES[LSTM], nn.LSTMCell(3, 4)
    layer = home.from_lstm_cell(cell)
    state, again = None, home.to_lstm_cell(layer)
    for x_n, output in zip(X, all_known(layer), strict=True):
        state = cell(x_n, state)
        close(output, state[0])
    close(again.weight_hh, cell.weight_hh, 0)


@claim("Keras 3 `LSTM`, in and out")
def from_keras(LSTM: Layer) -> None:
    home, theirs = HOMES[LSTM], keras.layers.LSTM(4, return_sequences=True)
    wanted = theirs(X.transpose(0, 1)).transpose(0, 1)
    layer = home.from_keras(theirs)
    close(all_known(layer), wanted)
    (back,) = home.to_keras(layer)
    close(back(X.transpose(0, 1))[:, -1], wanted[-1])


@claim("ONNX `LSTM` nodes of any origin, in")
def from_onnx(LSTM: Layer) -> None:
    home, layer = HOMES[LSTM], carousel.LSTM(3, 4, peephole="diagonal", bidirectional=True)
    carousel.onnx.export(layer, "layer.onnx")
    close(all_known(home.from_onnx(onnx.load("layer.onnx"))), layer(X)[0])


@claim("`torchrecurrent.PeepholeLSTM`, in and out")
def from_torchrecurrent(LSTM: Layer) -> None:
    home, theirs = HOMES[LSTM], torchrecurrent.PeepholeLSTM(3, 4)
    layer = home.from_torchrecurrent(theirs)
    close(all_known(layer), theirs(X)[0])
    close(home.to_torchrecurrent(layer)(X)[0], theirs(X)[0])


@claim("Every `nn.LSTM` inside a model, in one call, its optimiser going on")
def swapped(LSTM: Layer) -> None:
    model = nn.ModuleDict({"encoder": nn.LSTM(3, 4), "decoder": nn.LSTM(4, 2, num_layers=2)})
    before, weights = model["decoder"](model["encoder"](X)[0])[0], set(model.parameters())
    {nn.LSTM: nn.utils, carousel.LSTM: carousel}[LSTM].swap_lstms(model)
    assert all(isinstance(layer, LSTM) for layer in model.values())
    assert set(model.parameters()) == weights
    close(model["decoder"](model["encoder"](X)[0])[0], before)


@claim("`isinstance(layer, nn.RNNBase)`")
def is_rnn_base(LSTM: Layer) -> None:
    assert isinstance(LSTM(3, 4), nn.RNNBase)


@claim("`torch.fx.symbolic_trace` of a model around it")
def symbolic_trace(LSTM: Layer) -> None:
    class Last(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layer = LSTM(3, 4)

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.layer(x)[0][-1]

    model = Last()
    close(torch.fx.symbolic_trace(model)(X), model(X))


@claim("`torch.ao.quantization.quantize_dynamic`")
def quantized(LSTM: Layer) -> None:
    model = nn.Sequential(LSTM(3, 4))
    assert type(torch.ao.quantization.quantize_dynamic(model, {nn.LSTM})[0]) is not LSTM
