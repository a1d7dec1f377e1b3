import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carousel.data.steps import (
    from_words,
    in_words,
    is_calendar,
    nanoseconds,
    rows_before,
    time_at,
    times_from,
)
from carousel.errors import CarouselError

WORDS = ["1 nanosecond", "250 milliseconds", "1 second", "90 minutes", "15 minutes", "1 hour", "5 days", "1 week", "1 month", "3 months", "1 year", "7"]  # fmt: skip


@pytest.mark.parametrize("words", WORDS)
def test_words_and_back(words):
    assert in_words(from_words(words)) == words


@pytest.mark.parametrize(
    "words", ["", "0 hours", "-1 hour", "1 fortnight", "hour", "1.5 hours", "9" * 40, "٣ hours"]
)
def test_no_step(words):
    with pytest.raises(CarouselError) as raised:
        from_words(words)
    assert str(raised.value) == (
        f"the sampling step is '{words}', wanted a number and a unit, such as '15 minutes' or '1 month'"
    )


def times(texts):
    return np.array(texts, "M8[ns]")


MONTHS = {
    "first days": ("2023-01-01", "1 month", ["2023-01-01", "2023-02-01", "2023-03-01"]),
    "last days": ("2023-02-28", "1 month", ["2023-02-28", "2023-03-31", "2023-04-30"]),
    "a day that February lacks": ("2023-01-30", "1 month", ["2023-01-30", "2023-02-28", "2023-03-30"]),
    "quarters, with a time of day": ("2022-12-31T06", "3 months", ["2022-12-31T06", "2023-03-31T06"]),
    "years, from a leap day": ("2020-02-29", "1 year", ["2020-02-29", "2021-02-28"]),
    "before 1970": ("1969-12-15", "1 month", ["1969-12-15", "1970-01-15"]),
}


@pytest.mark.parametrize("start, step, wanted", MONTHS.values(), ids=MONTHS.keys())
def test_calendar_steps(start, step, wanted):
    assert is_calendar(from_words(step))
    found = times_from(np.datetime64(start, "ns"), from_words(step), len(wanted))
    assert found.dtype == "M8[ns]"
    assert found.tolist() == times(wanted).tolist()


@given(
    words=st.sampled_from(WORDS),
    start=st.integers(-(10**18), 10**18),
    count=st.integers(1, 20),
    data=st.data(),
)
def test_rows_before_a_time_are_those_with_earlier_times(words, start, count, data):
    step = from_words(words)
    if not isinstance(step, int):
        start = np.datetime64(start, "ns")
    found = times_from(start, step, count)
    row = data.draw(st.integers(0, count - 1))
    shift = data.draw(st.integers(-1, 1))
    time = found[row] + (shift if isinstance(step, int) else np.timedelta64(shift, "ns"))
    assert rows_before(found[0], step, count, time) == (found < time).sum()
    assert time_at(found[0], step, row) == found[row]


def test_months_are_longer_than_four_weeks():
    assert nanoseconds(from_words("4 weeks")) < nanoseconds(from_words("1 month"))
