"""The tasks are what Hochreiter and Schmidhuber describe; all seeds train side by side as each would alone."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from carousel.theory.evolution import TASKS, train
from carousel.theory.evolution.steps import cell
from carousel.theory.evolution.tasks import adding, two_sequence
from carousel.theory.evolution.trials import Network, _clip_each_copy
from helpers import assert_same


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@settings(max_examples=25, deadline=None)
@given(length=st.integers(20, 90), seed=st.integers(0, 1000))
def test_adding_by_hand(length, seed):
    x, lengths, target = adding(length, (2, 5), generator(seed))
    assert x.shape == (int(1.1 * length), 2, 5, 2)
    for copy in range(2):
        for sequence in range(5):
            end = int(lengths[copy, sequence])
            assert length <= end <= 1.1 * length
            value, marker = x[:end, copy, sequence].T
            places = torch.nonzero(marker == 1).flatten().tolist()
            assert len(places) == 2
            assert min(places) < 10
            assert max(places) < max(10, length // 2 - 1)
            assert marker[-1] == -1
            assert marker[0] == (1 if places[0] == 0 else -1)
            assert places[0] > 0 or value[0] == 0
            assert_same(target[copy, sequence], 0.5 + value[places].sum() / 4, 1e-6)
            assert marker.abs().sum() == 3 + (places[0] != 0)
            assert (x[end:, copy, sequence] == 0).all()


def test_two_sequence_by_hand():
    x, lengths, target = two_sequence(60, (500,), generator())
    assert set(target.tolist()) == {0.0, 1.0}
    assert ((x[:3, :, 0] > 0) == (target == 1)).all()
    assert (x[:3].abs() == 1).all()
    noise = x[3:60].flatten()
    assert abs(noise.mean()) < 0.01
    assert abs(noise.var() - 0.2) < 0.01
    assert lengths.min() == 60
    assert lengths.max() == 66


@pytest.mark.parametrize("task", TASKS)
def test_the_error_of_a_blind_answer(task):
    length = 40
    _, _, target = TASKS[task].draw(length, (40, 1000), generator())
    best = min(float((target - answer).abs().mean()) for answer in (0.4, 0.5, 0.6))
    assert abs(best - TASKS[task].blind_error(length)) < 0.002


def test_copies_learn_as_each_would_alone():
    together = Network(cell("vanilla", 2, 4, 2, memory=20), seed=1)
    sample = adding(20, (2, 3), generator())
    alone = Network(cell("vanilla", 2, 4, 1, memory=20))
    for name, weight in alone.named_parameters():
        weight.data.copy_(together.get_parameter(name)[1:])
    for network, drawn in (
        (together, sample),
        (alone, type(sample)(sample.x[:, 1:], *(part[1:] for part in sample[1:]))),
    ):
        (100 * (network(drawn) - drawn.target).square().mean(-1)).sum().backward()
        _clip_each_copy(network, 0.1)
    for name, weight in alone.named_parameters():
        assert_same(together.get_parameter(name).grad[1:], weight.grad, 1e-6)
    norms = (
        torch.stack([weight.grad.flatten(1).square().sum(1) for weight in together.parameters()])
        .sum(0)
        .sqrt()
    )
    assert_same(norms, torch.full((2,), 0.1), 1e-6)


def test_the_readout_sees_the_last_step_of_each_sequence():
    network = Network(cell("bounded", 2, 4, 2))
    sample = adding(40, (2, 6), generator())
    output = network(sample)
    for copy, sequence in ((0, 0), (1, 5)):
        end = int(sample.lengths[copy, sequence])
        _, v = network.cell(sample.x[:end, :, sequence : sequence + 1])
        wanted = v[-1, copy, 0] @ network.weight[copy, 0] + network.bias[copy, 0]
        assert_same(output[copy, sequence], wanted)


def test_a_trial_is_repeatable_and_learns():
    options = dict(length=20, seeds=2, updates=60, state_size=8, seed=4)
    one, other = (train("absorbed", "two_sequence", **options) for _ in range(2))
    np.testing.assert_array_equal(one.losses, other.losses)
    assert one.losses.shape == (60, 2)
    assert one.losses[-1].max() < 0.1 * one.losses[0].min()
    assert one.rate == one.learnt.mean() == (one.errors < 0.2).mean() == 1


def test_training_that_diverges_has_not_learnt():
    trial = train("absorbed", "adding", length=20, seeds=2, updates=4, learning_rate=1e30)
    assert trial.rate == 0


@pytest.mark.parametrize(
    ("step", "task", "options", "said"),
    [
        ("vanila", "adding", {}, "did you mean 'vanilla'"),
        ("vanilla", "addng", {}, "No task 'addng' with a long dependency here; did you mean 'adding'"),
        ("vanilla", "adding", {"length": 19}, "length must be a whole number of at least 20 steps, got 19"),
        (
            "vanilla",
            "adding",
            {"length": 20.5},
            "length must be a whole number of at least 20 steps, got 20.5",
        ),
        (
            "vanilla",
            "adding",
            {"updates": 0},
            "seeds, updates and batch_size must be at least 1, got 8, 0, 32",
        ),
        ("vanilla", "adding", {"state_size": 0}, "state_size must be a whole number"),
        (
            "vanilla",
            "adding",
            {"learning_rate": float("nan")},
            "learning_rate must be a number above 0, got nan",
        ),
        ("vanilla", "adding", {"learning_rate": -1.0}, "learning_rate must be a number above 0, got -1.0"),
    ],
)
def test_bad_trials(step, task, options, said):
    with pytest.raises(ValueError, match=said):
        train(step, task, **options)
