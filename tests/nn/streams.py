"""Layers to stream, and what a stream and a call with the whole sequence make of them."""

import torch
from torch import nn

import carousel
from carousel.nn import Stream


def make(dtype=torch.float64, inputs=3, hidden=17, **options) -> carousel.LSTM:
    torch.manual_seed(0)
    return carousel.LSTM(inputs, hidden, dtype=dtype, **options)


def samples(layer: nn.Module, T: int, B: int = 2) -> torch.Tensor:
    torch.manual_seed(1)
    return torch.randn(T, B, layer.input_size, dtype=layer.weight_ih_l0.dtype)


def whole(layer: nn.Module, x: torch.Tensor, hx=None):
    with torch.no_grad():
        return layer(x, hx)


def pushed(stream: Stream, x: torch.Tensor) -> list[torch.Tensor]:
    return [output for x_n in x if (output := stream.push(x_n)) is not None]


def streamed(stream: Stream, x: torch.Tensor) -> torch.Tensor:
    """All outputs of a stream that ends after x."""
    known = pushed(stream, x)
    return torch.cat([*(output.unsqueeze(0) for output in known), stream.flush()])


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    assert [name for name in one if not torch.equal(one[name], other[name])] == []
