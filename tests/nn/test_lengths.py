"""Padded batches with `lengths` or a `mask`: as each sequence alone, whatever stands in the padding."""

import subprocess
import sys

import numpy as np
import pytest
import torch
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

import carousel
from helpers import assert_same

LENGTHS = [3, 7, 1, 5, 7]
T, B, D, H = 7, 5, 3, 4
INTEGERS = (
    torch.int8, torch.uint8, torch.int16, torch.uint16, torch.int32, torch.uint32, torch.int64, torch.uint64,
)  # fmt: skip

LAYERS = {
    "plain": lambda **more: carousel.LSTM(D, H, dtype=torch.float64, **more),
    "stacked": lambda **more: carousel.LSTM(D, H, 2, bidirectional=True, dtype=torch.float64, **more),
    "augmented": lambda **more: carousel.AugmentedLSTM(
        D, H, bidirectional=True, proj_size=2, context=(1, 2), dtype=torch.float64, **more
    ),
    "stacked windows": lambda **more: carousel.AugmentedLSTM(
        D, H, 2, bidirectional=True, context=[(1, 2), (2, 1)], dtype=torch.float64, **more
    ),
    "rnn": lambda **more: carousel.RNN(D, H, bidirectional=True, dtype=torch.float64, **more),
    "canonical": lambda **more: carousel.RNN(D, H, canonical=True, dtype=torch.float64, **more),
}


def padded(fill: float = 0.0) -> torch.Tensor:
    x = torch.randn(T, B, D, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    for b, length in enumerate(LENGTHS):
        x[length:, b] = fill
    return x


def real() -> torch.Tensor:
    return torch.arange(T).unsqueeze(-1) < torch.tensor(LENGTHS)


def parts(last) -> tuple[torch.Tensor, ...]:
    return last if isinstance(last, tuple) else (last,)


@pytest.mark.parametrize("kernel", ["auto", "eager"])
@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS.keys())
def test_each_sequence_comes_out_as_alone(make, kernel):
    layer, x = make(), padded(float("nan"))
    with carousel.use_kernel(kernel), torch.no_grad():
        output, last = layer(x, lengths=LENGTHS)
        for b, length in enumerate(LENGTHS):
            alone, last_alone = layer(x[:length, b])
            assert_same(output[:length, b], alone, what=f"sequence {b}")
            assert (output[length:, b] == 0).all()
            for part, wanted in zip(parts(last), parts(last_alone), strict=True):
                assert_same(part[:, b], wanted, what=f"last state of sequence {b}")


@pytest.mark.parametrize("kernel", ["auto", "eager"])
@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS.keys())
def test_gradients_are_those_of_a_packed_batch_and_nothing_reaches_the_padding(make, kernel):
    layer = make()
    upstream = torch.randn(T, B, D, dtype=torch.float64)
    found = []
    for is_packed in (False, True):
        layer.zero_grad()
        x = padded(0.0 if is_packed else float("inf")).requires_grad_()
        with carousel.use_kernel(kernel):
            if is_packed:
                packed = pack_padded_sequence(x, torch.tensor(LENGTHS), enforce_sorted=False)
                output, last = layer(packed)
                output = pad_packed_sequence(output)[0]
            else:
                output, last = layer(x, lengths=torch.tensor(LENGTHS, dtype=torch.int32))
        loss = (output.sin() * upstream.sum(-1, keepdim=True)).sum() + sum(
            part.cos().sum() for part in parts(last)
        )
        loss.backward()
        found.append({"x": x.grad} | {name: weight.grad.clone() for name, weight in layer.named_parameters()})
    ours, packed = found
    assert_same(ours, packed)
    assert (ours["x"][~real()] == 0).all()


@pytest.mark.parametrize("batch_first", [False, True])
def test_a_mask_says_the_same(batch_first):
    layer, x, mask = LAYERS["augmented"](batch_first=batch_first), padded(), real()
    if batch_first:
        x, mask = x.transpose(0, 1), mask.t()
    with torch.no_grad():
        assert_same(layer(x, mask=mask), layer(x, lengths=LENGTHS))


FORMS = {
    "tuple": tuple,
    "list of NumPy integers": lambda lengths: list(np.array(lengths)),
    "list of tensors": lambda lengths: list(torch.tensor(lengths)),
    "range": lambda lengths: range(3, 8),
    **{str(dtype): lambda lengths, dtype=dtype: torch.tensor(lengths).to(dtype) for dtype in INTEGERS},
    **{
        kind: lambda lengths, kind=kind: np.array(lengths, dtype=kind)
        for kind in ("int32", "int64", "uint16")
    },
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS.keys())
def test_lengths_come_in_any_form_of_integers(form):
    layer, x = LAYERS["plain"](), padded()
    lengths = [3, 4, 5, 6, 7] if form is FORMS["range"] else LENGTHS
    with torch.no_grad():
        assert_same(layer(x, lengths=form(lengths)), layer(x, lengths=torch.tensor(lengths)), tolerance=0)


def test_lengths_that_must_not_be_written_to():
    lengths = np.array(LENGTHS)
    lengths.flags.writeable = False
    layer, x = LAYERS["plain"](), padded()
    with torch.no_grad():
        assert_same(layer(x, lengths=lengths), layer(x, lengths=LENGTHS), tolerance=0)


@pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS.keys())
def test_padding_of_any_length_changes_nothing(make):
    layer, x = make(), padded()
    longer = torch.cat([x, torch.full((4, B, D), float("nan")).double()])
    with torch.no_grad():
        (output, last), (wanted, wanted_last) = layer(longer, lengths=LENGTHS), layer(x, lengths=LENGTHS)
    assert_same(output[:T], wanted)
    assert (output[T:] == 0).all()
    assert_same(last, wanted_last)


def test_an_empty_batch_has_empty_lengths():
    layer, x = LAYERS["plain"](), padded()[:, :0]
    for lengths in ([], torch.ones(0, dtype=torch.int64)):
        assert layer(x, lengths=lengths)[0].shape == (T, 0, H)
    assert layer(x, mask=torch.ones(T, 0, dtype=torch.bool))[0].shape == (T, 0, H)


def test_full_lengths_are_none():
    layer, x = LAYERS["stacked"](), padded()
    with torch.no_grad():
        assert_same(layer(x, lengths=[T] * B), layer(x), tolerance=0)
        assert_same(layer(x, mask=torch.ones(T, B, dtype=torch.bool)), layer(x), tolerance=0)


def test_states_and_trace_keep_the_callers_order():
    layer, x = carousel.LSTM(D, H, dtype=torch.float64), padded()
    hx = torch.randn(1, B, H).double(), torch.randn(1, B, H).double()
    with torch.no_grad():
        output, _ = layer(x, hx, lengths=LENGTHS)
        assert_same(layer.trace(x, hx, lengths=LENGTHS)["v"], output)
        assert_same(layer.trace(x, hx, mask=real())["v"], output)
        alone, _ = layer(x[:3, 0], (hx[0][:, 0], hx[1][:, 0]))
    assert_same(output[:3, 0], alone)


COMPILED = """
import torch, carousel

layer, x, lengths = carousel.LSTM(3, 4), torch.randn(7, 5, 3), torch.tensor([3, 7, 1, 5, 7])
compiled = torch.compile(layer, fullgraph=True, backend="aot_eager")
with torch.no_grad():
    assert torch.equal(compiled(x, lengths=lengths)[0], layer(x, lengths=lengths)[0])
"""


def test_a_compiled_layer_takes_lengths():
    """In a process of its own, for no type checker to be traced too."""
    subprocess.run([sys.executable, "-c", COMPILED], check=True)


SMALL = torch.zeros(T, B, D)
HOLE = real()
HOLE[1, 3] = False
BAD = {
    "both": (
        dict(lengths=LENGTHS, mask=real()),
        ValueError,
        "LSTM: lengths and mask say the same; give one of them",
    ),
    "zero": (
        dict(lengths=[3, 0, 1, 5, 7]),
        ValueError,
        "LSTM: every sequence must have at least one step, lengths[1] is 0; leave it out",
    ),
    "long": (
        dict(lengths=[3, 7, 1, 8, 7]),
        ValueError,
        "LSTM: lengths[3] is 8, but the input has only 7 steps",
    ),
    "negative": (
        dict(lengths=[3, 7, 1, 5, -2]),
        ValueError,
        "LSTM: every sequence must have at least one step, lengths[4] is -2; leave it out",
    ),
    "one number": (
        dict(lengths=7),
        ValueError,
        "LSTM: lengths must be one number for each of 5 sequences, got shape []",
    ),
    "a row a sequence": (
        dict(lengths=[[3], [7], [1], [5], [7]]),
        ValueError,
        "LSTM: lengths must be one number for each of 5 sequences, got shape [5, 1]",
    ),
    "rows of several lengths": (
        dict(lengths=[[3], [7, 1]]),
        TypeError,
        "LSTM: lengths must be a tensor or a list of integers, got list",
    ),
    "none": (
        dict(lengths=[]),
        ValueError,
        "LSTM: lengths must be one number for each of 5 sequences, got shape [0]",
    ),
    "numbers with a fraction": (
        dict(lengths=np.array([3.5, 7, 1, 5, 7])),
        TypeError,
        "LSTM: lengths must be integers, got torch.float64",
    ),
    "truth values": (
        dict(lengths=torch.ones(B, dtype=torch.bool)),
        TypeError,
        "LSTM: lengths must be integers, got torch.bool",
    ),
    "lengths without values": (
        dict(lengths=torch.tensor(LENGTHS, device="meta")),
        RuntimeError,
        "LSTM: lengths is on meta, where there are no values; make it on cpu",
    ),
    "a mask without values": (
        dict(mask=real().to("meta")),
        RuntimeError,
        "LSTM: mask is on meta, where there are no values; make it on cpu",
    ),
    "left padding": (
        dict(mask=real().flip(0)),
        ValueError,
        "LSTM: mask must be True from the first step of a sequence to its last and False after it, which that of "
        "sequence 0 is not; move the padding to the end",
    ),
    "few": (
        dict(lengths=[3, 7]),
        ValueError,
        "LSTM: lengths must be one number for each of 5 sequences, got shape [2]",
    ),
    "floats": (
        dict(lengths=torch.ones(B)),
        TypeError,
        "LSTM: lengths must be integers, got torch.float32",
    ),
    "words": (
        dict(lengths=["three"]),
        TypeError,
        "LSTM: lengths must be a tensor or a list of integers, got list",
    ),
    "hole": (
        dict(mask=HOLE),
        ValueError,
        "LSTM: mask must be True from the first step of a sequence to its last and False after it, which that of "
        "sequence 3 is not; move the padding to the end",
    ),
    "transposed mask": (
        dict(mask=real().t()),
        ValueError,
        "LSTM: mask must have shape [7, 5], as the input without features, got [5, 7]",
    ),
    "empty row": (
        dict(mask=real() & (torch.arange(B) != 2)),
        ValueError,
        "LSTM: every sequence must have at least one step, lengths[2] is 0; leave it out",
    ),
    "number mask": (
        dict(mask=real().float()),
        TypeError,
        "LSTM: mask must be a bool tensor, True where a step is real, got torch.float32",
    ),
    "list mask": (
        dict(mask=[[True]]),
        TypeError,
        "LSTM: mask must be a bool tensor, True where a step is real, got list",
    ),
}


@pytest.mark.parametrize(("given", "kind", "text"), BAD.values(), ids=BAD.keys())
def test_bad_lengths_and_masks(given, kind, text):
    with pytest.raises(kind) as error:
        carousel.LSTM(D, H)(SMALL, **given)
    assert str(error.value) == text


def test_where_lengths_have_no_place():
    layer = carousel.LSTM(D, H)
    packed = pack_padded_sequence(SMALL, torch.tensor(LENGTHS), enforce_sorted=False)
    with pytest.raises(ValueError) as error:
        layer(packed, lengths=LENGTHS)
    assert str(error.value) == "LSTM: a PackedSequence knows its lengths; give no lengths and no mask with it"
    with pytest.raises(ValueError) as error:
        layer(SMALL[:, 0], lengths=[7])
    assert str(error.value) == "LSTM: one sequence needs no lengths and no mask; leave its padding out"
