"""`make gpu`, in miniature and without a GPU."""

import importlib.util
import json
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "gpu"


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")
def test_rehearsal(tmp_path):
    command = [sys.executable, TOOL, "--rehearse", "--results", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    for line in (
        "card rehearsal",
        "what meeting of 1, microseconds",
        "what full persistent torch.bfloat16 B3 T3 H3, worst",
        "what full streamed, wide torch.bfloat16 B3 T3 H3, worst",
        "what augmented, ragged, kernel",
        "what B3 T3 H3 persistent, 16 units backward, milliseconds",
        "what B3 T3 H3 stepwise inference, milliseconds",
        "what ragged full training B3 T3 H3, against",
    ):
        assert f"\n  {line}" in done.stdout
    assert done.stdout.endswith("all sections passed\n")
    assert not list(tmp_path.iterdir())


ATTEMPTS = """
import os, pathlib, sys
from record import Record
record = Record(pathlib.Path("lines.json"))
record.attempt("fails", lambda: 1 / 0)
record.attempt("dies", os._exit, 3)
record.attempt("passes", lambda: dict(fault=""))
"""


def test_an_attempt_costs_no_other(tmp_path):
    for code in 3, 0:  # the second process goes on behind what ended the first
        ended = subprocess.run([sys.executable, "-c", ATTEMPTS], cwd=tmp_path, env={"PYTHONPATH": str(TOOL)})
        assert ended.returncode == code
    assert json.loads((tmp_path / "lines.json").read_text()) == [
        dict(what="fails", fault="ZeroDivisionError: division by zero"),
        dict(what="dies", fault="not done in 90 s, or the end of its process"),
        dict(what="passes", fault=""),
    ]


def test_without_a_gpu_it_says_so(tmp_path):
    command = [sys.executable, TOOL, "machine", "--results", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, env={"CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 1
    assert "there is no GPU that PyTorch can use here; --rehearse goes without" in done.stderr
    assert "FAILED machine: exit status 1" in done.stdout
