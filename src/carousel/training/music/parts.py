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

    Raises:
        CarouselError: a piece is too short to be cut.
    """
    require_fractions(validation_fraction, test_fraction)
    if len(pieces) >= FEW:
        rest, test = split(pieces, test_fraction, TEST_SEED)
        train, validation = split(rest, validation_fraction, seed)
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


def stretches(pieces: Sequences) -> Sequences:
    """The pieces, long ones cut in stretches of 128 frames at most, of about equal length."""
    values, ids = [], []
    for roll, name in zip(pieces.values, pieces.ids, strict=True):
        for part in np.array_split(roll, -(-len(roll) // STRETCH)):
            values.append(part)
            ids.append(name)
    return replace(pieces, values=tuple(values), ids=tuple(ids))
