"""`make gpu`, in miniature and without a GPU."""

import importlib.util
import json
import os
import runpy
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
        dict(what="dies", fault="not done in 40 s, or the end of its process"),
        dict(what="passes", fault=""),
    ]


COMPILES = """
import agreement, compilation, no_gpu, torch, triton
from carousel.kernels.gpu.card import Card
from carousel.kernels.gpu.jit import persistent, streamed

class Place(compilation.Brief):
    def __init__(self):
        self.device, self.card = torch.device("cpu"), Card(132, 227 * 1024)

    def synchronize(self):
        pass

compilation.Brief, compilation.SECTIONS = Place, (agreement,)
triton.runtime.driver.set_active(no_gpu.Driver(90))
print(compilation.share(1, 70))
kernels = [kernel for module in (persistent, streamed) for kernel in (module.forward, module.backward)]
print([no_gpu.compiled(kernel) for kernel in kernels])
"""


@pytest.mark.skipif(importlib.util.find_spec("triton") is None, reason="Triton is not installed")
def test_a_share_of_the_kernels_is_compiled_and_none_is_launched(tmp_path):
    """Of 84 attempts the second and the 72nd, both of which are streamed."""
    paths = [TOOL, Path(__file__).parent, TOOL.parents[1] / "src"]
    done = subprocess.run(
        [sys.executable, "-c", COMPILES],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(map(str, paths)), "TRITON_CACHE_DIR": str(tmp_path)},
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["2", "[0, 0, 2, 2]"]


def test_what_a_section_found_so_far_outlives_the_program(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "path", [*sys.path])
    ran, into = runpy.run_path(str(TOOL / "__main__.py"))["ran"], tmp_path / "results" / "gpu-parts.lines"

    def found_and_ended(name, into):
        into.write_text('[{"what": "all of it"}]')
        raise SystemExit

    ran.__globals__["in_processes"] = found_and_ended
    with pytest.raises(SystemExit):
        ran("parts", into)
    assert "all of it" in into.read_text()


def test_without_a_gpu_it_says_so(tmp_path):
    command = [sys.executable, TOOL, "machine", "--results", tmp_path]
    done = subprocess.run(command, capture_output=True, text=True, env={"CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 1
    assert "there is no GPU that PyTorch can use here; --rehearse goes without" in done.stderr
    assert "FAILED machine: exit status 1" in done.stdout
    assert not list(tmp_path.iterdir())
