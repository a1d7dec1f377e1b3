"""The test is Student's, its correction Holm's, and where neither can say anything, nothing is said."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carousel.experiments.comparison.statistics import holm, paired

# Student's own example ("The probable error of a mean", 1908): hours of sleep gained by two drugs in ten patients.
DEXTRO = (0.7, -1.6, -0.2, -1.2, -0.1, 3.4, 3.7, 0.8, 0.0, 2.0)
LAEVO = (1.9, 0.8, 1.1, 0.1, -0.1, 4.4, 5.5, 1.6, 4.6, 3.4)


def test_students_own_example():
    found = paired(LAEVO, DEXTRO)
    assert found.mean == pytest.approx(1.58)
    assert found.p == pytest.approx(0.002833, abs=1e-6)
    assert found.interval == pytest.approx((0.7001142, 2.4598858), abs=1e-6)


def test_the_order_of_the_two_is_the_sign_and_nothing_else():
    one, other = paired(LAEVO, DEXTRO), paired(DEXTRO, LAEVO)
    assert one.mean == -other.mean and one.p == other.p
    assert one.interval == pytest.approx((-other.interval[1], -other.interval[0]))


def test_pairs_are_compared_not_groups():
    scores = np.array([1.0, 5.0, 9.0, 13.0])
    assert paired(scores + [0.1, 0.12, 0.09, 0.11], scores).p < 0.001


def test_a_single_seed_tells_no_spread():
    assert paired([0.9], [0.7]) == (pytest.approx(0.2), None, None)


@pytest.mark.parametrize("n, p", [(2, 0.5), (5, 0.0625)])
def test_equal_differences_are_no_certainty(n, p):
    scores = np.linspace(0.1, 0.9, n)
    assert paired(scores + 0.1, scores) == (pytest.approx(0.1), None, p)


def test_equal_scores_do_not_differ():
    assert paired([0.5, 0.7, 0.7], [0.5, 0.7, 0.7]) == (0.0, None, 1.0)


def test_holm_as_in_its_textbook_example():
    # Aickin and Gensler, American Journal of Public Health 86 (1996): each p times the number of those not smaller.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.9, 0.8]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=8))
def test_holm_keeps_the_order_and_lies_between_no_correction_and_bonferronis(p_values):
    corrected = holm(p_values)
    for p, q in zip(p_values, corrected, strict=True):
        assert p <= q <= min(1.0, p * len(p_values))
    order = np.argsort(p_values, kind="stable")
    assert all(np.diff(np.array(corrected)[order]) >= 0)
