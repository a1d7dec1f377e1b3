"""The Triton kernels on a machine without a GPU: in the interpreter, and compiled for two kinds of GPU."""

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")
HERE = Path(__file__).parent


def test_in_the_interpreter():
    """In a process of its own: Triton asks only once, on import, whether to interpret; and jitted code has no types."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-o", "addopts=", HERE / "in_interpreter.py"],
        env=os.environ | {"TRITON_INTERPRET": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]


@pytest.fixture(scope="module")
def compiled():
    """What the compiler says of each kernel, by kernel and case."""
    done = subprocess.run(
        [sys.executable, HERE / "compile_gpu.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout)


def test_batches_lengths_and_addresses_compile_nothing_anew():
    """What is compiled is what was compared with eager; and to compile may fall into the capture of a CUDA graph."""
    done = subprocess.run(
        [sys.executable, HERE / "launches_gpu.py"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert json.loads(done.stdout) == [1, 1, 1, 1]


SHARED = {80: 163 * 1024, 90: 227 * 1024}
"""Bytes of shared memory that a program can have."""
SPILLED = {("persistent", "torch.float32"): 56, ("streamed", "torch.bfloat16"): 16}
"""Bytes of a thread's numbers that registers may fail to hold; elsewhere none."""


def test_kernels_compile_and_fit_the_chip(compiled):
    assert {(case["form"], case["capability"]) for case in compiled} == {
        (form, capability) for form in ("persistent", "streamed") for capability in SHARED
    }
    for case in compiled:
        assert case["shared"] <= case["promised"] <= SHARED[case["capability"]], case
        spilled = SPILLED.get((case["form"], case["dtype"]), 0)
        assert case["stack"] <= spilled, f"registers are spilled: {case}"
        assert case["anew"] == [], "another length or batch is compiled anew"


def test_weights_stay_on_the_chip_or_come_in_time_and_programs_meet(compiled):
    assert len(compiled) == 20
    for case in compiled:
        assert case["other_products"] == 0 < case["tensor_products"], case
        if case["form"] == "persistent":
            assert case["weights_loaded"] == 0, case
        else:
            assert case["loads_under_way"], case
        phases = 2 if "full" in case["cell"] else 1
        assert case["meetings"] == [phases, phases], case
