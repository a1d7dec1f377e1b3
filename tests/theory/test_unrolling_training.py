"""Training in segments: the task, what a carried state changes, losses by position, bad input."""

import pytest
import torch

import carousel
from carousel.theory.unrolling import echo, segment_losses, train_unrolled, whole_loss
from helpers import assert_same


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_the_task_depends_on_exactly_d_steps():
    x, y = echo(3, 5000, 4, 0.0, generator())
    assert_same(y[3:], x[3:] + x[:-3], 1e-6)
    assert x.mean().item() == pytest.approx(0, abs=0.03)
    assert x.var().item() == pytest.approx(1, abs=0.03)
    _, noisy = echo(3, 5000, 4, 0.5, generator())
    assert (noisy - y).std().item() == pytest.approx(0.5, abs=0.02)


def recording(layer):
    """The start states that a layer is given."""
    seen = []
    layer.register_forward_pre_hook(lambda module, given: seen.append(given[1]))
    return seen


@pytest.mark.parametrize(
    "layer",
    [carousel.RNN(1, 3), carousel.VanillaLSTM(1, 3), torch.nn.LSTM(1, 3), torch.nn.GRU(1, 3)],
    ids=str,
)
@pytest.mark.parametrize("carried", [True, False])
def test_a_state_is_carried_without_its_gradient_or_not_at_all(layer, carried):
    seen = recording(layer)
    x, y = echo(1, 7, 2, 0.1, generator())
    before = [weight.detach().clone() for weight in layer.parameters()]
    train_unrolled(layer, torch.nn.Linear(3, 1), x, y, 3, carried=carried, updates=5)
    assert [state is None for state in seen] == ([True, False, True, False, True] if carried else [True] * 5)
    for state in seen:
        parts = () if state is None else state if isinstance(state, tuple) else (state,)
        assert not any(part.requires_grad for part in parts)
    assert any((old != new).any() for old, new in zip(before, layer.parameters(), strict=True))


def test_training_lowers_the_loss():
    torch.manual_seed(0)
    layer, readout = carousel.RNN(1, 8), torch.nn.Linear(8, 1)
    x, y = echo(1, 600, 16, 0.1, generator())
    before = whole_loss(layer, readout, x, y)
    train_unrolled(layer, readout, x, y, 4, carried=True, updates=150)
    assert whole_loss(layer, readout, x, y) < 0.3 * before


def test_losses_by_position_are_those_of_runs_from_zero():
    layer, readout = carousel.RNN(1, 4), torch.nn.Linear(4, 1)
    x, y = echo(2, 11, 3, 0.1, generator())
    losses = segment_losses(layer, readout, x, y, 5)
    runs = [(readout(layer(x[at : at + 5])[0]) - y[at : at + 5]).square() for at in (0, 5)]
    assert_same(losses, torch.cat(runs, dim=1).double().mean(dim=(1, 2)), 1e-6)
    whole = (readout(layer(x)[0]) - y).square()
    assert whole_loss(layer, readout, x, y, skip=4) == pytest.approx(whole[4:].mean().item(), rel=1e-5)


X, Y = echo(2, 20, 3, 0.1, generator())
LAYER, READOUT = carousel.RNN(1, 4), torch.nn.Linear(4, 1)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: echo(0, 10, 2, 0.1, generator()), "must be a positive whole number of steps, got 0"),
        (lambda: echo(1, 10, 2, -0.1, generator()), "noise must be a standard deviation >= 0, got -0.1"),
        (lambda: echo(1, 10, 2, float("nan"), generator()), "noise must be"),
        (
            lambda: train_unrolled(LAYER, READOUT, X, Y[1:], 2, carried=True, updates=1),
            r"equal N and B, got \[20, 3, 1\] and \[19, 3, 1\]",
        ),
        (
            lambda: train_unrolled(LAYER, READOUT, X, Y, 21, carried=True, updates=1),
            "K must not exceed the 20 steps of x, got 21",
        ),
        (lambda: train_unrolled(LAYER, READOUT, X, Y, 0, carried=True, updates=1), "K must be a positive"),
        (
            lambda: train_unrolled(LAYER, READOUT, X, Y, 2, carried=True, updates=0),
            "updates must be at least 1",
        ),
        (
            lambda: train_unrolled(
                carousel.RNN(1, 4), READOUT, X * float("nan"), Y, 2, carried=True, updates=1
            ),
            "the loss became nan at update 0; make learning_rate smaller",
        ),
        (
            lambda: segment_losses(carousel.RNN(1, 4, batch_first=True), READOUT, X, Y, 2),
            "must have batch_first=False",
        ),
        (lambda: whole_loss(LAYER, READOUT, X, Y, skip=20), "skip must leave at least one of 20 steps"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
