"""Two parts of one set, each with its share of every class."""

import numpy as np

from carousel.data.sequences import Sequences
from carousel.errors import CarouselError


def split(sequences: Sequences, fraction: float, seed: int) -> tuple[Sequences, Sequences]:
    """Hold out about `fraction` of the sequences of each class, at random: (kept, held out).

    Every class that has members keeps at least one on both sides; without labels all sequences count as one class.
    The same seed gives the same parts, and both keep the order of `sequences`.

    Raises:
        CarouselError: if `fraction` is not between 0 and 1, or a class has a single member.
    """
    if not 0 < fraction < 1:
        raise CarouselError(
            f"the fraction to hold out is {fraction}, wanted a number between 0 and 1, such as 0.2"
        )
    labels = np.zeros(len(sequences), np.int64) if sequences.labels is None else sequences.labels
    generator = np.random.default_rng(seed)
    held_out = np.zeros(len(sequences), bool)
    for label in np.unique(labels):
        members = np.flatnonzero(labels == label)
        if len(members) < 2:
            raise CarouselError(_too_few(sequences, int(label)))
        share = min(max(round(len(members) * fraction), 1), len(members) - 1)
        held_out[generator.permutation(members)[:share]] = True
    return sequences.select(~held_out), sequences.select(held_out)


def _too_few(sequences: Sequences, label: int) -> str:
    if sequences.labels is None:
        return "there is a single sequence, wanted at least 2 to split; add more"
    return f"class '{sequences.classes[label]}' has a single sequence, wanted at least 2 to split; add more or drop it"
