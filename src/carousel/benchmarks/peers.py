"""This library's layer and the others, by name."""

from collections.abc import Callable, Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import torch
from torch import Tensor, nn

from carousel.benchmarks import jax_scan, onnx_node
from carousel.benchmarks.contestants import Contestant, UnsuitableError, of_module
from carousel.benchmarks.loop import run_loop
from carousel.benchmarks.problem import Problem

LONGEST_UNROLLED = 100
"""Steps of the longest loop that is compiled: the compiler unrolls it, which takes minutes at this length."""

NEEDS = {
    "torchrecurrent": ("torchrecurrent",),
    "onnxruntime": ("onnx", "onnxruntime"),
    "jax": ("jax",),
}
"""The packages of the contestants that are no part of PyTorch or of this library."""


def absent() -> dict[str, str]:
    """The contestants that cannot take part on this machine, and what is missing."""
    missing = {
        name: [package for package in packages if find_spec(package) is None]
        for name, packages in NEEDS.items()
    }
    return {name: f"{', '.join(packages)} not installed" for name, packages in missing.items() if packages}


def build(name: str, problem: Problem) -> Contestant:
    """The contestant of this name, ready to solve the problem.

    Raises:
        UnsuitableError: it cannot.
    """
    return CONTESTANTS[name](problem)


def _carousel(problem: Problem) -> Contestant:
    if problem.mode == "streaming":
        return _stepwise("carousel", problem, problem.layer, problem.x.unsqueeze(1))
    return of_module("carousel", problem, problem.layer, dict(problem.layer.named_parameters()))


def _nn_lstm(problem: Problem) -> Contestant:
    module = problem.layer.to_torch()
    return of_module("nn.LSTM", problem, module, dict(module.named_parameters()))


def _nn_lstm_cell(problem: Problem) -> Contestant:
    cell = nn.LSTMCell(problem.shape.I, problem.shape.H)
    weights = problem.layer.state_dict()
    cell.load_state_dict({name.removesuffix("_l0"): weight for name, weight in weights.items()})

    def step(x: Tensor, state: tuple[Tensor, Tensor] | None) -> tuple[Tensor, tuple[Tensor, Tensor]]:
        v, s = cell(x, state)
        return v, (v, s)

    return _stepwise("nn.LSTMCell", problem, step, problem.x)


def _stepwise(name: str, problem: Problem, step: Callable[..., Any], samples: Iterable[Tensor]) -> Contestant:
    """A whole sequence, one sample a call, the state handed from call to call."""
    sequence, B = list(samples), problem.shape.B

    def steps() -> tuple[list[Tensor], Any]:
        outputs, state = [], None
        with torch.no_grad():
            for x in sequence:
                output, state = step(x, state)
                outputs.append(output)
        return outputs, state

    def read(found: tuple[list[Tensor], Any]) -> dict[str, Tensor]:
        outputs, (v, s) = found
        output = torch.cat([one.reshape(1, B, -1) for one in outputs])
        return dict(output=output, v=v.reshape(1, B, -1), s=s.reshape(1, B, -1))

    return Contestant(name, steps, read)


def _loop(problem: Problem) -> Contestant:
    layer, future = problem.layer, problem.layer.context[0][1]
    weights = dict(layer.named_parameters())
    return of_module("loop", problem, lambda x: run_loop(layer.symbols(), x, future), weights)


def _compiled_loop(problem: Problem) -> Contestant:
    if problem.shape.T > LONGEST_UNROLLED:
        raise UnsuitableError(f"a loop of more than {LONGEST_UNROLLED} steps takes too long to compile")
    layer, future = problem.layer, problem.layer.context[0][1]
    weights, compiled = dict(layer.named_parameters()), torch.compile(run_loop)
    contestant = of_module("compiled loop", problem, lambda x: compiled(layer.symbols(), x, future), weights)
    try:
        contestant.step()
    except Exception as error:  # the compiler fails in ways of its own, all of which mean the same here
        raise UnsuitableError(f"torch.compile: {str(error).strip().splitlines()[0]}") from error
    return contestant


def _torchrecurrent(problem: Problem) -> Contestant:
    module = import_module("torchrecurrent").PeepholeLSTM(problem.shape.I, problem.shape.H)
    weights = {}
    for name, weight in problem.layer.named_parameters():
        theirs = name.removesuffix("_l0").replace("_ch", "_ph")
        weights[name] = module.get_parameter(f"cells.0.{theirs}")
        with torch.no_grad():
            weights[name].copy_(weight)
    return of_module("torchrecurrent", problem, module, weights)


CONTESTANTS: dict[str, Callable[[Problem], Contestant]] = {
    "carousel": _carousel,
    "nn.LSTM": _nn_lstm,
    "nn.LSTMCell": _nn_lstm_cell,
    "loop": _loop,
    "compiled loop": _compiled_loop,
    "torchrecurrent": _torchrecurrent,
    "onnxruntime": onnx_node.build,
    "jax": jax_scan.build,
}
