"""What a model of a problem of memory is scored by, computed by hand."""

from math import log

import numpy as np
import pytest
import torch

from carousel.data.problems import NOTHING, problem_of
from carousel.training import Config, override
from carousel.training.memory.batches import MemoryBatch, drawn, fixed
from carousel.training.memory.model import MemoryModel
from helpers import assert_same


def model_of(problem: str, *settings: str) -> MemoryModel:
    torch.manual_seed(0)
    return MemoryModel(
        override(Config(), ["kind=memory", f"problem={problem}", "hidden_size=4", *settings])
    ).eval()


def batch_of(problem: str, count: int, **sizes: int) -> MemoryBatch:
    return next(iter(fixed(problem_of(problem, **sizes).held_out(0, count), count)))


def answering(model: MemoryModel, outputs: torch.Tensor) -> MemoryModel:
    model.forward = lambda x: outputs
    return model


def test_numbers_are_scored_at_the_steps_told():
    batch = batch_of("adding_1997", 3, length=30)
    answers = batch.targets + torch.where(batch.told, 0.0, 7.0).unsqueeze(-1)
    last = batch.told.int().argmax(dim=0)
    answers[last, range(3), 0] += torch.tensor([0.03, -0.03, 0.05])
    scores = answering(model_of("adding_1997", "length=30"), answers).scores(batch)
    wanted = {"loss": [0.0009, 0.0009, 0.0025], "error": [0.03, 0.03, 0.05], "right": [1.0, 1.0, 0.0]}
    assert_same(scores, {name: torch.tensor(values) for name, values in wanted.items()}, 1e-6)


def test_classes_are_scored_by_probabilities():
    batch = batch_of("lag_2c", 2, length=3, distractors=2)
    chances = torch.tensor([0.9, 0.7])
    wanted = batch.targets[batch.told.int().argmax(dim=0), range(2)]
    outputs = torch.zeros(*batch.told.shape, 2)
    for b, (chance, which) in enumerate(zip(chances, wanted, strict=True)):
        outputs[:, b, which], outputs[:, b, 1 - which] = chance.log(), (1 - chance).log()
    scores = answering(model_of("lag_2c", "length=3", "distractors=2"), outputs).scores(batch)
    assert_same(scores["loss"], -chances.log())
    assert_same(scores["error"], 1 - chances)
    assert scores["right"].tolist() == [1.0, 0.0], "each output must be within 0.2"


def test_a_string_of_the_grammar_is_right_if_no_step_prefers_what_cannot_come():
    batch = batch_of("reber", 6)
    possible = batch.possible.float()
    model = model_of("reber")
    assert answering(model, possible).scores(batch)["right"].tolist() == [1.0] * 6
    wrong = possible.clone()
    end = int(batch.told[:, 2].sum()) - 2
    wrong[end, 2] = torch.where(batch.possible[end, 2], 0.0, 0.1)
    assert answering(model, wrong).scores(batch)["right"].tolist() == [1.0, 1.0, 0.0, 1.0, 1.0, 1.0]


def test_the_answer_that_remembers_nothing_has_the_trivial_loss():
    copy = batch_of("copy", 50, length=30)
    shares = torch.full((50, 50, 9), 1e-30)
    shares[:40, :, 0] = 1
    shares[40:, :, 1:] = 1 / 8
    scores = answering(model_of("copy", "length=30"), shares.log()).scores(copy)
    assert scores["loss"].mean().item() == pytest.approx(10 * log(8) / 50, rel=1e-5)

    reber = batch_of("reber", 300)
    blind = reber.possible.clone()
    ends = reber.told.sum(dim=0) - 2
    blind[ends, range(300)] = blind[0, 0].clone()
    outputs = torch.where(blind, 0.0, -1e9)
    scores = answering(model_of("reber"), outputs).scores(reber)
    assert scores["loss"].mean().item() == pytest.approx(problem_of("reber").trivial, rel=0.05)


def test_only_steps_that_are_judged_make_a_sequence_wrong():
    batch = batch_of("lag_2b", 4, length=5)
    outputs = torch.zeros(5, 4, 6)
    outputs[-1] = 20.0 * torch.nn.functional.one_hot(batch.targets[-1], 6)
    scores = answering(model_of("lag_2b", "length=5"), outputs).scores(batch)
    assert scores["right"].tolist() == [1.0] * 4
    assert scores["loss"].tolist() == pytest.approx([4 / 5 * log(6)] * 4, rel=1e-4)


def test_symbols_are_one_hot_and_nothing_after_the_end():
    model = model_of("order_6a")
    seen = []
    model.layer.register_forward_pre_hook(lambda layer, arguments: seen.append(arguments[0]))
    x = torch.tensor([[0, 3], [7, NOTHING]])
    model(x)
    wanted = torch.zeros(2, 2, 8)
    wanted[0, 0, 0] = wanted[0, 1, 3] = wanted[1, 0, 7] = 1
    assert_same(seen[0], wanted)


@pytest.mark.parametrize("layer", ["lstm", "vanilla"])
def test_the_gradient_is_the_one_configured_and_the_answers_are_the_same(layer):
    full, short = (
        model_of("adding", "length=12", f"layer={layer}", f"gradient={gradient}").train()
        for gradient in ("full", "truncated")
    )
    batch = batch_of("adding", 5, length=12)
    losses = [model.scores(batch)["loss"] for model in (full, short)]
    assert_same(losses[1], losses[0])
    for loss in losses:
        loss.mean().backward()
    assert (full.layer.weight_ih_l0.grad - short.layer.weight_ih_l0.grad).abs().max() > 1e-5
    assert_same(short.head.weight.grad, full.head.weight.grad)


def test_each_pass_has_new_sequences_and_a_seed_the_same_again():
    problem = problem_of("adding", length=5)
    first, again = drawn(problem, 10, 4, seed=3), drawn(problem, 10, 4, seed=3)
    passes = [torch.cat([batch.x for batch in loader], dim=1) for loader in (first, first, again)]
    assert [batch.told.shape[1] for batch in first] == [4, 4, 2] and len(first) == 3
    assert torch.equal(passes[0], passes[2]) and not torch.equal(passes[0], passes[1])
    assert len({tuple(column) for column in passes[0][:, :, 0].T.tolist()}) == 10
    assert not torch.equal(passes[0], next(iter(drawn(problem, 10, 10, seed=4))).x)


def test_the_generator_goes_on_where_it_was_set_back_to():
    loader = drawn(problem_of("adding", length=5), 8, 4, seed=3)
    list(loader)
    state = loader.generator.get_state()
    wanted = [batch.x for batch in loader]
    fresh = drawn(problem_of("adding", length=5), 8, 4, seed=99)
    fresh.generator.set_state(state)
    for got, want in zip(fresh, wanted, strict=True):
        assert torch.equal(got.x, want)


def test_sequences_held_out_come_in_order():
    examples = problem_of("copy", length=2).held_out(0, 5)
    parts = list(fixed(examples, 2))
    assert [part.told.shape[1] for part in parts] == [2, 2, 1]
    np.testing.assert_array_equal(torch.cat([part.x for part in parts], dim=1), examples.x)
