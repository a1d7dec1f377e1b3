import numpy as np
import pytest

from carousel.data.tables.wording import counted, listed, told_time

TIMES = {
    "2020-01-01T00:00:00": "2020-01-01",
    "2020-01-01T12:00:00": "2020-01-01 12:00",
    "2020-01-01T12:30:10": "2020-01-01 12:30:10",
    "2020-01-01T00:00:00.500": "2020-01-01 00:00:00.500",
    "2020-01-01T00:00:00.000000001": "2020-01-01 00:00:00.000000001",
}


@pytest.mark.parametrize("time, words", TIMES.items())
def test_times_are_as_short_as_they_can_be(time, words):
    assert told_time(np.datetime64(time, "ns")) == words


def test_integers_are_times_too():
    assert told_time(1885) == "1885"


def test_numbers_with_what_they_count():
    assert [counted(n, "gap") for n in (0, 1, 1234)] == ["0 gaps", "1 gap", "1,234 gaps"]
    assert counted(2, "category", "categories") == "2 categories"


def test_lists():
    assert listed([]) == "nothing"
    assert listed(["a"]) == "'a'"
    assert listed("ab") == "'a' and 'b'"
    assert listed("abc", quoted=False) == "a, b and c"
    assert listed("abcdefghi") == "'a', 'b', 'c', 'd', 'e', 'f' and 3 more"
