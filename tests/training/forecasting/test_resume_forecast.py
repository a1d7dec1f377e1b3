"""A forecaster's training that was killed goes on to the same bits: windows at random, and segments in order."""

import os

import pandas as pd
import pytest

from carousel.training import configure, fit, resume


class Killed(BaseException):
    """Ends a training as a kill would, seen from its files."""


@pytest.mark.parametrize("unroll", [0, 7])
def test_a_kill_changes_no_bit(unroll, tmp_path, monkeypatch):
    days = pd.date_range("2024-01-01", periods=150)
    pd.DataFrame({"day": days, "visits": [(17 * i) % 23 + i for i in range(150)]}).to_csv(
        tmp_path / "one.csv"
    )
    small = ["hidden_size=4", "epochs=3", "batch_size=4", "history=8", "horizon=9", f"unroll={unroll}"]
    config, _ = configure(tmp_path / "one.csv", None, small, target=["visits"])
    whole = fit(config, tmp_path / "whole", progress=False)

    original, left = os.replace, [1 + 2 * 4]  # the configuration, then four files an epoch

    def replace(source, target):
        if left[0] == 0:
            raise Killed
        left[0] -= 1
        original(source, target)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(os, "replace", replace)
        fit(config, tmp_path / "killed", progress=False)
    again = resume(tmp_path / "killed")
    for name in ("model.safetensors", "config.yaml"):
        assert (again.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    assert again.metrics()["test"] == whole.metrics()["test"]
    assert len(again.history()) == 3
