"""The C++ kernel over sequences cut in two, of many lengths, and of lengths that cannot be."""

from dataclasses import replace

import pytest
import torch
from scans import CELLS, make, name_of, run
from torch.nn.utils.rnn import pack_sequence, pad_packed_sequence

import carousel
from carousel import kernels
from carousel.kernels.cells import NO_MASKS
from helpers import assert_same

pytestmark = pytest.mark.usefixtures("poisoned_memory")


def in_two(cut):
    """A scan as two, the second of which begins with the state that the first ends with."""

    def door(cell, x, state, weights, lengths, reverse, masks=NO_MASKS):
        parts = [x[cut:], x[:cut]] if reverse else [x[:cut], x[cut:]]
        first, state = kernels.scan(cell, parts[0], state, weights, None, reverse, masks)
        second, state = kernels.scan(cell, parts[1], state, weights, None, reverse, masks)
        return torch.cat([second, first] if reverse else [first, second]), state

    return door


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_cut_anywhere(cell, reverse):
    """What belongs to one step comes out the same to the last bit; weights' gradients sum in another order."""
    scan = make(cell, 70, 5, 3, 17, reverse=reverse, masked=reverse)
    whole = run(scan)
    for cut in (1, 12, 13, 51, 69):
        pieces = run(scan, in_two(cut))
        assert_same(pieces, whole)
        for name in ("v", "v_last", "s_last", "dx", "dv_init", "ds_init"):
            assert torch.equal(pieces[name], whole[name]), name


def sequence(scan, b):
    """The b-th sequence of a ragged batch, alone and without what follows its end."""
    n = scan.lengths[b]
    one = slice(b, b + 1)
    dv, dv_last, ds_last = scan.errors
    return replace(
        scan,
        x=scan.x[:n, one],
        v_init=scan.v_init[one],
        s_init=scan.s_init[one],
        lengths=None,
        errors=(dv[:n, one], dv_last[one], ds_last[one]),
    )


@pytest.mark.parametrize("reverse", [False, True], ids=["forward", "reverse"])
@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_a_ragged_batch_is_its_sequences(cell, reverse, use_threads):
    use_threads(2)
    scan = make(cell, 40, 33, 3, 17, ragged=True, reverse=reverse)
    assert len(scan.lengths.unique()) > 15
    got = run(scan)
    total = {name: torch.zeros_like(tensor) for name, tensor in got.items()}
    for b, n in enumerate(scan.lengths):
        alone = run(sequence(scan, b))
        for name in ("v", "dx"):
            total[name][:n, b : b + 1] = alone.pop(name)
        for name in ("v_last", "s_last", "dv_init", "ds_init"):
            total[name][b] = alone.pop(name)[0]
        for name, gradient in alone.items():
            total[name] += gradient
    assert_same(got, total)


@pytest.mark.parametrize("rubbish", [float("nan"), float("inf"), 1e30])
@pytest.mark.parametrize("cell", CELLS[::3], ids=name_of)
def test_what_follows_an_end_is_neither_seen_nor_left(cell, rubbish):
    for reverse in (False, True):
        scan = make(cell, 20, 7, 20, 17, ragged=True, reverse=reverse)
        ended = (torch.arange(20)[:, None] >= scan.lengths)[..., None]
        dv, *last = scan.errors
        dirty = replace(
            scan, x=scan.x.masked_fill(ended, rubbish), errors=(dv.masked_fill(ended, rubbish), *last)
        )
        got = run(dirty)
        assert all(torch.equal(got[name], wanted) for name, wanted in run(scan).items())
        for name in ("v", "dx"):
            assert not got[name].masked_select(ended).any()


@pytest.mark.parametrize("dtype", [torch.int32, torch.int64])
def test_lengths_of_another_kind(dtype):
    scan = make(CELLS[-1], 20, 7, 3, 17, ragged=True)
    wanted = run(scan)
    other = torch.stack([scan.lengths.to(dtype), torch.zeros(7, dtype=dtype)], dim=1)[:, 0]
    assert not other.is_contiguous()
    got = run(replace(scan, lengths=other))
    assert all(torch.equal(got[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("bad", [0, -1, 21, 2**40])
@pytest.mark.parametrize("training", [False, True])
def test_bad_lengths(bad, training):
    scan = make(CELLS[0], 20, 7, 3, 17, ragged=True)
    scan.lengths[3] = bad
    with torch.set_grad_enabled(training), pytest.raises(ValueError, match=r"lengths must lie in 1 \.\. T"):
        run(scan) if training else kernels.scan(
            scan.cell, scan.x, (scan.v_init, scan.s_init), scan.weights, scan.lengths
        )


@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_packed_sequences_through_a_layer(cell):
    torch.manual_seed(0)
    layer = carousel.LSTM(
        3,
        17,
        num_layers=2,
        bidirectional=True,
        proj_size=9 if cell.projection else 0,
        peephole=cell.peephole,
        input_gate=cell.input_gate,
        context=(1, 1),
        dtype=torch.float64,
    )
    sequences = [torch.randn(n, 3, dtype=torch.float64, requires_grad=True) for n in (3, 9, 1, 9, 4)]

    def step():
        output, last = layer(pack_sequence(sequences, enforce_sorted=False))
        padded, _ = pad_packed_sequence(output)
        error = padded.square().sum() + sum(state.sin().sum() for state in last)
        return padded, last, torch.autograd.grad(error, [*layer.parameters(), *sequences])

    got = step()
    with kernels.use_kernel("eager"):
        assert_same(got, step())
