"""The trivial level of each problem of memory, against its closed form and against what is drawn."""

from math import log

import numpy as np
import pytest

from carousel.data.problems import problem_of


def variance_of_answers(name, count, **sizes):
    examples = problem_of(name, **sizes).draw(np.random.default_rng(3), count)
    return float(examples.targets[examples.told].var())


@pytest.mark.parametrize(
    "name, sizes, wanted",
    [
        ("adding", {"length": 9}, 1 / 6),
        # A mark falls on the first pair in 1/10 of the cases by the first choice, in 9/10 of 1/8 by the second.
        ("adding_1997", {"length": 20 + 2}, (2 - 1 / 10 - 0.1) / 48),
        ("two_sequences_3a", {"length": 4}, 1 / 4),
        ("two_sequences_3b", {"length": 4}, 1 / 4),
        ("spike_delays", {"length": 3}, 1 / 4),
        ("spike_delays", {"length": 3, "choices": 10}, (11**2 - 1) / 12),
        ("cosine", {"length": 10}, 1 / 8),
        ("cosine", {"length": 25}, 1 / 8),
        ("triangle", {"length": 4}, 1 / 8),
        ("rectangle", {"length": 10}, 1 / 4),
    ],
)
def test_the_trivial_level_of_numbers_is_their_variance(name, sizes, wanted):
    assert problem_of(name, **sizes).trivial == pytest.approx(wanted, rel=1e-12)
    assert variance_of_answers(name, 20_000, **sizes) == pytest.approx(wanted, rel=0.03)


def test_the_trivial_level_of_products_is_their_variance():
    assert variance_of_answers("multiplication", 100_000, length=40) == pytest.approx(
        problem_of("multiplication", length=40).trivial, rel=0.02
    )
    # Far from its beginning no mark falls on the first pair by the second choice, one in ten by the first.
    far, alone = problem_of("multiplication", length=100_000).trivial, 0.1
    second = alone / 3 + (1 - alone) / 9
    assert far == pytest.approx(second - (alone / 2 + (1 - alone) / 4) ** 2, rel=1e-4)


def test_the_trivial_level_of_3c_is_that_of_its_targets_without_noise():
    assert problem_of("two_sequences_3c").trivial == pytest.approx(0.3**2)
    assert variance_of_answers("two_sequences_3c", 40_000, length=4) == pytest.approx(0.09 + 0.1, rel=0.03)


@pytest.mark.parametrize(
    "name, sizes, wanted",
    [
        ("copy", {"length": 500}, 0.0400),
        ("copy", {"length": 1000}, 0.0204),
        ("copy", {"length": 2000}, 0.0103),
        ("lag_2a", {"length": 100}, log(2) / 100),
        ("lag_2b", {"length": 100}, (99 * log(99) + log(2)) / 100),
        ("lag_2c", {}, log(2)),
        ("order_6a", {}, log(4)),
        ("order_6b", {}, log(8)),
    ],
)
def test_the_trivial_level_of_classes_is_their_entropy(name, sizes, wanted):
    assert problem_of(name, **sizes).trivial == pytest.approx(wanted, abs=5e-5)
