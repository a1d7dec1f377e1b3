"""How the GPU kernels lay out a batch."""

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from carousel.kernels.gpu.rows import Rows
from helpers import assert_same

T, B, D = 5, 4, 3
LENGTHS = torch.tensor([2, 5, 1, 4])
CPU = torch.device("cpu")


@pytest.fixture(
    params=[None, LENGTHS, torch.full((B,), T, dtype=torch.int32)], ids=["uniform", "ragged", "all whole"]
)
def lengths(request):
    return request.param


@pytest.fixture(params=[False, True], ids=["forward", "reverse"])
def rows(request, lengths):
    return Rows.of(T, B, lengths, request.param, CPU)


@pytest.fixture
def signal():
    return torch.randn(T, B, D, dtype=torch.float64)


def inside(lengths):
    return (torch.arange(T)[:, None] < (torch.full((B,), T) if lengths is None else lengths)).unsqueeze(-1)


def test_there_and_back(rows, lengths, signal):
    packed = rows.pack(signal)
    assert len(packed) == rows.count == inside(lengths).sum()
    assert_same(rows.unpack(packed), signal * inside(lengths), 0.0)
    each = torch.randn(B, D)
    assert_same(rows.unsort(rows.sort(each)), each, 0.0)


def test_a_step_has_the_longest_sequences_first():
    rows = Rows.of(T, B, LENGTHS, False, CPU)
    assert rows.order.tolist() == [1, 3, 0, 2] and rows.lengths.tolist() == [5, 4, 2, 1]
    assert rows.offsets.tolist() == [0, 4, 7, 9, 11, 12]
    step_and_sequence = torch.stack([rows.index // B, rows.index % B], dim=1).tolist()
    assert step_and_sequence[4:9] == [[1, 1], [1, 3], [1, 0], [2, 1], [2, 3]]


def test_a_graph_that_is_captured_cannot_wait(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_current_stream_capturing", lambda: True)
    with pytest.raises(
        RuntimeError, match="carousel: a CUDA graph is being captured, which can hold batches of one l"
    ):
        Rows.of(T, B, LENGTHS, False, torch.device("cuda"))


def test_what_is_of_one_length_stays_as_it_is(signal):
    rows = Rows.of(T, B, None, True, CPU)
    assert rows.pack(signal).data_ptr() == signal.data_ptr()
    assert rows.offsets.tolist() == list(range(0, T * B + 1, B)) and rows.lengths.tolist() == [T] * B


def walk(lengths, reverse):
    """Of each step of each sequence, (n, b), the step that comes before it."""
    for b, length in enumerate([T] * B if lengths is None else lengths.tolist()):
        steps = list(range(length))[:: -1 if reverse else 1]
        yield from ((n, b, before) for n, before in zip(steps, [None, *steps], strict=False))


def test_first_last_and_delayed(rows, lengths, signal):
    init = torch.randn(B, D, dtype=torch.float64)
    wanted, first, last = torch.zeros_like(signal), torch.empty_like(init), torch.empty_like(init)
    for n, b, before in walk(lengths, rows.reverse):
        wanted[n, b] = init[b] if before is None else signal[before, b]
        last[b] = signal[n, b]
        if before is None:
            first[b] = signal[n, b]
    packed = rows.pack(signal)
    assert_same(rows.unsort(packed[rows.of_first_steps]), first, 0.0)
    assert_same(rows.unsort(packed[rows.of_last_steps]), last, 0.0)
    for one in packed, signal:
        assert_same(rows.unpack(rows.delayed(one, rows.sort(init))), wanted * inside(lengths), 0.0)


def test_handed_back_is_the_adjoint_of_delayed(rows, signal):
    packed, init = rows.pack(signal), torch.randn(B, D, dtype=torch.float64)
    other = torch.randn_like(packed)
    back, out = rows.handed_back(other), other[rows.of_first_steps]
    assert_same((rows.delayed(packed, init) * other).sum(), (packed * back).sum() + (init * out).sum())


class Largest(TorchDispatchMode):
    """How many numbers the largest array has that is made, views aside."""

    numbers = 0

    def __torch_dispatch__(self, operator, types, args=(), kwargs=None):
        made = operator(*args, **(kwargs or {}))
        of_old = {each.untyped_storage().data_ptr() for each in _tensors(args)}
        new = [each for each in _tensors(made) if each.untyped_storage().data_ptr() not in of_old]
        self.numbers = max([self.numbers, *(each.numel() for each in new)])
        return made


def _tensors(tree):
    return [leaf for leaf in tree_leaves(tree) if isinstance(leaf, torch.Tensor)]


@pytest.mark.parametrize("reverse", [False, True])
def test_what_comes_after_an_end_costs_nothing(reverse):
    T, B = 200, 100
    signal, lengths = torch.randn(T, B, D), torch.ones(B, dtype=torch.int64)
    lengths[7] = T
    with Largest() as largest:
        rows = Rows.of(T, B, lengths, reverse, CPU)
        packed = rows.pack(signal)
        rows.handed_back(rows.delayed(packed, signal[0]))
        rows.delayed(signal, signal[0])
    assert largest.numbers == packed.numel() == (T + B - 1) * D
