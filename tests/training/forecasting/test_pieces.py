"""Every origin once, in any cut, with the history before it that was asked for."""

from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from carousel.training.forecasting.pieces import Piece, at_once, ending, side_by_side, tiles

LENGTHS = st.lists(st.integers(0, 40), min_size=1, max_size=5)
SMALL = st.integers(1, 12)


def origins(pieces: list[Piece]) -> Counter[tuple[int, int]]:
    return Counter((piece.segment, n) for piece in pieces for n in range(piece.counted, piece.stop))


def all_origins(lengths: list[int]) -> Counter[tuple[int, int]]:
    return Counter((segment, n) for segment, length in enumerate(lengths) for n in range(length))


@given(LENGTHS, SMALL, SMALL, st.integers(0, 99))
def test_tiles_count_every_step_once(lengths, size, warm_up, seed):
    pieces = tiles(lengths, size, warm_up, np.random.default_rng(seed))
    assert origins(pieces) == all_origins(lengths)
    for piece in pieces:
        assert piece.start == max(0, piece.counted - warm_up)
        assert piece.stop - piece.counted <= size


def test_borders_and_order_are_drawn_anew():
    random = np.random.default_rng(0)
    first, second = (tiles([50], 5, 2, random) for _ in range(2))
    assert {piece.counted for piece in first} != {piece.counted for piece in second}
    assert [piece.counted for piece in first] != sorted(piece.counted for piece in first)
    assert first == tiles([50], 5, 2, np.random.default_rng(0))


def test_the_end_of_a_segment_begins_as_much_before_it_as_was_asked_for():
    assert [*ending([10, 3, 7], [6, 3, 0], 2, None)] == [Piece(0, 4, 6, 10), Piece(2, 0, 0, 7)]
    assert [*ending([10], [6], None, None)] == [Piece(0, 0, 6, 10)]


@given(LENGTHS, SMALL, st.none() | SMALL, st.data())
def test_of_the_end_every_step_counts_once_with_as_much_before_it(lengths, warm_up, size, data):
    counted = [data.draw(st.integers(0, length)) for length in lengths]
    pieces = [*ending(lengths, counted, warm_up, size)]
    wanted = Counter(
        (segment, n) for segment, end in enumerate(lengths) for n in range(counted[segment], end)
    )
    assert origins(pieces) == wanted
    for segment, start, first, stop in pieces:
        behind = {n: n - start for n in range(first, stop)}
        assert all(before >= min(n, warm_up) for n, before in behind.items())
        assert first > counted[segment] or start == max(0, first - warm_up)
        if size:
            assert all(before < warm_up + size for before in behind.values())


@given(LENGTHS, SMALL, SMALL, SMALL, st.integers(0, 99))
def test_side_by_side_every_stream_reads_its_pieces_in_order(lengths, size, streams, steps, seed):
    pieces = tiles(lengths, size, 3, np.random.default_rng(seed))
    batches = [*side_by_side(pieces, streams, steps)]
    assert len({len(batch) for batch in batches}) <= 1, "the same streams in all batches"
    read: Counter[tuple[Piece, int]] = Counter()
    for place in range(len(batches[0]) if batches else 0):
        before = None
        for piece, start, stop, is_first in (batch[place] for batch in batches):
            assert stop - start <= steps
            read.update((piece, n) for n in range(start, stop))
            if start < stop:
                assert is_first == (start == piece.start)
                assert is_first or before == (piece, start), "goes on where the one before ended"
            before = piece, stop
    assert read == Counter((piece, n) for piece in pieces for n in range(piece.start, piece.stop))


@given(LENGTHS, SMALL)
def test_at_once_every_piece_is_read_whole(lengths, batch_size):
    pieces = [*ending(lengths, [0] * len(lengths), None, None)]
    batches = at_once(pieces, batch_size)
    assert [stretch.piece for batch in batches for stretch in batch] == pieces
    assert all(s.is_first and (s.start, s.stop) == (s.piece.start, s.piece.stop) for b in batches for s in b)
    assert all(len(batch) <= batch_size for batch in batches)
