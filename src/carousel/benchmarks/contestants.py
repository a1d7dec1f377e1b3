"""Who competes: a step that is timed, and how to read what it computed under names that all share."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from carousel.benchmarks.problem import Problem

Values = dict[str, Tensor]
"""`output`, `v`, `s`; in training also the gradient of the input, `d x`, and of each weight, `d weight_ih_l0` …"""


class UnsuitableError(Exception):
    """Why a contestant takes no part in one setting, in a few words."""


class Contestant(NamedTuple):
    """One way to solve a problem."""

    name: str
    step: Callable[[], Any]
    """Solves the problem once; this is what is timed."""
    read: Callable[[Any], Values]
    """From what `step` returned to the values by name."""
    runtime: str = "torch"
    """Whose threads it uses."""


def of_module(
    name: str, problem: Problem, module: Callable[[Any], Any], weights: Mapping[str, Tensor]
) -> Contestant:
    """A contestant made of PyTorch operations: what is called as `torch.nn.LSTM` is, and its weights by our names."""
    x = problem.x.clone().requires_grad_(problem.mode != "inference")
    input, wanted = problem.as_input(x), (x, *weights.values())

    def infer() -> tuple[Tensor, ...]:
        with torch.no_grad():
            output, (v, s) = module(input)
        return output, v, s

    def train() -> tuple[Tensor, ...]:
        output, (v, s) = module(input)
        data = output.data if isinstance(output, PackedSequence) else output
        return data, v, s, *torch.autograd.grad((data, v, s), wanted, problem.upstream)

    names = "output", "v", "s", "d x", *(f"d {weight}" for weight in weights)
    return Contestant(
        name,
        infer if problem.mode == "inference" else train,
        lambda found: {key: getattr(value, "data", value) for key, value in zip(names, found, strict=False)},
    )
