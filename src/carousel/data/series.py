"""Series in segments without gaps: what tables become and what forecasters take."""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt

from carousel.data.steps import Step, Time, is_calendar, nanoseconds, rows_before, time_at, times_from
from carousel.errors import CarouselError

BLOCK = 2**22
"""Rows that are looked through at a time."""


@runtime_checkable
class Rows(Protocol):
    """Rows of numbers that slice like a NumPy array [T, F], in memory or on disk."""

    @property
    def shape(self) -> tuple[int, ...]: ...

    @property
    def dtype(self) -> np.dtype[Any]: ...

    def __len__(self) -> int: ...

    def __getitem__(self, rows: slice) -> npt.NDArray[Any]: ...


@dataclass(frozen=True, eq=False)
class Series:
    """S segments of F features; within a segment no row is missing.

    A series with gaps is several segments of the same group, one behind the other.

    Attributes:
        values: S times float32 [T_i, F], T_i >= 1, every number finite; a number that was missing is imputed. NumPy
            arrays, or `Rows` that lie on disk.
        observed: S times bool [T_i, len(targets)]: whether the number of a target was really measured.
        features: the F names of the columns, all different.
        targets: which features are forecast.
        known: which features are known ahead of time, such as those of the calendar.
        groups: [S] the name of the series that a segment belongs to.
        starts: [S] time of each segment's first row, datetime64[ns] or int64.
        step: time from one row to the next; where `times` is given, only what is usual.
        season: steps of the strongest season, None if there is none.
        times: where rows are not evenly spaced, S times [T_i]: the time of each; None where start and step say it.

    Raises:
        CarouselError: if the parts do not fit together, or a number in memory is not finite in float32.
    """

    values: tuple[Rows, ...]
    observed: tuple[Rows, ...]
    features: tuple[str, ...]
    targets: tuple[str, ...]
    known: tuple[str, ...]
    groups: tuple[str, ...]
    starts: npt.NDArray[Any]
    step: Step
    season: int | None = None
    times: tuple[npt.NDArray[Any], ...] | None = None

    def __post_init__(self) -> None:
        for name in ("features", "targets", "known", "groups"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if len(self.values) == 0:
            raise CarouselError("there is no segment; give at least one")
        for name in ("observed", "groups", "starts", *(["times"] if self.times is not None else [])):
            if len(getattr(self, name)) != len(self.values):
                raise CarouselError(
                    f"there are {len(getattr(self, name))} {name} for {len(self.values)} segments; give one each"
                )
        _require_names(self)
        _require_times(self)
        object.__setattr__(self, "values", tuple(_clean(self, i) for i in range(len(self))))
        object.__setattr__(self, "observed", tuple(_clean_observed(self, i) for i in range(len(self))))

    def __len__(self) -> int:
        return len(self.values)

    @property
    def lengths(self) -> npt.NDArray[np.int64]:
        """The number of rows of each segment, int64 [S]."""
        return np.array([len(rows) for rows in self.values], dtype=np.int64)

    @property
    def n_features(self) -> int:
        """F, the number of columns of every segment."""
        return len(self.features)

    @property
    def target_columns(self) -> npt.NDArray[np.int64]:
        """Where the targets stand among the features, int64 [len(targets)]."""
        return np.array([self.features.index(name) for name in self.targets], dtype=np.int64)

    @property
    def known_columns(self) -> npt.NDArray[np.int64]:
        """Where the features known ahead of time stand among the features, int64 [len(known)]."""
        return np.array([self.features.index(name) for name in self.known], dtype=np.int64)

    def times_of(self, segment: int, count: int | None = None, first: int = 0) -> npt.NDArray[Any]:
        """The times of a segment's rows, datetime64[ns] or int64 [T_i - first].

        Args:
            segment: its position.
            count: how many, counted from the first row; more than T_i go on into the future by the step.
            first: so many of them are left out.
        """
        length = len(self.values[segment])
        count = length if count is None else count
        if self.times is None:
            start, step = self.starts[segment], self.step
            if is_calendar(step):
                return times_from(start, step, count)[first:]
            return times_from(time_at(start, step, first), step, count - first)
        times = self.times[segment]
        later = times_from(times[-1], self.step, max(count - length, 0) + 1)[1:]
        return np.concatenate([times[first:count], later[max(first - length, 0) :]])

    def last_measured(self, segment: int, first: int = 0, end: int | None = None) -> int | None:
        """The last row from `first` to before `end` in which any target was measured; rows are read block by block."""
        observed = self.observed[segment]
        for stop in range(len(observed) if end is None else end, first, -BLOCK):
            start = max(first, stop - BLOCK)
            found = np.flatnonzero(np.asarray(observed[start:stop]).any(axis=1))
            if found.size:
                return start + int(found[-1])
        return None

    def newest(self) -> dict[str, tuple[int, int]]:
        """The segment and the row in which a target of each group was measured last; no group without such a row."""
        found: dict[str, tuple[int, int]] = {}
        for segment, group in enumerate(self.groups):
            row = self.last_measured(segment)
            if row is not None and (group not in found or self._is_before(found[group], (segment, row))):
                found[group] = segment, row
        return found

    def _is_before(self, *rows: tuple[int, int]) -> bool:
        one, other = (self.times_of(segment, row + 1, row)[0] for segment, row in rows)
        return bool(one < other)

    def rows_before(self, segment: int, time: Time) -> int:
        """How many rows of a segment lie before `time`."""
        if self.times is not None:
            return int(np.searchsorted(self.times[segment], time))
        return rows_before(self.starts[segment], self.step, len(self.values[segment]), time)


def _require_names(series: Series) -> None:
    features = series.features
    if len(set(features)) < len(features):
        repeated = next(name for name in features if features.count(name) > 1)
        raise CarouselError(f"the name '{repeated}' stands twice among the features; give each its own")
    if not series.targets:
        raise CarouselError("there is no target; name at least one of the features")
    for role, names in (("target", series.targets), ("known feature", series.known)):
        for name in names:
            if name not in features:
                raise CarouselError(f"the {role} '{name}' is not among the features; add it to them")
        if len(set(names)) < len(names):
            raise CarouselError(f"a {role} is named twice; name each once")


def _require_times(series: Series) -> None:
    integers = isinstance(series.step, int)
    starts = np.asarray(series.starts)
    wanted = np.dtype(np.int64 if integers else "M8[ns]")
    if starts.dtype != wanted or starts.ndim != 1:
        raise CarouselError(
            f"starts have dtype {starts.dtype}, wanted {wanted} where the step is {series.step!r}; convert them"
        )
    if nanoseconds(series.step) <= 0:
        raise CarouselError(f"the step is {series.step}, wanted a positive one; sort the rows by time")
    object.__setattr__(series, "starts", starts)
    for i, times in enumerate(series.times or ()):
        if times.dtype != wanted or times.shape != (len(series.values[i]),) or not _is_ascending(times):
            raise CarouselError(
                f"times of segment {i} must be {wanted}, one for each row and ascending; sort the rows by time"
            )


def _is_ascending(times: npt.NDArray[Any]) -> bool:
    return all((np.diff(times[i : i + BLOCK + 1]) > 0).all() for i in range(0, len(times), BLOCK))


def _clean(series: Series, i: int) -> Rows:
    """A segment in memory as a writeable float32 array [T, F]; one on disk as it is."""
    rows = series.values[i]
    if len(rows.shape) != 2 or rows.shape[1] != series.n_features or len(rows) == 0:
        raise CarouselError(
            f"segment {i} of '{series.groups[i]}' has shape {tuple(rows.shape)}, wanted [rows, features] with at "
            f"least one row and a column for each of the {series.n_features} named features"
        )
    if rows.dtype.kind not in "biuf":
        raise CarouselError(
            f"segment {i} of '{series.groups[i]}' has dtype {rows.dtype}, wanted real numbers; convert it to float32"
        )
    if not isinstance(rows, np.ndarray):
        return rows
    with np.errstate(over="ignore"):
        cleaned = np.require(rows, np.float32, ["C", "W"])
    if not np.isfinite(cleaned).all():
        row, column = np.argwhere(~np.isfinite(cleaned))[0]
        raise CarouselError(
            f"segment {i} of '{series.groups[i]}' holds {rows[row, column]} in row {row} (the first is row 0), "
            f"feature '{series.features[column]}', wanted a finite float32 number; impute it or cut the segment there"
        )
    return cleaned


def _clean_observed(series: Series, i: int) -> Rows:
    rows = series.observed[i]
    wanted = (len(series.values[i]), len(series.targets))
    if tuple(rows.shape) != wanted or rows.dtype != bool:
        raise CarouselError(
            f"observed of segment {i} has shape {tuple(rows.shape)} and dtype {rows.dtype}, "
            f"wanted bool of shape {wanted}; give one for each row and target"
        )
    return rows
