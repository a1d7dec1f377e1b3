"""Series that go on behind their last measured target, for forecasts."""

from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from carousel.data.schema import Schema
from carousel.data.series import Series
from carousel.data.tables.calendar import calendar_features
from carousel.data.tables.store import followed
from carousel.errors import CarouselError


def extended(series: Series, schema: Schema, ahead: int) -> Series:
    """Each group's last segment with a measured target, with exactly `ahead` rows behind the last of these.

    Raises:
        CarouselError: if a group has no measured target, or has too few rows there and columns that are known ahead.
    """
    values, observed, times = list(series.values), list(series.observed), list(series.times or ())
    newest = series.newest()
    for group in dict.fromkeys(series.groups):
        if group not in newest:
            raise CarouselError(
                f"{_series(group)} has no measured number of {', '.join(schema.targets)}; add one, "
                "or leave its rows out"
            )
        segment, row = newest[group]
        wanted = row + 1 + ahead
        found = min(len(values[segment]), wanted)
        if found < wanted and schema.known:
            raise CarouselError(
                f"{_series(group)} has {found - row - 1} rows behind its last measured target, wanted {ahead} with "
                f"{', '.join(schema.known)}, known ahead; add {wanted - found} whose targets are empty"
            )
        at = series.times_of(segment, wanted, found)
        new = _beyond(values[segment][found - 1 : found], at, schema)
        values[segment] = followed(values[segment], found, new)
        nothing = np.zeros((wanted - found, len(schema.targets)), bool)
        observed[segment] = followed(observed[segment], found, nothing)
        if times:
            times[segment] = series.times_of(segment, wanted)
    return replace(
        series, values=tuple(values), observed=tuple(observed), times=tuple(times) if times else None
    )


def _series(group: str) -> str:
    return f"series '{group}'" if group else "the series"


def _beyond(row: npt.NDArray[np.float32], times: npt.NDArray[Any], schema: Schema) -> npt.NDArray[np.float32]:
    """Rows like the last one, but for what is known of their times, and with all numbers marked as missing."""
    rows = np.repeat(row, len(times), axis=0)
    names = schema.features
    for name in schema.missing:
        rows[:, names.index(f"{name} missing")] = 1
    if schema.calendar:
        first = names.index(f"{schema.calendar[0]} sin")
        rows[:, first : first + 2 * len(schema.calendar)] = calendar_features(
            times, schema.calendar, schema.time_zone
        )
    if schema.gap is not None:
        rows[:, names.index("elapsed")] = 1
    return rows
