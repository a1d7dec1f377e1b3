"""Everyone who competes computes the same as the layer."""

from importlib.util import find_spec

import pytest
import torch

from carousel import LSTM
from carousel.benchmarks import peers
from carousel.benchmarks.agreement import disagreement
from carousel.benchmarks.contestants import UnsuitableError
from carousel.benchmarks.grid import Shape
from carousel.benchmarks.loop import run_loop
from carousel.benchmarks.peers import build
from carousel.benchmarks.problem import Problem
from helpers import assert_same

SHAPE = Shape(B=3, T=7, I=5, H=8)


def values(name: str, problem: Problem):
    contestant = build(name, problem)
    return contestant.read(contestant.step())


@pytest.mark.parametrize("bias", [1.0, 0.0])
@pytest.mark.parametrize("context", [(0, 0), (2, 0), (1, 3)])
@pytest.mark.parametrize("proj_size", [0, 3])
@pytest.mark.parametrize("input_gate", [False, True])
@pytest.mark.parametrize("peephole", ["none", "diagonal", "full"])
def test_the_loop_has_the_layers_values_and_gradients(peephole, input_gate, proj_size, context, bias):
    torch.manual_seed(0)
    layer = LSTM(
        5,
        8,
        proj_size=proj_size,
        peephole=peephole,
        input_gate=input_gate,
        context=context,
        dtype=torch.float64,
    )
    with torch.no_grad():
        layer.bias_ih_l0 *= bias
    x = torch.randn(7, 3, 5, dtype=torch.float64, requires_grad=True)
    runs = layer(x), run_loop(layer.symbols(), x, context[1])
    wanted = (x, *layer.parameters())
    upstream = [torch.randn_like(part) for part in (runs[0][0], *runs[0][1])]
    mine, theirs = (torch.autograd.grad((output, v, s), wanted, upstream) for output, (v, s) in runs)
    assert_same(runs[1], runs[0])
    assert_same(theirs, mine)


COMPARED = [
    *((cell, mode, "nn.LSTM") for cell in ("plain", "projected", "float64") for mode in ("inference", "training")),
    *((cell, mode, "loop") for cell in ("plain", "diagonal", "peephole", "augmented") for mode in ("inference", "training")),
    ("ragged", "inference", "nn.LSTM"),
    ("ragged", "training", "nn.LSTM"),
    ("plain", "streaming", "nn.LSTMCell"),
    ("plain", "inference", "onnxruntime"),
    ("diagonal", "inference", "onnxruntime"),
    ("diagonal", "training", "torchrecurrent"),
    ("plain", "inference", "jax"),
    ("plain", "training", "jax"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:LSTM with projections is not supported with oneDNN")
@pytest.mark.parametrize("cell, mode, name", COMPARED)
def test_contestants_agree_with_the_layer(cell, mode, name):
    for package in peers.NEEDS.get(name, ()):
        pytest.importorskip(package)
    problem = Problem.draw(cell, mode, SHAPE._replace(B=1) if mode == "streaming" else SHAPE)
    found, wanted = values(name, problem), values("carousel", problem)
    assert disagreement(found, wanted) is None
    weights = {f"d {weight}" for weight, _ in problem.layer.named_parameters()} | {"d x"}
    assert found.keys() == {"output", "v", "s"} | (weights if mode == "training" else set())


@pytest.mark.parametrize(
    "cell, mode", [("plain", "training"), ("ragged", "training"), ("plain", "streaming")]
)
def test_a_contestant_with_other_weights_does_not_agree(cell, mode):
    problem = Problem.draw(cell, mode, SHAPE)
    wanted = values("carousel", problem)
    with torch.no_grad():
        problem.layer.weight_hh_l0[0, 0] += 0.1
    rival = "nn.LSTMCell" if mode == "streaming" else "nn.LSTM"
    assert disagreement(values(rival, problem), wanted).startswith("disagrees by ")


def test_who_is_not_installed_is_absent(monkeypatch):
    monkeypatch.setattr(peers, "find_spec", lambda name: None if name == "onnx" else find_spec("torch"))
    assert peers.absent() == {"onnxruntime": "onnx not installed"}


def test_a_long_loop_is_not_compiled():
    with pytest.raises(UnsuitableError, match="more than 100 steps"):
        build("compiled loop", Problem.draw("peephole", "training", SHAPE._replace(T=101)))


def test_a_compiler_that_fails_is_a_reason(monkeypatch):
    def compile(function):
        def fail(*arguments):
            raise RuntimeError("no C++ compiler\nat line 3")

        return fail

    monkeypatch.setattr(torch, "compile", compile)
    with pytest.raises(UnsuitableError, match="^torch.compile: no C\\+\\+ compiler$"):
        build("compiled loop", Problem.draw("peephole", "training", SHAPE))
