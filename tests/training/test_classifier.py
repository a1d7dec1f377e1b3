"""The classifier against the same sums written out one sequence at a time."""

import numpy as np
import pytest
import torch
from torch import nn

import carousel
from carousel.data import Sequences, batches
from carousel.training import Config, SequenceClassifier, build_layer, override
from helpers import assert_same

LAYERS = ("lstm", "vanilla", "augmented", "torch", "gru")
FEATURES, CLASSES, LENGTHS = ("a", "b", "c"), ("no", "yes"), (5, 1, 7, 2)


def classifier(layer: str, *settings: str) -> SequenceClassifier:
    torch.manual_seed(1)
    config = override(Config(), [f"layer={layer}", "hidden_size=6", *settings])
    model = SequenceClassifier(config, FEATURES, CLASSES)
    model.standardise_by(torch.tensor([1.0, -2.0, 0.5]), torch.tensor([2.0, 0.5, 1.0]))
    return model.eval()


@pytest.fixture
def ragged() -> Sequences:
    random = np.random.default_rng(2)
    values = tuple(random.normal(size=(length, 3)).astype(np.float32) for length in LENGTHS)
    return Sequences(values, FEATURES, tuple("0123"), np.array([0, 1, 1, 0]), CLASSES)


@pytest.mark.parametrize("layer", LAYERS)
def test_layers_are_what_they_are_called(layer):
    settings = ["hidden_size=6", "num_layers=2", "bidirectional=false", "dropout=0.25"]
    settings += [] if layer in ("vanilla", "gru") else ["proj_size=4"]
    settings += ["context=[2, 3]"] if layer == "augmented" else []
    built = build_layer(override(Config(), [f"layer={layer}", *settings]).model, 3)
    shared = {"num_layers": 2, "dropout": 0.25}
    wanted = {
        "lstm": lambda: carousel.LSTM(3, 6, **shared, proj_size=4),
        "vanilla": lambda: carousel.VanillaLSTM(3, 6, **shared),
        "augmented": lambda: carousel.AugmentedLSTM(3, 6, **shared, proj_size=4, context=(2, 3)),
        "torch": lambda: nn.LSTM(3, 6, **shared, proj_size=4),
        "gru": lambda: nn.GRU(3, 6, **shared),
    }[layer]()
    assert repr(built) == repr(wanted)
    shapes = {name: weight.shape for name, weight in built.named_parameters()}
    assert shapes == {name: weight.shape for name, weight in wanted.named_parameters()}


EXTENSIONS = {"peephole": "diagonal", "input_gate": True, "context": (2, 1), "proj_size": 4}
OPTIONS = {"init": "orthogonal", "forget_bias": 1.0, "chrono": 9}
OPTIONS |= {"recurrent_dropout": 0.1, "zoneout": (0.1, 0.2), "weight_dropout": 0.3}


@pytest.mark.parametrize("name, value", [*EXTENSIONS.items(), *OPTIONS.items()])
def test_the_plain_layer_takes_each_extension_and_option_alone(name, value):
    built = build_layer(override(Config(), {"layer": "lstm", "hidden_size": 6, name: value}).model, 3)
    assert repr(built) == repr(carousel.LSTM(3, 6, bidirectional=True, **{name: value}))


@pytest.mark.parametrize("bidirectional", ["true", "false"])
@pytest.mark.parametrize("layer", LAYERS)
def test_a_ragged_batch_equals_each_sequence_alone(layer, bidirectional, ragged):
    model = classifier(layer, f"bidirectional={bidirectional}", "num_layers=2")
    (batch,) = batches(ragged, 4)
    with torch.no_grad():
        wanted = []
        for value in ragged.values:
            x = (torch.from_numpy(value) - model.mean) / model.std
            wanted.append(model.head(model.layer(x)[0].mean(dim=0)))
        assert_same(model(batch.x, batch.lengths), torch.stack(wanted))


@pytest.mark.parametrize("layer", LAYERS)
def test_what_stands_after_the_end_of_a_sequence_does_not_matter(layer, ragged):
    model = classifier(layer)
    (batch,) = batches(ragged, 4)
    spoilt = batch.x.clone()
    for position, length in enumerate(LENGTHS):
        spoilt[length:, position] = 1e6
    with torch.no_grad():
        assert_same(model(spoilt, batch.lengths), model(batch.x, batch.lengths))


@pytest.mark.parametrize("layer", LAYERS)
def test_prefix_probabilities_are_those_of_each_prefix_alone(layer, ragged):
    model = classifier(layer)
    sequence = torch.from_numpy(ragged.values[2])
    wanted = [
        model.probabilities(sequence[:n].unsqueeze(1), torch.tensor([n])).squeeze(0)
        for n in range(1, len(sequence) + 1)
    ]
    got = model.prefix_probabilities(sequence)
    assert_same(got, torch.stack(wanted))
    assert_same(got.sum(dim=1), torch.ones(len(sequence)))


def test_the_state_dict_is_a_complete_model(ragged):
    model = classifier("lstm")
    other = SequenceClassifier(model.config, FEATURES, CLASSES).eval()
    other.load_state_dict(model.state_dict())
    (batch,) = batches(ragged, 4)
    with torch.no_grad():
        assert torch.equal(other(batch.x, batch.lengths), model(batch.x, batch.lengths))


def test_noise_and_dropout_are_for_training_only(ragged):
    (batch,) = batches(ragged, 4)
    model = classifier("torch", "dropout=0", "input_offset=0.5")
    assert torch.equal(model(batch.x, batch.lengths), model(batch.x, batch.lengths))
    model.train()
    assert not torch.allclose(model(batch.x, batch.lengths), model(batch.x, batch.lengths))
    quiet = classifier("torch", "dropout=0", "input_offset=0").train()
    assert torch.equal(quiet(batch.x, batch.lengths), quiet(batch.x, batch.lengths))


def test_one_layer_takes_dropout_without_a_warning():
    assert build_layer(override(Config(), ["layer=torch", "dropout=0.5"]).model, 3).dropout == 0.0
