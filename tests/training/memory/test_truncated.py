"""The gradient of 1997 is that of the equations without the terms that it leaves out."""

import pytest
import torch

import carousel
from carousel.equations import augmented
from carousel.training.memory.truncated import truncated
from helpers import as_numpy, assert_same

T, B, F, H = 9, 3, 2, 4


def layer_of(peephole: str, bias: bool = True) -> carousel.LSTM:
    torch.manual_seed(2)
    layer = carousel.LSTM(F, H, bias=bias, peephole=peephole, dtype=torch.float64)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.mul_(3)  # far from linear, so that what is left out matters
    return layer


def gradients(layer, output, upstream):
    """dE/dW by the paper's names, of E = sum of output times upstream."""
    symbols = {name: torch.zeros_like(value) for name, value in layer.symbols().items()}
    layer.zero_grad()
    (output * upstream).sum().backward()
    twin = carousel.LSTM(F, H, bias=layer.bias, peephole=layer.cell.peephole, dtype=torch.float64)
    for mine, theirs in zip(twin.parameters(), layer.parameters(), strict=True):
        mine.data.copy_(theirs.grad)
    found = as_numpy(twin.symbols())
    # A layer stores two biases, each with the whole gradient, and shows their sum.
    return {name: found[name] / (2 if name.startswith("b_") else 1) for name in symbols}


@pytest.mark.parametrize("peephole", ["none", "diagonal", "full"])
@pytest.mark.parametrize("bias", [True, False])
def test_it_is_the_backward_pass_without_errors_through_gates(peephole, bias):
    layer = layer_of(peephole, bias)
    x, upstream = (torch.randn(T, B, size, dtype=torch.float64) for size in (F, H))
    output = truncated(layer, x)
    assert_same(output, layer(x)[0])

    symbols = as_numpy(layer.symbols())
    signals = augmented.forward(symbols, x.numpy())
    # The errors that go back through v and through peepholes are the ones that these weights carry.
    cut = {name: 0 * value if name.startswith(("W_v", "W_s")) else value for name, value in symbols.items()}
    errors, wanted = augmented.backward(cut, signals, upstream.numpy())
    assert not errors["f_chi"].any()
    assert_same(gradients(layer, output, upstream), {name: wanted[name] for name in symbols})


def test_it_is_not_the_full_gradient():
    layer = layer_of("diagonal")
    x, upstream = (torch.randn(T, B, size, dtype=torch.float64) for size in (F, H))
    short, full = (gradients(layer, output, upstream) for output in (truncated(layer, x), layer(x)[0]))
    assert all(abs(short[name] - full[name]).max() > 1e-3 for name in ("W_xcs", "W_vdu", "W_scs", "b_cu"))


def test_of_one_step_it_is_the_full_gradient():
    layer = layer_of("none")
    x, upstream = (torch.randn(1, B, size, dtype=torch.float64) for size in (F, H))
    assert_same(gradients(layer, truncated(layer, x), upstream), gradients(layer, layer(x)[0], upstream))
