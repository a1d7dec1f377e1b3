"""The model of the next symbol: in segments as on the whole text, and what it writes is drawn from what it says."""

from math import log

import numpy as np
import pytest
import torch
from torch import nn

import carousel
from carousel.data import Text
from carousel.data.text import text_from
from carousel.errors import CarouselError
from carousel.training import Config, SequenceModel, SymbolModel, override
from carousel.training.symbols import streams
from carousel.training.symbols.generation import written
from carousel.training.symbols.streams import segments
from helpers import assert_same

LAYERS = ("lstm", "vanilla", "augmented", "torch", "gru")
ALPHABET = tuple("abcd")


def model_of(layer: str, *settings: str, alphabet=ALPHABET) -> SymbolModel:
    torch.manual_seed(1)
    options = ["kind=symbols", f"layer={layer}", "hidden_size=5", "embedding_size=3", *settings]
    model = SymbolModel(override(Config(), options), alphabet)
    with torch.no_grad():
        for weight in model.layer.parameters():
            weight.mul_(3)  # far from linear, so that the state matters
    return model.eval()


def some_text(length: int) -> Text:
    symbols = np.random.default_rng(2).integers(0, 4, length).astype(np.uint8)
    return Text((symbols,), ALPHABET, ("mine",))


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("settings", [[], ["num_layers=2"], ["embedding_size=0"]], ids=str)
def test_segments_in_order_are_the_whole_text(layer, settings):
    settings = [*settings, "context=[3, 0]"] if layer == "augmented" else settings
    model, text = model_of(layer, *settings), some_text(31)
    state, parts = None, []
    with torch.no_grad():
        (whole,) = segments(text, 1, 30, model.past)
        wanted, last = model(whole)
        for batch in segments(text, 1, 7, model.past):
            logits, state = model(batch, state)
            parts.append(logits)
    assert_same((torch.cat(parts), state), (wanted, last), 2e-6)


@pytest.mark.parametrize("layer", LAYERS)
def test_logits_are_those_of_the_layer_on_the_whole_sequence(layer):
    model, text = model_of(layer), some_text(12)
    symbols = torch.from_numpy(text.documents[0]).long()
    with torch.no_grad():
        x = model.code[symbols[:-1]].unsqueeze(1)
        wanted = model.head(model.layer(x)[0]).squeeze(1)
        (batch,) = segments(text, 1, 11, model.past)
        scores, _ = model.told(batch, None)
    losses = -wanted.log_softmax(dim=1)[torch.arange(11), symbols[1:]] / log(2)
    assert_same(scores["loss"], losses)
    assert torch.equal(scores["accuracy"], (wanted.argmax(dim=1) == symbols[1:]).float())


def test_training_and_validation_have_each_their_own_state(monkeypatch):
    monkeypatch.setattr(streams, "SHORTEST", 1)
    model = model_of("lstm", "dropout=0")
    first, second = segments(some_text(41), 2, 10, 0)
    wanted = model.told(second, model.told(first, None)[1])[0]["loss"]
    model.train()
    model.scores(first)
    model.eval()
    model.scores(second._replace(starts=torch.tensor([True, True])))
    model.train()
    assert_same(model.scores(second)["loss"], wanted)
    model.scores(first)  # a new pass over the text begins in a state of zero
    assert_same(model.scores(second)["loss"], wanted)


@pytest.mark.parametrize("layer", ["lstm", "gru"])
def test_the_gradient_ends_where_a_segment_begins(layer):
    model = model_of(layer, "dropout=0").train()
    for batch in segments(some_text(21), 1, 10, 0):
        model.scores(batch)["loss"].mean().backward()  # would fail on a graph that was freed


@pytest.mark.parametrize("layer", ["lstm", "gru"])
def test_one_stream_may_start_anew_while_another_goes_on(layer, monkeypatch):
    monkeypatch.setattr(streams, "SHORTEST", 1)
    model = model_of(layer)
    first, second = segments(some_text(41), 2, 10, 0)
    with torch.no_grad():
        _, state = model(first)
        fresh, gone_on = model(second)[0], model(second._replace(starts=torch.zeros(2, dtype=bool)), state)[0]
        mixed = model(second._replace(starts=torch.tensor([True, False])), state)[0]
    assert_same(mixed[:, 0], fresh[:, 0])
    assert_same(mixed[:, 1], gone_on[:, 1])


@pytest.mark.parametrize("layer", LAYERS)
def test_what_it_writes_at_temperature_0_is_the_likeliest_of_the_whole_text_before(layer):
    model = model_of(layer, *(["context=[2, 0]"] if layer == "augmented" else []))
    text = "abca"
    for _ in range(12):
        symbols = torch.tensor([ALPHABET.index(character) for character in text])
        with torch.no_grad():
            logits = model.head(model.layer(model.coded(symbols))[0][-1])
        text += ALPHABET[int(logits.argmax())]
    assert written(model, 12, 0.0, "abca", 0) == text[4:]


def test_what_it_writes_is_drawn_from_what_it_says():
    model = model_of("lstm")
    with torch.no_grad():
        for weight in model.layer.parameters():
            weight.zero_()  # it says the same after every symbol
        model.head.bias.copy_(torch.tensor([0.0, 1.0, 2.0, -50.0]))
    for temperature in (1.0, 0.5):
        said = written(model, 3000, temperature, "", 7)
        chances = (model.head.bias.detach() / temperature).softmax(dim=0).numpy()
        shares = np.array([said.count(character) / len(said) for character in ALPHABET])
        np.testing.assert_allclose(shares, chances, atol=0.03)
    assert written(model, 50, 1.0, "", 7) == written(model, 50, 1.0, "", 7) != written(model, 50, 1.0, "", 8)


def test_bytes_are_written_as_text():
    model = model_of("lstm", alphabet=None)
    said = written(model, 40, 1.0, "é", 0)
    assert isinstance(said, str) and len(said) <= 40


@pytest.mark.parametrize(
    "length, temperature, prompt, words",
    [
        (0, 1.0, "", "wants a length of 1 to 10,000,000 and a temperature of 0 or more, got 0 and 1.0"),
        (10**12, 1.0, "", r"got 1e\+12 and 1.0"),
        (1, -1.0, "", "got 1 and -1.0"),
        (1, float("nan"), "", "got 1 and nan"),
        (1, 1.0, "z", "the character 'z' is not among the 4 of the alphabet"),
    ],
)
def test_what_cannot_be_written_gets_a_sentence(length, temperature, prompt, words):
    with pytest.raises(CarouselError, match=words):
        written(model_of("lstm"), length, temperature, prompt, 0)


def test_a_configuration_of_another_task_is_refused():
    with pytest.raises(CarouselError, match="wants a configuration of task 'symbols', got 'classify'"):
        SymbolModel(Config(), ALPHABET)


def test_it_learns_a_text_that_repeats():
    text = text_from({"mine": "abcd" * 50})
    model: SequenceModel = model_of("augmented", "dropout=0").train()
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for _ in range(40):
        for batch in segments(text, 1, 50, model.past):
            loss = model.scores(batch)["loss"].mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert loss < 0.1
    assert written(model.eval(), 8, 0.0, "ab", 0) == "cdabcdab"
    assert isinstance(model.layer, carousel.LSTM) and not isinstance(model.layer, nn.LSTM)
