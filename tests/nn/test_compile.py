"""torch.compile: tests/nn/compiled.py, in a process in which no type checker is traced too."""

import subprocess
import sys
from pathlib import Path

import pytest

from carousel.kernels import cpu


@pytest.mark.skipif(bool(cpu.MISSING), reason="the C++ kernel is not built")
def test_compiled_layers():
    tests = Path(__file__).with_name("compiled.py")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-o",
        "addopts=",
        "-p",
        "no:cacheprovider",
        "--show-capture=no",
    ]
    done = subprocess.run([*command, str(tests)], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-10_000:] + done.stderr[-2_000:]
