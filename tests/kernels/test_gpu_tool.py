"""`make gpu`, in miniature and without a GPU."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

TOOL = Path(__file__).parents[2] / "tools" / "gpu"


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")
def test_rehearsal(tmp_path):
    command = [sys.executable, TOOL, "machine", "layers", "--rehearse", "--results", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "card rehearsal" in done.stdout and "what augmented, ragged" in done.stdout
    assert done.stdout.endswith("all sections passed\n")
    assert not list(tmp_path.iterdir())


def test_without_a_gpu_it_says_so(tmp_path):
    command = [sys.executable, TOOL, "machine", "--results", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, env={"CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 1
    assert "there is no GPU that PyTorch can use here; --rehearse goes without" in done.stderr
    assert "FAILED machine: exit status 1" in done.stdout
