"""Series as scikit-learn's users hold them, as one table."""

from typing import Any

import numpy as np
import pandas as pd

from carousel.errors import CarouselError

GROUP, TIME, VALUE = "series", "time", "y"


def as_frame(data: Any) -> tuple[pd.DataFrame, dict[str, list[str]]]:
    """A frame of series, and which of its columns are target, time and group where that is known.

    Args:
        data: a frame, which is taken as it is; a pandas Series; an array [T] or [T, D]; or a list of such series, which
            may differ in length and are called "0", "1", ….

    Raises:
        CarouselError: it is something else, or the series of a list have different columns.
    """
    if isinstance(data, pd.DataFrame):
        return data, {}
    if not isinstance(data, (list, tuple)) or not len(data) or np.ndim(data[0]) == 0:
        frame = _one(data)
        return frame, _roles(frame)
    frames = [_one(series) for series in data]
    for i, frame in enumerate(frames):
        if list(frame) != list(frames[0]):
            raise CarouselError(
                f"series {i} has the columns {_named(frame)}, the first has {_named(frames[0])}; "
                "give all the same"
            )
    named = [frame.assign(**{GROUP: str(i)}) for i, frame in enumerate(frames)]
    return pd.concat(named, ignore_index=True), _roles(frames[0]) | {"group": [GROUP]}


def _roles(frame: pd.DataFrame) -> dict[str, list[str]]:
    roles = {"target": [str(name) for name in frame if name != TIME]}
    return roles | {"time": [TIME]} if TIME in frame else roles


def _named(frame: pd.DataFrame) -> str:
    return ", ".join(map(str, frame))


def _one(series: Any) -> pd.DataFrame:
    if isinstance(series, pd.Series):
        index = series.index.to_timestamp() if isinstance(series.index, pd.PeriodIndex) else series.index
        name = VALUE if series.name is None else str(series.name)
        frame = pd.DataFrame({name: series.to_numpy()})
        if isinstance(index, pd.DatetimeIndex):
            frame.insert(0, TIME, index)
        return frame
    values = np.asarray(series)
    if values.ndim not in (1, 2) or not values.size or values.dtype.kind not in "biuf":
        raise CarouselError(
            f"a series has shape {values.shape} and dtype {values.dtype}, wanted numbers of shape [steps] or "
            "[steps, targets]; convert it"
        )
    if values.ndim == 1:
        return pd.DataFrame({VALUE: values})
    return pd.DataFrame(values, columns=[f"{VALUE}{i}" for i in range(values.shape[1])])
