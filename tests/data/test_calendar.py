"""Features of the calendar."""

import numpy as np
import pytest

from carousel.data.tables import calendar_features

TIMES = {
    "a Monday's midnight that begins a year": ("2024-01-01T00", [0, 1, 0, 1, 0, 1]),
    "six o'clock on a Monday": ("2024-01-01T06", [1, 0, np.sin(np.pi / 14), np.cos(np.pi / 14), None, None]),
    "noon on a Thursday": ("2024-01-04T12", [0, -1, 0, -1, None, None]),
    "the middle of a leap year": ("2024-07-02T00", [0, 1, None, None, 0, -1]),
    "a Sunday before 1970": (
        "1969-12-28T00",
        [0, 1, np.sin(12 * np.pi / 7), np.cos(12 * np.pi / 7), None, None],
    ),
}


@pytest.mark.parametrize("time, wanted", TIMES.values(), ids=TIMES.keys())
def test_places_on_the_circles(time, wanted):
    found = calendar_features(np.array([time], "M8[ns]"), ("hour", "weekday", "day of year"))
    assert found.dtype == np.float32
    assert found.shape == (1, 6)
    for number, value in zip(found[0], wanted, strict=True):
        assert value is None or number == pytest.approx(value, abs=1e-6)


def test_the_clock_of_a_zone():
    times = np.array(["2024-01-01T05", "2024-07-01T04"], "M8[ns]")
    assert calendar_features(times, ("hour",), "Europe/Berlin")[:, 0] == pytest.approx([1, 1])


def test_no_names_are_no_features():
    assert calendar_features(np.array(["2024"], "M8[ns]"), ()).shape == (1, 0)
