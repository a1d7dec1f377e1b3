"""What a classifier is compared with on the same sequences: the largest class, and the nearest neighbour."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from carousel.data import Sequences, moments
from carousel.training.time_warping import cells, distances

MOST_CELLS = 500_000_000
"""Pairs of steps that are compared for the nearest neighbour, at most: some seconds."""
LARGEST, NEIGHBOUR = "majority class", "1-NN DTW"


@dataclass(frozen=True, eq=False)
class HeldOut(Sequences):
    """Sequences to be tested on, and `past`, those before them, which the model and its rivals learn from."""

    past: Sequences | None = None


def accuracies(test: HeldOut) -> tuple[dict[str, float], dict[str, str]]:
    """The share of test sequences that each rival tells right, and for those left out why.

    The nearest neighbour is the sequence of the past with the least distance by dynamic time warping, of features as
    they are or standardised, whichever tells the past better. It is looked for once in a process.
    """
    past = test.past
    if past is None or past.labels is None or test.labels is None:
        return {}, {}
    largest = np.bincount(past.labels).argmax()
    found = {LARGEST: float((test.labels == largest).mean())}
    choice = 0 if past.n_features == 1 else 2 * cells(past.values, past.values)
    if (needed := choice + cells(test.values, past.values)) > MOST_CELLS:
        return found, {NEIGHBOUR: f"{needed:,} pairs of steps to compare are more than {MOST_CELLS:,}"}
    key = _digest(test, past)
    if key not in _NEAREST:
        _NEAREST[key] = _distances(test, past, _is_better_standardised(past)).argmin(axis=1)
    return found | {NEIGHBOUR: float((test.labels == past.labels[_NEAREST[key]]).mean())}, {}


_NEAREST: dict[str, npt.NDArray[np.int64]] = {}


def _digest(*parts: Sequences) -> str:
    total = hashlib.sha256()
    for part in parts:
        for array in (*part.values, np.asarray(part.labels)):
            total.update(f"{array.shape}".encode() + array.tobytes())
    return total.hexdigest()


def _distances(some: Sequences, past: Sequences, standardised: bool) -> npt.NDArray[np.float32]:
    """Around the mean of the past: that changes no distance, and float32 keeps the digits of values far from 0."""
    mean = np.concatenate(past.values).mean(axis=0, dtype=np.float64)
    std = moments(past)[1] if standardised else np.float32(1)
    known, asked = ([((one - mean) / std).astype(np.float32) for one in part.values] for part in (past, some))
    return distances(asked, known)


def _is_better_standardised(past: Sequences) -> bool:
    """Whether more sequences of the past are told right by the others with features standardised than as they are."""
    if past.n_features == 1:
        return False
    labels = np.asarray(past.labels)
    right = []
    for standardised in (False, True):
        apart = _distances(past, past, standardised)
        np.fill_diagonal(apart, np.inf)
        right.append((labels == labels[apart.argmin(axis=1)]).mean())
    return bool(right[1] > right[0])


def verdict(accuracy: float, rivals: Mapping[str, float], left_out: Mapping[str, str]) -> str:
    """Who tells most sequences right, in one sentence.

    >>> verdict(0.9, {"majority class": 0.2, "1-NN DTW": 0.8}, {})
    'the model wins: 90.0 % of the sequences are told right, by 1-NN DTW 80.0 %, by majority class 20.0 %'
    """
    best = max(rivals, key=lambda name: rivals[name])
    if accuracy == rivals[best]:
        found = f"the model is no better than {best}"
    else:
        found = f"{'the model' if accuracy > rivals[best] else best} wins"
    others = [
        f", by {name} {_percent(rivals[name])}" for name in sorted(rivals, key=lambda name: -rivals[name])
    ]
    without = [f"; {name} is left out: {why}" for name, why in left_out.items()]
    return f"{found}: {_percent(accuracy)} of the sequences are told right" + "".join(others + without)


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
