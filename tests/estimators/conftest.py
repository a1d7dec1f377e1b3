"""Data on which tiny nets learn something in an epoch or two."""

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def waves() -> tuple[list[np.ndarray], np.ndarray]:
    """Ragged sequences [T_i, 2] around 2 or -2, and what they are called."""
    random = np.random.default_rng(0)
    y = np.array(["high", "low"] * 12)
    X = [
        random.normal(2.0 if label == "high" else -2.0, 1.0, (random.integers(3, 9), 2)).astype(np.float32)
        for label in y
    ]
    return X, y


@pytest.fixture(scope="session")
def months() -> pd.DataFrame:
    """Twelve years of rain, with a season of a year."""
    random = np.random.default_rng(1)
    rain = 50 + 30 * np.sin(2 * np.pi * np.arange(144) / 12) + random.normal(size=144)
    return pd.DataFrame({"month": pd.date_range("2000-01-01", periods=144, freq="MS"), "rain": rain})
