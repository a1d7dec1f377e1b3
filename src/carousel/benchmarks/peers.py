"""This library's layer and the others, by name."""

from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

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
        return _stream(problem)
    return of_module("carousel", problem, problem.layer, dict(problem.layer.named_parameters()))


def _stream(problem: Problem) -> Contestant:
    """A whole sequence, one sample a call."""
    stream, sequence = problem.layer.stream(problem.shape.B), list(problem.x)

    def steps() -> list[Tensor | None]:
        stream.reset()
        return [stream.push(x_n) for x_n in sequence]

    def read(outputs: list[Tensor]) -> dict[str, Tensor]:
        state = stream.state
        return dict(output=torch.stack(outputs), v=state["v"], s=state["s"])

    return Contestant("carousel", steps, read)


def _nn_lstm(problem: Problem) -> Contestant:
    module = problem.layer.to_torch()
    return of_module("nn.LSTM", problem, module, dict(module.named_parameters()))


def _nn_lstm_cell(problem: Problem) -> Contestant:
    """A whole sequence, one sample a call, the state handed from call to call."""
    cell, sequence = nn.LSTMCell(problem.shape.I, problem.shape.H), list(problem.x)
    weights = problem.layer.state_dict()
    cell.load_state_dict({name.removesuffix("_l0"): weight for name, weight in weights.items()})

    def steps() -> list[tuple[Tensor, Tensor]]:
        states, state = [], None
        with torch.no_grad():
            for x_n in sequence:
                state = cell(x_n, state)
                states.append(state)
        return states

    def read(states: list[tuple[Tensor, Tensor]]) -> dict[str, Tensor]:
        v, s = states[-1]
        return dict(output=torch.stack([v for v, _ in states]), v=v.unsqueeze(0), s=s.unsqueeze(0))

    return Contestant("nn.LSTMCell", steps, read)


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
