"""What the tests of all conversions share: sizes, random weights, and a layer asked what it gives."""

import torch

import carousel

FEATURES, H, T, B = 3, 5, 7, 4


def randomized(module: torch.nn.Module) -> torch.nn.Module:
    """With weights that leave none of them out of the outputs, biases and peepholes included."""
    torch.manual_seed(1)
    with torch.no_grad():
        for weight in module.parameters():
            weight.copy_(torch.randn_like(weight) / 2)
    return module


def inputs(layers: int, directions: int, dtype: torch.dtype) -> tuple[torch.Tensor, list[torch.Tensor]]:
    """x [T, B, features] and the states (h_0, c_0) before it."""
    torch.manual_seed(2)
    states = [torch.randn(layers * directions, B, H, dtype=dtype) for _ in range(2)]
    return torch.randn(T, B, FEATURES, dtype=dtype), states


def answer(layer: carousel.LSTM, x: torch.Tensor, states: list[torch.Tensor]) -> list[torch.Tensor]:
    """[output, h_n, c_n], the input given as the layer takes it and the output time first."""
    output, last = layer(x.transpose(0, 1) if layer.batch_first else x, tuple(states))
    return [output.transpose(0, 1) if layer.batch_first else output, *last]


def weights(layer: torch.nn.Module) -> dict[str, torch.Tensor]:
    return dict(layer.state_dict())
