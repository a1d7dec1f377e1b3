"""Tables made by hand for the tests of this folder."""

import numpy as np
import pandas as pd

from carousel.data.tables import Table, infer_schema, to_series


def hourly(count: int = 240, **columns: object) -> pd.DataFrame:
    """Hours with a day in them, and more columns; without a seed of its own, always the same."""
    noise = np.random.default_rng(0).normal(size=count)
    day = np.sin(np.arange(count) * 2 * np.pi / 24)
    return pd.DataFrame(
        {"time": pd.date_range("2020", periods=count, freq="h"), "load": day + 0.1 * noise} | columns
    )


def read_back(frame: pd.DataFrame, **given: object):
    """The schema, its sentences and the series of a frame."""
    table = Table.from_frame(frame)
    schema, said = infer_schema(table, **given)
    return schema, said, to_series(table, schema)
