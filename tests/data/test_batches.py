import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from ragged import numbered, ragged

from carousel.data import Batch, Sequences, batches, collate


@given(ragged(), st.integers(1, 7))
def test_batches_hold_every_sequence_in_order_and_zeros_after_it(sequences, batch_size):
    start = 0
    for batch in batches(sequences, batch_size):
        assert isinstance(batch, Batch)
        part = sequences.select(np.arange(start, start + len(batch.lengths)))
        start += len(part)
        assert batch.x.shape == (max(part.lengths), len(part), sequences.n_features)
        assert batch.x.dtype == torch.float32
        assert batch.lengths.dtype == torch.int64
        assert batch.lengths.tolist() == part.lengths.tolist()
        for i, value in enumerate(part.values):
            column = batch.x[:, i].numpy()
            assert column[: len(value)].tobytes() == value.tobytes()
            assert not column[len(value) :].any()
        if part.labels is None:
            assert batch.labels is None
        else:
            assert batch.labels.dtype == torch.int64
            assert batch.labels.tolist() == part.labels.tolist()
        assert len(part) == batch_size or start == len(sequences)
    assert start == len(sequences)


def order(loader):
    return [int(i) for batch in loader for i in batch.x[0, :, 0]]


def test_shuffled_batches_keep_values_lengths_and_labels_together():
    sequences = numbered([5, 6])
    loader = batches(sequences, 4, shuffle=True, seed=1)
    assert len(loader) == 3
    seen = []
    for batch in loader:
        numbers = batch.x[0, :, 0].int().tolist()
        assert batch.lengths.tolist() == sequences.lengths[numbers].tolist()
        assert batch.labels.tolist() == sequences.labels[numbers].tolist()
        seen += numbers
    assert seen != sorted(seen)
    assert sorted(seen) == list(range(11))


def test_the_seed_decides_the_orders_of_all_passes():
    loaders = [batches(numbered([20]), 3, shuffle=True, seed=seed) for seed in (7, 7, 8)]
    first, again, other = ([order(loader), order(loader)] for loader in loaders)
    assert first == again
    assert first != other
    assert first[0] != first[1]


@pytest.mark.parametrize("shuffle", [False, True])
def test_the_global_generator_is_left_alone(shuffle):
    before = torch.get_rng_state()
    order(batches(numbered([6]), 2, shuffle=shuffle))
    assert torch.equal(torch.get_rng_state(), before)


def test_a_batch_does_not_share_memory_with_the_sequences():
    sequences = Sequences((np.ones((2, 1)),), ("a",), ("s",))
    (batch,) = batches(sequences, 1)
    batch.x.zero_()
    assert sequences.values[0].tolist() == [[1], [1]]


def test_collate_pads_to_the_longest():
    batch = collate([(np.ones((1, 1), np.float32), 4), (np.ones((3, 1), np.float32), 5)])
    assert batch.x[..., 0].T.tolist() == [[1, 0, 0], [1, 1, 1]]
    assert batch.lengths.tolist() == [1, 3]
    assert batch.labels.tolist() == [4, 5]


def test_batch_size_must_be_positive():
    with pytest.raises(ValueError, match="batch_size"):
        batches(numbered([2]), 0)
