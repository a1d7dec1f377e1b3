"""The picture shows the numbers of the record."""

import pytest
from records import known_record

from carousel.benchmarks.picture import draw


def dots(axes) -> list[float]:
    return [line.get_xdata()[0] for line in axes.get_lines() if line.get_marker() == "o"]


def test_a_panel_for_each_comparison_and_a_dot_for_each_ratio():
    training, memory = draw(known_record()).axes
    assert training.get_title(loc="left") == "plain LSTM, training step\nagainst nn.LSTM"
    assert dots(training) == [1.0, 4.0, 3.0]
    assert [label.get_text() for label in training.get_yticklabels()] == [
        "B1 T100 I64 H64",
        "B32 T100 I128 H256",
    ]
    assert dots(memory) == [1.5]


def test_sizes_are_in_the_order_of_the_grid():
    record = known_record()
    labels = [
        [label.get_text() for label in draw(known_record(results=results)).axes[0].get_yticklabels()]
        for results in (record.results, record.results[::-1])
    ]
    assert labels[0] == labels[1]


def test_lines_are_the_quartiles_and_ticks_what_is_wanted():
    training = draw(known_record()).axes[0]
    lines = [list(line.get_xdata()) for line in training.get_lines() if len(line.get_xdata()) == 2]
    assert [pytest.approx(line) for line in lines[1:]] == [[0.9, 1.1], [3.6, 4.4], [2.7, 3.3]]
    assert [line.get_xdata()[0] for line in training.get_lines() if line.get_marker() == "|"] == [1.1] * 3


def test_threads_are_told_apart():
    training = draw(known_record()).axes[0]
    fills = [line.get_markerfacecolor() for line in training.get_lines() if line.get_marker() == "o"]
    assert fills[0] == fills[1] == "white" != fills[2]


def test_nothing_compared_is_no_picture():
    assert draw(known_record(results=[])) is None
    assert draw(known_record(rows=["peak", "length"])) is None


def test_the_label_says_it_in_words():
    assert (
        draw(known_record())
        .get_label()
        .startswith("2 comparisons of this library with others on A Processor")
    )
