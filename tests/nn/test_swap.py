"""swap_lstms: in the place of every nn.LSTM of a model a layer of ours, with the same parameters and numbers."""

import copy

import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations

import carousel
from helpers import assert_same

FEATURES, H, T, B = 3, 5, 6, 4


class Tagger(nn.Module):
    """LSTMs at three depths, one of them in two places."""

    def __init__(self):
        super().__init__()
        self.encoder = nn.LSTM(FEATURES, H, 2, batch_first=True, dropout=0.3, bidirectional=True)
        self.blocks = nn.ModuleList(
            [nn.ModuleDict({"rnn": nn.LSTM(2 * H, H, proj_size=2, bias=False)}), nn.Linear(2, 2)]
        )
        self.again = self.blocks[0]["rnn"]
        self.head = nn.Sequential(nn.Linear(2, 2), nn.Tanh())

    def forward(self, x):
        h, _ = self.encoder(x)
        h, _ = self.blocks[0]["rnn"](h)
        return self.head(self.blocks[1](h)) + self.again(torch.tanh(self.encoder(x)[0]))[0]


pytestmark = pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
NAMES = {"encoder", "blocks.0.rnn", "again"}


@pytest.fixture
def twins():
    torch.manual_seed(0)
    theirs = Tagger().double().eval()
    return theirs, copy.deepcopy(theirs)


@pytest.fixture
def x():
    return torch.randn(B, T, FEATURES, dtype=torch.float64)


def test_every_lstm_is_replaced_where_it_stands(twins, x):
    theirs, ours = twins
    swapped = carousel.swap_lstms(ours)
    assert swapped.keys() == NAMES
    for name, layer in swapped.items():
        assert ours.get_submodule(name) is layer
        assert type(layer) is carousel.LSTM
        assert repr(layer) == repr(theirs.get_submodule(name))
    assert not any(isinstance(module, nn.LSTM) for module in ours.modules())
    assert ours.again is ours.blocks[0]["rnn"]
    assert_same(ours(x), theirs(x))


def test_the_parameters_stay_the_very_ones(twins):
    _, ours = twins
    ours.encoder.weight_hh_l0.requires_grad_(False)
    before, names = dict(ours.named_parameters()), list(ours.state_dict())
    carousel.swap_lstms(ours)
    after = dict(ours.named_parameters())
    assert list(after) == list(before)
    assert all(after[name] is before[name] for name in before)
    assert list(ours.state_dict()) == names


def test_an_optimiser_made_before_goes_on(twins, x):
    theirs, ours = twins
    losses = []
    for model in (theirs, ours):
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        for step in range(6):
            if model is ours and step == 2:
                carousel.swap_lstms(ours)
            optimizer.zero_grad()
            loss = model(x).square().mean()
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
    assert losses[0] > 2 * losses[5]
    assert_same(losses[6:], losses[:6], 1e-10)


@pytest.mark.parametrize("training", [False, True])
def test_the_mode_stays(twins, training):
    _, ours = twins
    ours.train(training)
    ours.encoder.eval()
    swapped = carousel.swap_lstms(ours)
    assert not swapped["encoder"].training
    assert swapped["again"].training == training


def test_a_second_time_nothing_is_left_to_replace(twins):
    _, ours = twins
    layers = carousel.swap_lstms(ours)
    assert carousel.swap_lstms(ours) == {}
    assert all(ours.get_submodule(name) is layer for name, layer in layers.items())


def test_draws_no_random_numbers_and_takes_any_device(twins):
    model = nn.Sequential(nn.LSTM(FEATURES, H, device="meta"))
    before = torch.get_rng_state()
    layer = carousel.swap_lstms(model)["0"]
    assert torch.equal(before, torch.get_rng_state())
    assert layer.weight_ih_l0.device.type == "meta"


def test_a_weight_that_someone_replaced_by_a_tensor_stays_one(x):
    """As WeightDropout of fastai and others do: a parameter elsewhere, and before each call a tensor made from it."""
    torch.manual_seed(0)
    model = nn.Sequential(nn.LSTM(FEATURES, H, batch_first=True, dtype=torch.float64))
    raw = nn.Parameter(model[0].weight_hh_l0.detach().clone())
    del model[0].weight_hh_l0
    model[0].weight_hh_l0 = 2 * raw
    wanted, _ = model(x)
    carousel.swap_lstms(model)
    assert_same(model(x)[0], wanted)
    model[0].weight_hh_l0 = 3 * raw
    output, _ = model(x)
    output.sum().backward()
    assert (output - wanted).abs().max() > 1e-3
    assert raw.grad.abs().max() > 0


class Named(nn.LSTM):
    """A subclass, which may do anything."""


def with_hook():
    module = nn.LSTM(FEATURES, H)
    module.register_forward_hook(lambda module, input, output: None)
    return module


def with_forward():
    module = nn.LSTM(FEATURES, H)
    module.forward = lambda input: None
    return module


def with_state():
    module = nn.LSTM(FEATURES, H)
    module.register_parameter("h_0", nn.Parameter(torch.zeros(H)))
    module.register_buffer("seen", torch.zeros(1))
    return module


@pytest.mark.parametrize(
    ("module", "reason"),
    [
        (Named(FEATURES, H), "it is a Named, which may do more than a torch.nn.LSTM"),
        (
            parametrizations.weight_norm(nn.LSTM(FEATURES, H), "weight_hh_l0"),
            "it is a ParametrizedLSTM, which may do more than a torch.nn.LSTM",
        ),
        (with_hook(), r"it has hooks \(_forward_hooks\)"),
        (with_forward(), "its forward was replaced"),
        (with_state(), r"it has more than its weights \(h_0, seen\)"),
    ],
    ids=["subclass", "parametrised", "hook", "forward", "more members"],
)
def test_what_is_more_than_an_lstm_stays_and_is_named(module, reason):
    model = nn.ModuleDict({"plain": nn.LSTM(FEATURES, H), "odd": module})
    with pytest.warns(UserWarning, match=f"^swap_lstms leaves odd as it is: {reason}$") as caught:
        swapped = carousel.swap_lstms(model)
    assert caught[0].filename == __file__
    assert swapped.keys() == {"plain"}
    assert model["odd"] is module


def test_an_lstm_by_itself_is_refused():
    with pytest.raises(
        TypeError,
        match=r"^swap_lstms replaces the torch.nn.LSTM modules inside a model and got one by itself; "
        r"use carousel.LSTM.from_torch\(module\)$",
    ):
        carousel.swap_lstms(nn.LSTM(FEATURES, H))


def test_a_model_of_ours_under_the_name_of_torchs_is_left_alone(monkeypatch):
    monkeypatch.setattr(torch.nn, "LSTM", carousel.LSTM)
    model = nn.Sequential(nn.LSTM(FEATURES, H))
    layer = model[0]
    assert carousel.swap_lstms(model) == {}
    assert model[0] is layer
