"""Pieces to learn from, to choose the epoch by, and to be tested on."""

from dataclasses import replace

import numpy as np

from carousel.data import Sequences, split
from carousel.data.cuts import require_fractions
from carousel.errors import CarouselError

FEW = 10
"""With fewer pieces than these each is cut in three, so that a part is not left to one or two."""

STRETCH = 128
"""Frames that are learnt from at once, at most: a long piece makes several."""

TEST_SEED = 0
"""Draws the pieces of the test part: the same for every seed of a run, so that runs can be compared."""


def parts(
    pieces: Sequences, validation_fraction: float, test_fraction: float, seed: int
) -> tuple[Sequences, Sequences, Sequences]:
    """Training, validation and test part: whole pieces drawn at random, or of few pieces the beginning, middle and end.

    Equal pieces are drawn together, and count as one.

    Raises:
        CarouselError: a piece is too short to be cut.
    """
    require_fractions(validation_fraction, test_fraction)
    if len(set(_contents(pieces))) >= FEW:
        rest, test = _drawn(pieces, test_fraction, TEST_SEED)
        train, validation = _drawn(rest, validation_fraction, seed)
        return train, validation, test
    edges = (0.0, 1 - validation_fraction - test_fraction, 1 - test_fraction, 1.0)
    cut = [
        [roll[round(a * len(roll)) : round(b * len(roll))] for roll in pieces.values]
        for a, b in zip(edges, edges[1:], strict=False)
    ]
    for index, name in enumerate(pieces.ids):
        if min(len(part[index]) for part in cut) < 2:
            raise CarouselError(
                f"piece '{name}' has {len(pieces.values[index])} frames, too few to be cut in a part to learn from, "
                f"one to choose the epoch by and one to be tested on; give longer pieces, or {FEW} of them"
            )
    train, validation, test = (replace(pieces, values=tuple(part)) for part in cut)
    return train, validation, test


def _drawn(pieces: Sequences, fraction: float, seed: int) -> tuple[Sequences, Sequences]:
    """As `split`, of the different pieces."""
    contents = _contents(pieces)
    firsts: dict[bytes, int] = {}
    for place, content in enumerate(contents):
        firsts.setdefault(content, place)
    _, held_out = split(pieces.select(list(firsts.values())), fraction, seed)
    chosen = set(_contents(held_out))
    is_chosen = np.array([content in chosen for content in contents])
    return pieces.select(~is_chosen), pieces.select(is_chosen)


def _contents(pieces: Sequences) -> list[bytes]:
    return [roll.tobytes() for roll in pieces.values]


def stretches(pieces: Sequences) -> Sequences:
    """The pieces, long ones cut in stretches of 128 frames at most, of about equal length, with how each begins.

    One that goes on has the frame before it too, which is not told, since no silence came before it.
    """
    values, ids, labels = [], [], []
    for roll, name in zip(pieces.values, pieces.ids, strict=True):
        for places in np.array_split(np.arange(len(roll)), -(-len(roll) // STRETCH)):
            goes_on = places[0] > 0
            values.append(roll[places[0] - goes_on : places[-1] + 1])
            ids.append(name)
            labels.append(goes_on)
    return replace(
        pieces,
        values=tuple(values),
        ids=tuple(ids),
        labels=np.array(labels, np.int64),
        classes=("begins", "goes on"),
    )
