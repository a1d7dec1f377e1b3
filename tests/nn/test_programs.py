"""torch.export and AOTInductor: programs for any time, batch and lengths, run by processes that never saw the layer."""

import subprocess
import sys

import pytest
import torch
from torch.export import Dim

import carousel
from carousel.kernels import cpu
from helpers import assert_same

pytestmark = [
    pytest.mark.skipif(bool(cpu.MISSING), reason="the C++ kernel is not built"),
    pytest.mark.filterwarnings("ignore::FutureWarning:copyreg"),  # of torch's own tree of arguments
]

RUN = """
import sys, torch
{imports}
x, lengths, wanted = torch.load("wanted.pt")
{load}
output, (v, s) = program(x, lengths=lengths)
for got, one in zip((output, v, s), wanted, strict=True):
    assert got.dtype == one.dtype and (got - one).abs().max() <= 1e-6
print("carousel" in sys.modules)
"""
EXPORTED = 'program = torch.export.load("layer.pt2").module()'
PACKAGED = 'program = torch._inductor.aoti_load_package("package.pt2")'


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return carousel.LSTM(
        5, 4, 2, proj_size=2, bidirectional=True, peephole="full", input_gate=True, context=(1, 1)
    ).eval()


def exported(layer, time):
    """The program for any batch, and for any time or the one of 7 steps."""
    x, lengths, batch = torch.randn(7, 3, 5), torch.tensor([7, 2, 3]), Dim("batch")
    shapes = {"input": {0: time, 1: batch}, "lengths": {0: batch}}
    return torch.export.export(layer, (x,), {"lengths": lengths}, dynamic_shapes=shapes)


def call(layer, T):
    x, lengths = torch.randn(T, 4, 5), torch.tensor([2, T, 1, 3])
    with torch.no_grad():
        output, (v, s) = layer(x, lengths=lengths)
    return x, lengths, (output, v, s)


def in_a_fresh_process(folder, load, imports="import carousel"):
    code = RUN.format(imports=imports, load=load)
    return subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)


def test_any_time_batch_and_lengths(layer, tmp_path):
    program = exported(layer, Dim("time"))
    for T, B in ((9, 5), (3, 2), (1, 1)):
        x, lengths = torch.randn(T, B, 5), torch.randint(1, T + 1, (B,))
        assert_same(program.module()(x, lengths=lengths), layer(x, lengths=lengths), 0.0)
    with pytest.raises(RuntimeError, match=r"LSTM: every number in lengths must lie in 1\.\.T"):
        program.module()(x, lengths=lengths + 1)
    torch.export.save(program, tmp_path / "layer.pt2")
    torch.save(call(layer, 9), tmp_path / "wanted.pt")
    done = in_a_fresh_process(tmp_path, EXPORTED)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
    done = in_a_fresh_process(tmp_path, EXPORTED, imports="")
    assert done.returncode != 0 and "torch.ops.carousel.lstm.default" in done.stderr


def test_of_pytorch_operations_for_who_has_no_carousel(layer, tmp_path):
    with carousel.use_kernel("eager"):
        program = exported(layer, None)
    torch.export.save(program, tmp_path / "layer.pt2")
    torch.save(call(layer, 7), tmp_path / "wanted.pt")
    done = in_a_fresh_process(tmp_path, EXPORTED, imports="")
    assert (done.returncode, done.stdout) == (0, "False\n"), done.stderr


@pytest.mark.filterwarnings("ignore:`torch.jit.script_method` is deprecated")
def test_a_package_of_aotinductor(layer, tmp_path):
    with torch.no_grad():
        program = exported(layer, Dim("time"))
        torch._inductor.aoti_compile_and_package(program, package_path=str(tmp_path / "package.pt2"))
    torch.save(call(layer, 9), tmp_path / "wanted.pt")
    done = in_a_fresh_process(tmp_path, PACKAGED)
    assert (done.returncode, done.stdout) == (0, "True\n"), done.stderr
    done = in_a_fresh_process(tmp_path, PACKAGED, imports="")
    assert done.returncode != 0 and "Could not find schema for carousel::lstm" in done.stderr


def test_gradients_of_an_exported_program(layer):
    """The operator keeps nothing for them, so they come from eager."""
    program = exported(layer, Dim("time"))
    kept = [node.args[-1] for node in program.graph.nodes if "carousel" in str(node.target)]
    assert kept == [False] * 4
    x, lengths, _ = call(layer, 5)

    def slopes(model):
        output, (v, s) = model(x, lengths=lengths)
        loss = output.square().sum() + v.sin().sum() + s.cos().sum()
        weights = dict(model.named_parameters())
        return dict(zip(weights, torch.autograd.grad(loss, weights.values()), strict=True))

    assert_same(slopes(program.module()), slopes(layer), 1e-5)
