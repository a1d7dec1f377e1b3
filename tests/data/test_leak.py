"""Nothing after a cut is seen before it: not in the schema, not in what is filled in, not in what training rows see."""

import numpy as np
import pandas as pd
from frames import hourly, read_back
from hypothesis import given, settings
from hypothesis import strategies as st

COUNT = 240
FIRST_VALIDATION = 144  # of 240 rows, with a fifth each for validation and test


def table(seed: int, n_groups: int) -> pd.DataFrame:
    """Groups with holes, gaps, a category, a constant and a text column."""
    rng = np.random.default_rng(seed)
    frames = []
    for group in range(n_groups):
        frame = hourly(
            COUNT, temperature=rng.normal(size=COUNT), kind=rng.choice(["a", "b"], COUNT), fixed=1.0
        )
        frame["group"] = f"g{group}"
        frame.loc[rng.choice(COUNT, 20, replace=False), "temperature"] = np.nan
        frame.loc[rng.choice(COUNT, 5, replace=False), "load"] = np.nan
        frames.append(frame.drop(index=rng.choice(np.arange(10, COUNT - 10), 2, replace=False)))
    return pd.concat(frames, ignore_index=True)


def spoilt(frame: pd.DataFrame, start: pd.Timestamp, seed: int) -> pd.DataFrame:
    """Other values in every row from a time on: huge ones, holes, new categories, nothing constant."""
    rng = np.random.default_rng(seed)
    frame = frame.copy()
    late = (frame["time"] >= start).to_numpy()
    n = late.sum()
    frame.loc[late, "load"] = rng.choice([1e30, -5.0, np.nan, 0.0], n)
    frame.loc[late, "temperature"] = rng.choice([1e6, np.nan], n)
    frame.loc[late, "fixed"] = rng.normal(size=n)
    frame.loc[late, "kind"] = rng.choice(["a", "c", "another"], n)
    return frame


@settings(max_examples=15)
@given(seed=st.integers(0, 2**32 - 1), n_groups=st.integers(1, 3))
def test_what_comes_after_the_cut_changes_nothing_before_it(seed, n_groups):
    frame = table(seed, n_groups)
    schema, said, series = read_back(frame, group="group", target="load", known="temperature")
    start = pd.Timestamp(schema.validation_start)
    other_schema, other_said, other = read_back(
        spoilt(frame, start, seed), group="group", target="load", known="temperature"
    )
    assert other_schema == schema
    assert other_said == said
    assert other.features == series.features
    for i in range(len(series)):
        n = series.rows_before(i, np.datetime64(start))
        assert np.array_equal(other.values[i][:n], series.values[i][:n])
        assert np.array_equal(other.observed[i][:n], series.observed[i][:n])


def test_a_leak_would_be_seen():
    """The same comparison with a change one row before the cut: it must tell."""
    frame = hourly(COUNT, temperature=np.arange(COUNT) % 5 * 1.0)
    schema, _, series = read_back(frame, target="load")
    frame.loc[FIRST_VALIDATION - 1, "temperature"] = 99.0
    other_schema, _, other = read_back(frame, target="load")
    assert other_schema.fill["temperature"] != schema.fill["temperature"]
    assert not np.array_equal(other.values[0][:FIRST_VALIDATION], series.values[0][:FIRST_VALIDATION])


def test_fill_values_are_means_of_the_training_part():
    frame = hourly(
        COUNT, temperature=np.r_[np.nan, np.nan, np.arange(FIRST_VALIDATION - 2), np.full(96, 1e6)]
    )
    schema, _, series = read_back(frame, target="load")
    assert schema.validation_start == str(np.datetime64(frame["time"][FIRST_VALIDATION], "ns"))
    mean = np.arange(FIRST_VALIDATION - 2).mean()
    assert schema.fill["temperature"] == mean
    column = series.features.index("temperature")
    assert series.values[0][:3, column].tolist() == [np.float32(mean), np.float32(mean), 0]
    missing = series.values[0][:, series.features.index("temperature missing")]
    assert missing[:3].tolist() == [1, 1, 0]
    assert missing[2:].sum() == 0
