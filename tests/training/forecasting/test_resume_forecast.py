"""A forecaster's training that was killed goes on to the same bits: windows at random, and segments in order."""

import pandas as pd
import pytest

from carousel.training import configure, fit, resume
from kills import killed_after


@pytest.mark.parametrize("unroll", [0, 7])
def test_a_kill_changes_no_bit(unroll, tmp_path):
    days = pd.date_range("2024-01-01", periods=150)
    pd.DataFrame({"day": days, "visits": [(17 * i) % 23 + i for i in range(150)]}).to_csv(
        tmp_path / "one.csv"
    )
    small = ["hidden_size=4", "epochs=3", "batch_size=4", "history=8", "horizon=9", f"unroll={unroll}"]
    config, _ = configure(tmp_path / "one.csv", None, small, target=["visits"])
    whole = fit(config, tmp_path / "whole", progress=False)

    with killed_after(1 + 2 * 4):  # the configuration, then four files an epoch
        fit(config, tmp_path / "killed", progress=False)
    again = resume(tmp_path / "killed")
    for name in ("model.safetensors", "config.yaml"):
        assert (again.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    assert again.metrics()["test"] == whole.metrics()["test"]
    assert len(again.history()) == 3
