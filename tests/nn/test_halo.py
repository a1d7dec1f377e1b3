"""Segments in order, with the state carried and the samples before each handed on, are the whole sequence."""

import pytest
import torch

import carousel
from helpers import assert_same

SEGMENTS = (5, 1, 7, 2)
T, B, F = sum(SEGMENTS), 3, 4


def layer_of(past: int, **options) -> carousel.AugmentedLSTM:
    torch.manual_seed(3)
    return carousel.AugmentedLSTM(F, 6, context=(past, 0), dtype=torch.float64, **options)


def run_in_segments(layer, x, past):
    """Outputs of segments in order, with what is carried from one to the next, and the last state."""
    outputs, state, before = [], None, x.new_zeros(past, *x.shape[1:])
    for segment in x.split(SEGMENTS):
        output, state = layer(segment, state, halo=before)
        before = torch.cat([before, segment])[len(segment) :]
        outputs.append(output)
    return torch.cat(outputs), state


@pytest.mark.parametrize("past", [0, 1, 3, 9])
@pytest.mark.parametrize("options", [{}, {"num_layers": 2, "proj_size": 3}], ids=["one", "two, projected"])
def test_segments_in_order_equal_the_whole(past, options):
    layer = layer_of(past, **options)
    x = torch.randn(T, B, F, dtype=torch.float64, requires_grad=True)
    whole, in_segments = layer(x), run_in_segments(layer, x, past)
    assert_same(in_segments, whole)
    weights = torch.randn_like(whole[0])
    gradients = [
        torch.autograd.grad((output * weights).sum(), [x, *layer.parameters()])
        for output, _ in (whole, in_segments)
    ]
    assert_same(gradients[1], gradients[0])


def test_without_the_halo_they_do_not():
    layer = layer_of(2)
    x = torch.randn(T, B, F, dtype=torch.float64)
    output, state = layer(x[:5])
    assert not torch.allclose(layer(x[5:], state)[0], layer(x)[0][5:])


def test_the_halo_has_the_form_of_the_input():
    layer = layer_of(2)
    x = torch.randn(T, B, F, dtype=torch.float64)
    wanted = layer(x[2:], halo=x[:2])[0]
    alone = layer(x[2:, 0], halo=x[:2, 0])[0]
    assert_same(alone, wanted[:, 0])
    turned = carousel.AugmentedLSTM(F, 6, context=(2, 0), dtype=torch.float64, batch_first=True)
    turned.load_state_dict(layer.state_dict())
    assert_same(turned(x[2:].transpose(0, 1), halo=x[:2].transpose(0, 1))[0], wanted.transpose(0, 1))


def test_zeros_are_the_default():
    layer = layer_of(2)
    x = torch.randn(T, B, F, dtype=torch.float64)
    assert_same(layer(x, halo=torch.zeros(2, B, F, dtype=torch.float64)), layer(x))


@pytest.mark.parametrize(
    "halo, error, words",
    [
        ([[0.0]], TypeError, "halo must be a tensor, got list"),
        (
            torch.zeros(1, B, F, dtype=torch.float64),
            RuntimeError,
            r"of shape \[2, 3, 4\], the samples .* got .*\[1, 3, 4\]",
        ),
        (torch.zeros(2, B, F), RuntimeError, "halo must be torch.float64 on cpu .* got torch.float32"),
    ],
)
def test_a_halo_that_does_not_fit(halo, error, words):
    with pytest.raises(error, match=words):
        layer_of(2)(torch.zeros(T, B, F, dtype=torch.float64), halo=halo)


def test_a_halo_where_a_later_layer_looks_back_too():
    layer = carousel.LSTM(F, 6, num_layers=2, context=[(2, 0), (1, 0)])
    with pytest.raises(
        ValueError, match="a halo reaches the first layer alone, but later ones look back, too"
    ):
        layer(torch.zeros(T, B, F), halo=torch.zeros(2, B, F))


def test_under_autocast_the_halo_is_converted_as_the_input_is():
    layer = carousel.AugmentedLSTM(F, 6, context=(2, 0))
    x = torch.randn(T, B, F)
    with torch.autocast("cpu", torch.bfloat16):
        whole = layer(x.bfloat16())[0]
        output = layer(x[2:].bfloat16(), layer(x[:2].bfloat16())[1], halo=x[:2].bfloat16())[0]
    assert output.dtype == whole.dtype
    torch.testing.assert_close(output.float(), whole[2:].float(), atol=2e-2, rtol=0)
