"""What classifiers are compared with, and how that is told."""

from dataclasses import replace

import numpy as np
import pytest

from carousel.data import Sequences, load
from carousel.training import rivals
from carousel.training.rivals import HeldOut, accuracies, verdict


def held_out(test: Sequences, past: Sequences | None) -> HeldOut:
    return HeldOut(test.values, test.features, test.ids, test.labels, test.classes, past=past)


def test_published_numbers_are_found():
    """1-NN with dependent DTW: 94.9 % (the TEST paper's table of UEA results)."""
    train, test = load("japanese_vowels")
    found, left_out = accuracies(held_out(test, train))
    assert found == {"majority class": 31 / 370, "1-NN DTW": pytest.approx(351 / 370)}
    assert left_out == {}


def test_features_are_standardised_where_that_tells_the_past_better():
    """What matters is small, what does not is large."""
    random = np.random.default_rng(0)
    labels = np.arange(40) % 2
    values = [
        np.column_stack([label + 0.1 * random.normal(size=6), 100 * random.normal(size=6)])
        for label in labels
    ]
    both = Sequences(tuple(values), ("small", "large"), tuple(map(str, range(40))), labels, ("a", "b"))
    small, large = both.select(range(20)), both.select(range(20, 40))
    assert accuracies(held_out(large, small))[0]["1-NN DTW"] == 1.0
    swapped = [rows * [100, 0.001] for rows in both.values]
    both = replace(both, values=tuple(swapped))
    assert accuracies(held_out(both.select(range(20, 40)), both.select(range(20))))[0]["1-NN DTW"] == 1.0


def test_an_offset_changes_no_neighbour():
    """Pressures in pascal: their squares have no digits left in float32 for what differs."""
    random = np.random.default_rng(0)
    labels = np.arange(60) % 2
    phases = random.uniform(0, 1, 60)
    values = tuple(
        np.sin(np.arange(30) / (3 + label) + phase)[:, None]
        for label, phase in zip(labels, phases, strict=True)
    )
    both = Sequences(values, ("pressure",), tuple(map(str, range(60))), labels, ("a", "b"))
    shifted = replace(both, values=tuple(rows + 1e5 for rows in values))
    for features in (("pressure",), ("pressure", "again")):
        near, far = (
            replace(
                one, features=features, values=tuple(np.repeat(rows, len(features), 1) for rows in one.values)
            )
            for one in (both, shifted)
        )
        for one in (near, far):
            test = held_out(one.select(range(30, 60)), one.select(range(30)))
            assert accuracies(test)[0]["1-NN DTW"] == 1.0


def test_a_large_set_is_left_out_and_said_so(monkeypatch):
    monkeypatch.setattr(rivals, "MOST_CELLS", 1000)
    train, test = load("japanese_vowels")
    found, left_out = accuracies(held_out(test, train))
    assert list(found) == ["majority class"]
    said = "97,881,138 pairs of steps to compare are more than 1,000"
    assert left_out == {"1-NN DTW": said}
    assert verdict(0.5, found, left_out).endswith(f"by majority class 8.4 %; 1-NN DTW is left out: {said}")


def test_without_a_past_there_is_no_rival():
    _, test = load("japanese_vowels")
    assert accuracies(held_out(test, None)) == ({}, {})


@pytest.mark.parametrize(
    ("model", "said"),
    [
        (0.9, "the model wins: 90.0 % of the sequences are told right, by 1-NN DTW 80.0 %, by majority class 20.0 %"),
        (0.8, "the model is no better than 1-NN DTW: 80.0 % of the sequences are told right, by 1-NN DTW 80.0 %, by majority class 20.0 %"),
        (0.1, "1-NN DTW wins: 10.0 % of the sequences are told right, by 1-NN DTW 80.0 %, by majority class 20.0 %"),
    ],
)  # fmt: skip
def test_verdict(model, said):
    assert verdict(model, {"majority class": 0.2, "1-NN DTW": 0.8}, {}) == said
