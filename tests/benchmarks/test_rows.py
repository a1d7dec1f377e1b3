"""The table from given results, in closed form."""

from dataclasses import replace

import pytest

from carousel.benchmarks.grid import GRID, Shape
from carousel.benchmarks.peers import CONTESTANTS
from carousel.benchmarks.problem import CELLS as KNOWN_CELLS
from carousel.benchmarks.result import Result
from carousel.benchmarks.rows import CELLS, MODES, ROWS, Row, judge

A, B = Shape(1, 2, 3, 4), Shape(5, 6, 7, 8)
ROW = Row("some", ("plain",), "training", "nn.LSTM", (A, B), mean=1.9, least=1.0)


def result(shape=A, threads=1, ratio=2.0, **more) -> Result:
    return Result("plain", "training", shape, threads, "nn.LSTM", 1.0, 2.0, ratio, **more)


def line(results, **changes):
    (found,) = judge([replace(ROW, **changes)], results)
    return found


def test_geometric_means_are_by_threads_and_the_worst_is_over_all():
    found = line([result(A, 1, 1.0), result(B, 1, 4.0), result(A, 2, 8.0), result(B, 2, 2.0)])
    assert found.means == pytest.approx({1: 2.0, 2: 4.0})
    assert (found.worst.shape, found.worst.threads, found.worst.ratio) == (A, 1, 1.0)
    assert found.met is True and found.refused == []


@pytest.mark.parametrize(
    "ratios, changes, met",
    [
        ((1.0, 4.0), {}, True),
        ((0.9, 9.0), {}, False),  # nowhere under 1
        ((1.7, 2.0), {}, False),  # a mean of 1.84
        ((1.7, 2.0), {"mean": None}, True),
        ((9.0, 10.4), {"mean": None, "least": None, "most": 10.5}, True),
        ((9.0, 10.6), {"mean": None, "least": None, "most": 10.5}, False),
        ((0.1, 0.1), {"mean": None, "least": None}, None),  # nothing is wanted
    ],
)
def test_what_is_met(ratios, changes, met):
    assert line([result(A, 1, ratios[0]), result(B, 1, ratios[1])], **changes).met is met


def test_a_mean_has_to_hold_for_each_number_of_threads():
    assert line([result(A, 1, 1.8), result(A, 2, 8.0)]).met is False


def test_the_worst_of_what_should_be_small_is_the_largest():
    found = line([result(A, 1, 9.0), result(B, 1, 10.0)], mean=None, least=None, most=10.5)
    assert found.worst.shape == B


def test_a_refusal_is_not_met():
    refused = Result("plain", "training", B, 1, "nn.LSTM", refused="disagrees by 1.0e-01 in s")
    assert line([result(), refused]).met is False
    assert line([refused]).met is False
    assert line([refused]).refused == [refused]
    assert line([refused], mean=None, least=None).met is None


def test_nothing_measured_is_neither_met_nor_missed():
    found = line([])
    assert (found.means, found.worst, found.met) == ({}, None, None)


@pytest.mark.parametrize(
    "change",
    [{"cell": "ragged"}, {"mode": "inference"}, {"shape": Shape(9, 9, 9, 9)}, {"against": "loop"}],
)
def test_results_of_other_rows_do_not_count(change):
    assert line([replace(result(), **change)]).worst is None


def test_rows_name_what_there_is():
    for row in ROWS:
        assert set(row.cells) <= KNOWN_CELLS.keys() == CELLS.keys()
        assert row.mode in MODES
        assert row.rival in CONTESTANTS.keys() | {"plain", "peak", "itself"}
        assert set(row.shapes) <= set(GRID)


def test_what_a_row_says():
    said = {(row.what, row.against, row.wanted) for row in ROWS}
    assert said >= {
        ("plain LSTM, training step", "nn.LSTM", "mean 1.70, each 1.10"),
        ("plain LSTM, inference", "nn.LSTM", "mean 1.25, each 1.00"),
        (
            "full peepholes, training step, B64 T100 I512 H512",
            "the same equations as a PyTorch loop",
            "each 2.20",
        ),
        ("any cell, training step", "the machine's FMA peak", "each 0.70"),
        ("plain LSTM, training step of 10 T steps", "of T steps", "at most 10.5"),
        ("plain LSTM, inference", "jax", ""),
    }
