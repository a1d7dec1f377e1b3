from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carousel.data import Series, time_cuts
from carousel.data import series as series_module
from carousel.data.cuts import Spans
from carousel.errors import CarouselError

HOUR = np.timedelta64(1, "h")


def series(lengths=(4, 3), starts=("2020-01-01T00", "2020-01-01T06"), **fields):
    """Two segments of one group, hours, with features a, b, c of which a is forecast and c is known."""
    values = [np.arange(3 * n, dtype=np.float32).reshape(n, 3) for n in lengths]
    return Series(
        **{
            "values": tuple(values),
            "observed": tuple(np.ones((n, 1), bool) for n in lengths),
            "features": ("a", "b", "c"),
            "targets": ("a",),
            "known": ("c",),
            "groups": ("g",) * len(lengths),
            "starts": starts if isinstance(starts, np.ndarray) else np.array(starts, "M8[ns]"),
            "step": HOUR,
        }
        | fields
    )


def test_what_it_says_of_itself():
    s = series()
    assert len(s) == 2
    assert s.lengths.tolist() == [4, 3]
    assert s.n_features == 3
    assert s.target_columns.tolist() == [0]
    assert s.known_columns.tolist() == [2]
    assert (
        s.times_of(1).tolist()
        == np.array(["2020-01-01T06", "2020-01-01T07", "2020-01-01T08"], "M8[ns]").tolist()
    )
    assert s.times_of(1, 4)[-1] == np.datetime64("2020-01-01T09")
    assert [s.rows_before(i, np.datetime64("2020-01-01T03")) for i in (0, 1)] == [3, 0]


def test_real_dtypes_become_float32():
    s = series(values=(np.arange(12).reshape(4, 3), np.ones((3, 3), bool)))
    assert [rows.dtype for rows in s.values] == [np.float32, np.float32]


def test_uneven_times():
    times = (np.array([0, 5, 6, 20]), np.array([30, 31, 39]))
    s = series(starts=np.array([0, 30]), step=1, times=times)
    assert s.times_of(0).tolist() == [0, 5, 6, 20]
    assert s.times_of(0, 6).tolist() == [0, 5, 6, 20, 21, 22]
    assert s.times_of(0, 2).tolist() == [0, 5]
    assert s.rows_before(0, 6) == 2


def test_times_from_a_row_on():
    monthly = series(lengths=(4,), starts=("2020-01-31",), step=np.timedelta64(1, "M"))
    uneven = series(lengths=(4,), starts=np.array([0]), step=1, times=(np.array([0, 5, 6, 20]),))
    for s in (series(lengths=(4,), starts=("2020-01-01",)), monthly, uneven):
        for count in (2, 4, 7):
            whole = s.times_of(0, count).tolist()
            for first in range(count + 1):
                assert s.times_of(0, count, first).tolist() == whole[first:]


class OnDisk:
    """Rows that can only be sliced, and remember how many were asked for at once."""

    def __init__(self, rows: np.ndarray) -> None:
        self._rows, self.shape, self.dtype = rows, rows.shape, rows.dtype
        self.asked: list[int] = []

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, rows: slice) -> np.ndarray:
        self.asked.append(rows.stop - rows.start)
        return self._rows[rows]


def test_the_last_measured_row_is_found_block_by_block(monkeypatch):
    monkeypatch.setattr("carousel.data.series.BLOCK", 4)
    observed = np.zeros((30, 2), bool)
    observed[[3, 17], [0, 1]] = True
    rows = OnDisk(observed)
    s = series(lengths=(30,), starts=("2020-01-01",), targets=("a", "b"), observed=(rows,))
    assert [s.last_measured(0, 0, end) for end in (None, 18, 17, 4, 3)] == [17, 17, 3, 3, None]
    assert s.last_measured(0, 4, 17) is None
    assert s.last_measured(0, 9, 9) is None
    assert max(rows.asked) <= 4


def test_the_newest_row_of_each_group():
    starts = ("2020-01-05", "2020-01-01", "2020-01-03", "2020-01-04")
    s = series(lengths=(4, 4, 4, 3), starts=starts, groups=("a", "a", "b", "c"))
    s.observed[0][3] = s.observed[3][:] = False
    assert s.newest() == {"a": (0, 2), "b": (2, 3)}
    s.observed[0][:] = False
    assert s.newest() == {"a": (1, 3), "b": (2, 3)}


NAN = np.array([[1, 2, 3], [1, np.nan, 3], [1, 2, 3], [1, 2, 3]])
BAD = {
    "nothing": (dict(values=()), "there is no segment; give at least one"),
    "a group too few": (dict(groups=("g",)), "there are 1 groups for 2 segments; give one each"),
    "times too few": (dict(times=()), "there are 0 times for 2 segments; give one each"),
    "a name twice": (dict(features=("a", "a", "c")), "the name 'a' stands twice among the features; give each its own"),
    "no target": (dict(targets=()), "there is no target; name at least one of the features"),
    "a foreign target": (dict(targets=("z",)), "the target 'z' is not among the features; add it to them"),
    "a foreign plan": (dict(known=("z",)), "the known feature 'z' is not among the features; add it to them"),
    "a target twice": (dict(targets=("a", "a")), "a target is named twice; name each once"),
    "integer times": (
        dict(starts=np.array([0, 1])),
        "starts have dtype int64, wanted datetime64[ns] where the step is np.timedelta64(1,'h'); convert them",
    ),
    "backwards": (dict(step=-HOUR), "the step is -1 hours, wanted a positive one; sort the rows by time"),
    "times in disorder": (
        dict(starts=np.array([0, 30]), step=1, times=(np.array([0, 1, 1, 2]), np.array([30, 31, 32]))),
        "times of segment 0 must be int64, one for each row and ascending; sort the rows by time",
    ),
    "a column too few": (
        dict(values=(np.zeros((4, 2)), np.zeros((3, 3)))),
        "segment 0 of 'g' has shape (4, 2), wanted [rows, features] with at least one row "
        "and a column for each of the 3 named features",
    ),
    "words": (
        dict(values=(np.full((4, 3), "x"), np.zeros((3, 3)))),
        "segment 0 of 'g' has dtype <U1, wanted real numbers; convert it to float32",
    ),
    "a hole": (
        dict(values=(NAN, np.zeros((3, 3)))),
        "segment 0 of 'g' holds nan in row 1 (the first is row 0), feature 'b', "
        "wanted a finite float32 number; impute it or cut the segment there",
    ),
    "observed numbers": (
        dict(observed=(np.ones((4, 1)), np.ones((3, 1), bool))),
        "observed of segment 0 has shape (4, 1) and dtype float64, wanted bool of shape (4, 1); "
        "give one for each row and target",
    ),
}  # fmt: skip


@pytest.mark.parametrize("fields, sentence", BAD.values(), ids=BAD.keys())
def test_parts_that_do_not_fit(fields, sentence):
    with pytest.raises(CarouselError) as raised:
        series(**fields)
    assert str(raised.value) == sentence


def test_cuts_are_common_to_all_groups_and_times_of_rows():
    s = series(lengths=(60, 40), starts=("2020-01-01T00", "2020-01-02T12"), groups=("a", "b"))
    validation, test = time_cuts(s, 0.2, 0.1)
    everything = np.concatenate([s.times_of(0), s.times_of(1)])
    assert (everything < validation).sum() <= 70 < (everything < validation + HOUR).sum()
    assert (everything < test).sum() <= 90 < (everything < test + HOUR).sum()
    assert validation in everything
    assert test in everything


def test_cuts_of_integer_times():
    s = series(lengths=(10,), starts=np.array([100]), step=5)
    assert time_cuts(s, 0.2, 0.2) == (130, 140)
    assert isinstance(time_cuts(s, 0.2, 0.2)[0], int)


def test_values_do_not_move_the_cuts():
    s = series(lengths=(50,), starts=("2020",))
    assert time_cuts(replace(s, values=(-s.values[0],)), 0.2, 0.2) == time_cuts(s, 0.2, 0.2)


def test_cuts_that_leave_nothing():
    with pytest.raises(CarouselError) as raised:
        time_cuts(series(lengths=(2,), starts=("2020",)), 0.2, 0.2)
    assert str(raised.value) == (
        "there are 2 rows, too few different times to divide into training, validation and test; add more rows"
    )
    with pytest.raises(CarouselError) as raised:
        time_cuts(series(), 0.5, 0.5)
    assert str(raised.value) == (
        "the fractions to hold out are 0.5 for validation and 0.5 for test, "
        "wanted both above 0 and together below 1, such as 0.2 and 0.2"
    )


@given(st.integers(0, 2**32 - 1))
def test_uneven_rows_are_divided_at_the_time_that_so_many_rows_lie_before(seed):
    random = np.random.default_rng(seed)
    times = tuple(np.unique(random.integers(-50, 50, n)).astype(np.int64) for n in random.integers(1, 30, 3))
    starts, lengths = np.array([part[0] for part in times]), np.array([len(part) for part in times])
    spans = Spans(starts, lengths, 1, times)
    assert [spans.time_of(row) for row in range(lengths.sum())] == np.sort(np.concatenate(times)).tolist()


@pytest.mark.parametrize("row", [3, 4, 8])
def test_times_that_do_not_ascend_are_found_in_every_block(row, monkeypatch):
    monkeypatch.setattr(series_module, "BLOCK", 4)
    times = 2 * np.arange(9)
    series(lengths=(9,), starts=np.array([0]), step=1, times=(times,))
    times[row] = times[row - 1]
    with pytest.raises(
        CarouselError, match="times of segment 0 must be int64, one for each row and ascending"
    ):
        series(lengths=(9,), starts=np.array([0]), step=1, times=(times,))
