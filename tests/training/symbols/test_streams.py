"""Streams of a text: every symbol is told once, each from the one before it."""

import numpy as np
import pytest
import torch

from carousel.data import Text
from carousel.training.symbols import streams
from carousel.training.symbols.streams import NOTHING, segments


def text_of(*lengths: int) -> Text:
    symbols = np.arange(sum(lengths), dtype=np.uint16)
    documents = np.split(symbols, np.cumsum(lengths)[:-1])
    alphabet = tuple(chr(0x4E00 + i) for i in range(len(symbols)))
    return Text(tuple(documents), alphabet, tuple(map(str, range(len(lengths)))))


@pytest.mark.parametrize("past", [0, 1, 5])
@pytest.mark.parametrize("steps", [1, 4, 10, 99])
@pytest.mark.parametrize("count", [1, 3])
def test_every_symbol_but_the_first_is_told_once_by_the_one_before(count, steps, past, monkeypatch):
    monkeypatch.setattr(streams, "SHORTEST", 10)
    told, first_of_stream = [], []
    loader = segments(text_of(11, 20), count, steps, past)
    assert len(loader) == len(list(loader)) == -(-30 // count // steps)
    for index, batch in enumerate(loader):
        assert batch.symbols.dtype == torch.int64 and batch.symbols.shape[1] == count
        assert batch.starts.tolist() == [index == 0] * count
        seen, said = batch.symbols[past:-1], batch.symbols[past + 1 :]
        assert len(seen) == steps or index == len(loader) - 1
        assert torch.equal(said, seen + 1)
        before = batch.symbols[:past]
        wanted = seen[0] - torch.arange(past, 0, -1).unsqueeze(1)
        if index == 0:
            first_of_stream = seen[0].tolist()
        wanted[wanted < torch.tensor(first_of_stream)] = NOTHING
        assert torch.equal(before, wanted)
        told.extend(said.flatten().tolist())
    assert sorted(told) == list(range(1, 31))
    assert first_of_stream == [i * (30 // count) for i in range(count)]


def test_a_short_text_is_not_cut_into_many_streams():
    assert next(iter(segments(text_of(2500), 32, 10, 0))).symbols.shape == (11, 2)
    assert next(iter(segments(text_of(5), 32, 10, 0))).symbols.shape == (5, 1)


def test_what_is_left_over_at_the_end_is_less_than_a_step(monkeypatch):
    monkeypatch.setattr(streams, "SHORTEST", 1)
    told = [
        symbol for batch in segments(text_of(12), 4, 2, 0) for symbol in batch.symbols[1:].flatten().tolist()
    ]
    assert len(told) == 8 and max(told) == 8


def test_the_loader_leaves_pytorchs_random_numbers_alone():
    loader = segments(text_of(50), 2, 10, 0)
    torch.manual_seed(0)
    wanted = torch.rand(3)
    torch.manual_seed(0)
    list(loader)
    assert torch.equal(torch.rand(3), wanted)
