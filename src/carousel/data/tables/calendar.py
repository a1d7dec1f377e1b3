"""Features of the calendar, which are known for any time, past or future."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

DAY = 86_400 * 10**9


def calendar_features(
    times: npt.NDArray[np.datetime64], names: Sequence[str], zone: str | None = None
) -> npt.NDArray[np.float32]:
    """Sine and cosine of the hour of the day, the weekday, the day of the year, in the order of `names`.

    Args:
        times: datetime64[ns] [T]; in UTC where `zone` is given.
        names: some of "hour", "weekday", "day of year".
        zone: whose clock counts, such as "Europe/Berlin".

    Returns:
        float32 [T, 2 len(names)].
    """
    local = times.astype("M8[ns]")
    if zone is not None:
        import pandas as pd

        local = (
            pd.DatetimeIndex(local).tz_localize("UTC").tz_convert(zone).tz_localize(None).to_numpy("M8[ns]")
        )
    days = local.astype("M8[D]")
    fraction = (local - days.astype("M8[ns]")).astype(np.int64) / DAY
    years = local.astype("M8[Y]")
    first_days = years.astype("M8[D]")
    days_in_year = ((years + 1).astype("M8[D]") - first_days).astype(np.int64)
    phases = {
        "hour": fraction,
        "weekday": ((days.astype(np.int64) + 3) % 7 + fraction) / 7,  # 1970 began on a Thursday; Monday is 0
        "day of year": ((days - first_days).astype(np.int64) + fraction) / days_in_year,
    }
    angles = [2 * np.pi * phases[name] for name in names]
    waves = [wave for angle in angles for wave in (np.sin(angle), np.cos(angle))]
    return np.stack(waves, axis=1).astype(np.float32) if waves else np.empty((len(times), 0), np.float32)
