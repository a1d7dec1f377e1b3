"""Which row of a table belongs where: its series, its time, and the segments without gaps."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from carousel.data.steps import Step, in_months, is_calendar, nanoseconds
from carousel.data.tables.cells import joined, texts
from carousel.data.tables.dates import parse_times
from carousel.data.tables.table import Table
from carousel.errors import CarouselError

Integers = npt.NDArray[np.int64]


class Spacing(NamedTuple):
    """How far apart rows are: always `step`; or usually, and at most `gap` where that is given."""

    step: Step
    gap: Step | None = None


@dataclass
class Keys:
    """Series and time of every row of a table.

    Attributes:
        time: the columns that make the time; () counts the rows of a series.
        group: the columns that name the series.
        form, zone, local: how times are written and told, as `date_format`, `time_zone`, `local_zone` of a `Schema`.
        names: the series, in the order in which they first appear; grows while rows are read.
    """

    time: tuple[str, ...]
    group: tuple[str, ...]
    form: str | None
    zone: str | None
    local: str | None = None
    names: dict[str, int] = field(default_factory=dict)
    _counts: dict[int, int] = field(default_factory=dict)

    @property
    def columns(self) -> list[str]:
        """The columns that `of` needs in a batch."""
        return list(dict.fromkeys([*self.time, *self.group]))

    def of(self, batch: pa.RecordBatch, first_row: int) -> tuple[Integers, Integers]:
        """The series, as a position among `names`, and the time of each row, int64 [rows] both."""
        codes = self._codes(batch, first_row)
        if not self.time:
            return codes, self._counted(codes)
        columns = [batch.column(name) for name in self.time]
        return codes, parse_times(columns, self.time, self.form, self.zone, first_row, codes, self.local)

    def _codes(self, batch: pa.RecordBatch, first_row: int) -> Integers:
        if not self.group:
            self.names.setdefault("", 0)
            return np.zeros(batch.num_rows, np.int64)
        cells = [texts(batch.column(name)) for name in self.group]
        for name, column in zip(self.group, cells, strict=True):
            if column.null_count:
                row = first_row + pc.index(pc.is_null(column), True).as_py() + 1
                raise CarouselError(
                    f"column '{name}' is empty in data row {row}, wanted the name of a series; fill it"
                )
        encoded = joined(cells, " / ").dictionary_encode()
        codes = [self.names.setdefault(name, len(self.names)) for name in encoded.dictionary.to_pylist()]
        return np.asarray(np.array(codes, np.int64)[encoded.indices.to_numpy()])

    def _counted(self, codes: Integers) -> Integers:
        times = np.empty(len(codes), np.int64)
        for code in np.unique(codes):
            rows = np.flatnonzero(codes == code)
            first = self._counts.get(int(code), 0)
            times[rows] = np.arange(first, first + len(rows))
            self._counts[int(code)] = first + len(rows)
        return times


@dataclass
class Walk:
    """Rows one after another: how long since the row before in the same series, and the how-manieth this one is.

    Rows of one series and time are one row, and the last of them counts.
    """

    last: dict[int, int] = field(default_factory=dict)
    counts: dict[int, int] = field(default_factory=dict)

    def on(
        self, codes: Integers, times: Integers
    ) -> tuple[Integers, Integers, npt.NDArray[np.bool_], Integers]:
        """Go on with some rows.

        Returns:
            The rows sorted by series; and in this order the time before in the series, whether there is one, and the
            position in the series, from 0.
        """
        order = np.argsort(codes, kind="stable")
        codes, times = codes[order], times[order]
        begins = np.flatnonzero(np.diff(codes, prepend=-1))
        before = np.concatenate([times[:1], times[:-1]])
        has_before = np.ones(len(codes), bool)
        for begin in begins:
            before[begin] = self.last.get(int(codes[begin]), times[begin])
            has_before[begin] = int(codes[begin]) in self.last
        new = ~has_before | (times != before)
        positions = np.cumsum(new) - 1
        ends = np.append(begins[1:], len(codes))
        for begin, end in zip(begins, ends, strict=True):
            code = int(codes[begin])
            first = self.counts.get(code, 0)
            positions[begin:end] += first - positions[begin] - (not new[begin])
            self.counts[code] = int(positions[end - 1]) + 1
            self.last[code] = int(times[end - 1])
        return order, before, has_before, positions


@dataclass(frozen=True, eq=False)
class Located:
    """A table whose rows are in order of time within each series, and what is known of its times.

    Attributes:
        table: the table, sorted if it had to be.
        keys: tells series and time of each row; a table in memory has them in `codes` and `times`.
        was_sorted: whether its rows were in order.
        n_duplicates: how many rows have the series and time of another, and `duplicate` such a one.
        spans: how often each time between two rows occurs.
    """

    table: Table
    keys: Keys
    was_sorted: bool
    n_duplicates: int
    duplicate: tuple[int, int] | None
    spans: Counter[int]
    codes: Integers | None = None
    times: Integers | None = None
    order: Integers | None = None

    def rows(self, columns: list[str]) -> Iterator[tuple[pa.RecordBatch, Integers, Integers, Integers]]:
        """Batches with the series and times of their rows, and where these stand in the file, from 0."""
        first = 0
        own = self.keys
        keys = Keys(own.time, own.group, own.form, own.zone, own.local, dict(own.names))
        wanted = list(dict.fromkeys([*columns, *([] if self.codes is not None else keys.columns)]))
        if not wanted:
            wanted = list(self.table.columns)[:1]
        for batch in self.table.batches(wanted):
            last = first + batch.num_rows
            places = np.arange(first, last) if self.order is None else self.order[first:last]
            if self.codes is not None and self.times is not None:
                yield batch, self.codes[first:last], self.times[first:last], places
            else:
                yield batch, *keys.of(batch, first), places
            first = last


def locate(table: Table, keys: Keys) -> Located:
    """Find series and time of every row, and bring the rows of a table in memory into order.

    Raises:
        CarouselError: if a name or a time is missing or wrong, or the rows of a file that is streamed are not in order.
    """
    codes = times = places = None
    was_sorted = True
    if not table.streamed:
        pieces = list(_keyed(table, keys))
        codes, times = (np.concatenate([piece[i] for piece in pieces]) for i in (0, 1))
        by_series, before, has_before, _ = Walk().on(codes, times)
        was_sorted = not bool((has_before & (times[by_series] < before)).any())
        if not was_sorted:
            places = np.lexsort((times, codes)).astype(np.int64)
            table, codes, times = table.reordered(places), codes[places], times[places]
        batches = iter([(codes, times)])
    else:
        batches = _keyed(table, keys)
    walk, spans = Walk(), Counter[int]()
    n_duplicates, duplicate = 0, None
    for some_codes, some_times in batches:
        order, before, has_before, _ = walk.on(some_codes, some_times)
        passed = (some_times[order] - before)[has_before]
        if (passed < 0).any():
            raise CarouselError(
                "its rows are not in order of time within each series, which a file that is read piece by piece needs; "
                "sort it by time, or name the column that tells the series apart"
            )
        if (passed == 0).any():
            place = np.flatnonzero(has_before)[int((passed == 0).argmax())]
            row = order[place]
            n_duplicates += int((passed == 0).sum())
            duplicate = duplicate or (int(some_codes[row]), int(some_times[row]))
        for span, count in zip(*np.unique(passed[passed > 0], return_counts=True), strict=True):
            spans[int(span)] += int(count)
    return Located(table, keys, was_sorted, n_duplicates, duplicate, spans, codes, times, places)


def _keyed(table: Table, keys: Keys) -> Iterator[tuple[Integers, Integers]]:
    first = 0
    for batch in table.batches(keys.columns or list(table.columns)[:1]):
        yield keys.of(batch, first)
        first += batch.num_rows


@dataclass(frozen=True, eq=False)
class Segments:
    """Where the segments of a table lie in one array of all its rows, series after series.

    Attributes:
        codes: [S] the series of each, as a position among the names.
        starts: [S] the time of its first row; lengths: [S] its rows; offsets: [S] where it begins in the array.
        series_offsets: where each series begins in the array.
        times: [rows] the time of every row where they are not evenly spaced.
    """

    codes: Integers
    starts: Integers
    lengths: Integers
    offsets: Integers
    series_offsets: Integers
    times: Integers | None

    @property
    def n_rows(self) -> int:
        """Rows of all segments together."""
        return int(self.lengths.sum())


def segments(located: Located, spacing: Spacing | None) -> Segments:
    """Cut the series where rows are missing; without a spacing nowhere."""
    walk = Walk()
    codes, starts, firsts = [], [], []
    for _, some_codes, some_times, _ in located.rows([]):
        order, before, has_before, positions = walk.on(some_codes, some_times)
        sorted_codes, sorted_times = some_codes[order], some_times[order]
        duplicate = has_before & (sorted_times == before)
        breaks = ~has_before | (~duplicate & is_gap(before, sorted_times, spacing))
        codes.append(sorted_codes[breaks])
        starts.append(sorted_times[breaks])
        firsts.append(positions[breaks])
    counts = np.array([walk.counts[code] for code in range(len(walk.counts))], np.int64)
    series_offsets = np.concatenate([[0], np.cumsum(counts)[:-1]]).astype(np.int64)
    code, start, first = (np.concatenate(parts) for parts in (codes, starts, firsts))
    order = np.lexsort((first, code))
    code, start, offset = code[order], start[order], (first + series_offsets[code])[order]
    lengths = np.diff(np.append(offset, counts.sum()))
    times = None
    if spacing is not None and spacing.gap is not None:
        times = _times(located, series_offsets, int(counts.sum()))
    return Segments(code, start, lengths, offset, series_offsets, times)


def _times(located: Located, series_offsets: Integers, count: int) -> Integers:
    """The time of every row, series after series; rows are read anew, so that nothing else has their number."""
    walk, times = Walk(), np.empty(count, np.int64)
    for _, codes, some_times, _ in located.rows([]):
        order, _, _, positions = walk.on(codes, some_times)
        times[series_offsets[codes[order]] + positions] = some_times[order]
    return times


def is_gap(before: Integers, times: Integers, spacing: Spacing | None) -> npt.NDArray[np.bool_]:
    """Whether rows are missing between each time and the one before it in its series."""
    if spacing is None:
        return np.zeros(len(times), bool)
    if spacing.gap is not None:
        return np.asarray(times - before > nanoseconds(spacing.gap))
    if is_calendar(spacing.step):
        return ~follows(before, times, in_months(spacing.step))
    return np.asarray(times - before != nanoseconds(spacing.step))


def follows(before: Integers, times: Integers, months: int) -> npt.NDArray[np.bool_]:
    """Whether each time comes so many months after the one before it, on the same day where the month has it."""
    (month, day, clock, is_last), (next_month, next_day, next_clock, next_is_last) = (
        _calendar(before),
        _calendar(times),
    )
    same_day = (day == next_day) | (is_last & (day < next_day)) | (next_is_last & (next_day < day))
    found: npt.NDArray[np.bool_] = np.logical_and.reduce(
        [next_month - month == months, same_day, clock == next_clock]
    )
    return found


def _calendar(times: Integers) -> tuple[Integers, Integers, Integers, npt.NDArray[np.bool_]]:
    """Month since 1970, day of the month, nanosecond of the day, and whether it is the last day of its month."""
    days = times.view("M8[ns]").astype("M8[D]")
    months = days.astype("M8[M]")
    is_last = (days + 1).astype("M8[M]") != months
    clock = times - days.astype("M8[ns]").astype(np.int64)
    return months.astype(np.int64), (days - months.astype("M8[D]")).astype(np.int64), clock, is_last
