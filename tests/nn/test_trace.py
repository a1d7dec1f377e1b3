"""layer.trace against the layer itself, for every layer, direction, form of input and state."""

import itertools

import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import carousel
from helpers import assert_same

LENGTHS = torch.tensor([2, 6, 1, 6])
T, B = 6, 4
LAYERS = {
    "augmented": lambda **o: carousel.AugmentedLSTM(
        3, 5, 3, proj_size=2, context=[(1, 1), (0, 2), (1, 0)], **o
    ),
    "plain": lambda **o: carousel.LSTM(3, 5, 3, **o),
    "canonical": lambda **o: carousel.RNN(3, 5, 3, canonical=True, **o),
    "standard": lambda **o: carousel.RNN(3, 5, 3, nonlinearity="relu", **o),
}
FORMS = ("time first", "batch first", "one sequence", "packed")


@pytest.mark.parametrize("with_state", [False, True])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS)
def test_the_signals_are_those_of_the_call(make, form, bidirectional, with_state):
    torch.manual_seed(0)
    stack = make(bidirectional=bidirectional, batch_first=form == "batch first").double()
    batch = () if form == "one sequence" else (B,)
    x = torch.randn(T, *batch, 3, dtype=torch.float64)
    given = {
        "batch first": lambda: x.transpose(0, 1),
        "packed": lambda: pack_padded_sequence(x, LENGTHS, enforce_sorted=False),
    }.get(form, lambda: x)()
    runs = 3 * (1 + bidirectional)
    names = stack.cell.carried
    sizes = [stack.proj_size or 5 if name == "v" else 5 for name in names]
    state = (
        tuple(torch.randn(runs, *batch, size, dtype=torch.float64) for size in sizes) if with_state else None
    )
    hx = state if state is None or len(names) == 2 else state[0]

    output, last = stack(given, hx)
    last = last if isinstance(last, tuple) else (last,)
    ends = LENGTHS if form == "packed" else torch.full((B,), T)
    for layer, reverse in itertools.product(range(3), (False, True)[: 1 + bidirectional]):
        signals = stack.trace(given, hx, layer=layer, reverse=reverse)
        assert signals["s"].shape == (T, *batch, 5)
        for name, final in zip(names, last, strict=True):
            run = final[layer * (1 + bidirectional) + reverse]
            at = torch.zeros_like(ends) if reverse else ends - 1
            stepped = signals[name][at[0]] if form == "one sequence" else signals[name][at, torch.arange(B)]
            assert_same(run, stepped, what=f"{name} of layer {layer}, reverse {reverse}")
    whole = {"batch first": lambda: output.transpose(0, 1), "packed": lambda: pad_packed_sequence(output)[0]}
    parts = [
        stack.trace(given, hx, layer=2, reverse=r)[stack.cell.output]
        for r in (False, True)[: 1 + bidirectional]
    ]
    assert_same(torch.cat(parts, dim=-1), whole.get(form, lambda: output)())
