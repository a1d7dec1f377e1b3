"""Rows after the end of a series, for what is known about them ahead of time."""

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from carousel.data.schema import Schema
from carousel.data.series import Rows, Series
from carousel.data.tables import calendar_features
from carousel.training.forecasting.scoring import last_measured


class _Continued:
    """Rows, on disk or in memory, and some more behind them."""

    def __init__(self, rows: Rows, more: npt.NDArray[np.float32] | npt.NDArray[np.bool_]) -> None:
        self._rows, self._more = rows, more
        self._length = len(rows) + len(more)
        self.shape = self._length, *more.shape[1:]
        self.dtype = rows.dtype

    def __len__(self) -> int:
        return self._length

    def __getitem__(self, rows: slice) -> npt.NDArray[np.generic]:
        start, stop, _ = rows.indices(len(self))
        before = len(self._rows)
        parts = (
            self._rows[start : min(stop, before)],
            self._more[max(0, start - before) : max(0, stop - before)],
        )
        return np.concatenate(parts)


def continued(series: Series, schema: Schema, horizon: int) -> Series:
    """The series with rows up to `horizon` steps after each group's last measured one.

    Rows that the file has stay. The others are made up of the calendar, as far as nothing else has to be known ahead of
    time; all else in them repeats the last row, and is not measured.

    Raises:
        CarouselError: a group has no measured target.
    """
    if schema.known:
        return series
    values, observed = list(series.values), list(series.observed)
    calendar = [series.features.index(name) for name in schema.known_features]
    for segment, row in last_measured(series).items():
        length = int(series.lengths[segment])
        missing = row + 1 + horizon - length
        if missing > 0:
            more = np.repeat(values[segment][length - 1 : length], missing, axis=0)
            times = series.times_of(segment, length + missing)[length:]
            if calendar:
                more[:, calendar] = calendar_features(times, schema.calendar, schema.time_zone)
            values[segment] = _Continued(values[segment], more)
            observed[segment] = _Continued(observed[segment], np.zeros((missing, len(series.targets)), bool))
    return replace(series, values=tuple(values), observed=tuple(observed), times=_times(series, values))


def _times(series: Series, values: list[Rows]) -> tuple[npt.NDArray[np.generic], ...] | None:
    if series.times is None:
        return None
    return tuple(series.times_of(segment, len(rows)) for segment, rows in enumerate(values))
