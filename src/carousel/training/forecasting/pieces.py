"""Which steps of a series a model reads, in which order, and from which of them on it forecasts.

A piece is a run of steps of one segment, read in order from a state of zero. Training reads either tiles,
which are read at once and in any order, or long pieces side by side in streams, cut into stretches over which
the state is carried.
"""

from collections.abc import Iterable, Sequence
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


def ending(lengths: Sequence[int], counted: Sequence[int], warm_up: int | None) -> list[Piece]:
    """For each segment the piece whose steps from `counted` to before `lengths` count.

    It starts `warm_up` steps before, or with the segment for None. Segments without a step that counts have none.
    """
    pairs = enumerate(zip(lengths, counted, strict=True))
    return [
        _piece(segment, start, stop, start if warm_up is None else warm_up)
        for segment, (stop, start) in pairs
        if start < stop
    ]


def _piece(segment: int, counted: int, stop: int, warm_up: int) -> Piece:
    return Piece(segment, max(0, counted - warm_up), counted, stop)


def side_by_side(pieces: Iterable[Piece], streams: int, steps: int) -> list[list[Stretch]]:
    """Pieces read in up to `streams` streams at once, each in stretches of up to `steps` steps.

    Whichever stream is free first takes the next piece. Every batch holds one stretch of each stream, in the
    same place; where a stream has no more pieces, a stretch without steps.
    """
    lines: list[list[Stretch]] = [[] for _ in range(streams)]
    for piece in pieces:
        line = min(lines, key=len)
        for start in range(piece.start, piece.stop, steps):
            line.append(Stretch(piece, start, min(start + steps, piece.stop), start == piece.start))
    lines = [line for line in lines if line]
    longest = max(map(len, lines), default=0)
    for line in lines:
        end = Stretch(line[-1].piece, line[-1].stop, line[-1].stop, True)
        line.extend([end] * (longest - len(line)))
    return [list(batch) for batch in zip(*lines, strict=True)]


def at_once(pieces: Sequence[Piece], batch_size: int) -> list[list[Stretch]]:
    """Pieces in batches, each read whole."""
    stretches = [Stretch(piece, piece.start, piece.stop, True) for piece in pieces]
    return [stretches[first : first + batch_size] for first in range(0, len(stretches), batch_size)]
