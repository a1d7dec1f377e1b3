"""Which steps of a series a model reads, in which order, and from which of them on it forecasts.

A piece is a run of steps of one segment, read in order from a state of zero. Training reads either tiles,
which are read at once and in any order, or long pieces side by side in streams, cut into stretches over which
the state is carried.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise, zip_longest
from typing import NamedTuple

import numpy as np


class Piece(NamedTuple):
    """Steps `start` to before `stop` of a segment; forecasts from those from `counted` on count."""

    segment: int
    start: int
    counted: int
    stop: int


class Stretch(NamedTuple):
    """The steps of a piece from `start` to before `stop`; `is_first` where its state starts anew."""

    piece: Piece
    start: int
    stop: int
    is_first: bool


def tiles(lengths: Sequence[int], size: int, warm_up: int, generator: np.random.Generator) -> list[Piece]:
    """Every step of every segment as an origin once, in pieces of up to `warm_up + size` steps in random order.

    The borders of the pieces are drawn anew at each call. The first `warm_up` steps of a piece do not count,
    because its zero state is not what a series has behind it; at the start of a segment it is, and all count.

    Args:
        lengths: the steps of each segment that may be origins.
        size: the steps of a piece that count.
        warm_up: steps that are read before them, as far as there are any.
        generator: draws the borders and the order.
    """
    found = []
    for segment, length in enumerate(lengths):
        borders = np.arange(generator.integers(1, size + 1), length + size, size)
        for start, stop in zip([0, *borders], borders, strict=False):
            found.append(_piece(segment, int(start), min(int(stop), length), warm_up))
    pieces = [piece for piece in found if piece.stop > piece.counted]
    return [pieces[index] for index in generator.permutation(len(pieces))]


def ending(
    lengths: Sequence[int], counted: Sequence[int], warm_up: int | None, size: int | None
) -> Iterator[Piece]:
    """The steps from `counted` to before `lengths` of each segment, in order, in pieces.

    Args:
        lengths: the steps of each segment that may be origins.
        counted: the first of them that counts.
        warm_up: steps that are read before those of a piece that count, as far as there are any; None for all.
        size: the steps of a piece that count; in the piece that begins with its segment, also those that have fewer
            than `warm_up` steps before them. None for all.
    """
    for segment, (stop, first) in enumerate(zip(lengths, counted, strict=True)):
        if first < stop:
            before = first if warm_up is None else warm_up
            borders = range(max(first, before) + size, stop, size) if size else ()
            for start, end in pairwise([first, *borders, stop]):
                yield _piece(segment, start, end, before)


def _piece(segment: int, counted: int, stop: int, warm_up: int) -> Piece:
    return Piece(segment, max(0, counted - warm_up), counted, stop)


def side_by_side(pieces: Iterable[Piece], streams: int, steps: int) -> Iterator[list[Stretch]]:
    """Pieces read in up to `streams` streams at once, each in stretches of up to `steps` steps.

    Whichever stream is free first takes the next piece. Every batch holds one stretch of each stream, in the
    same place; where a stream has no more pieces, a stretch without steps.
    """
    left = iter(pieces)
    before: list[Stretch] = []
    for batch in zip_longest(*(_stretches(left, steps) for _ in range(streams))):
        before = [
            Stretch(last.piece, last.stop, last.stop, True) if one is None else one
            for one, last in zip(batch, before or filter(None, batch), strict=False)
        ]
        yield before


def _stretches(pieces: Iterator[Piece], steps: int) -> Iterator[Stretch]:
    for piece in pieces:
        for start in range(piece.start, piece.stop, steps):
            yield Stretch(piece, start, min(start + steps, piece.stop), start == piece.start)


def at_once(pieces: Sequence[Piece], batch_size: int) -> list[list[Stretch]]:
    """Pieces in batches, each read whole."""
    stretches = [Stretch(piece, piece.start, piece.stop, True) for piece in pieces]
    return [stretches[first : first + batch_size] for first in range(0, len(stretches), batch_size)]
