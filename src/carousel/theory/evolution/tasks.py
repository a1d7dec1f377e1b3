"""Two tasks with a long dependency, after Hochreiter and Schmidhuber 1997, as endless streams of fresh sequences."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from carousel.errors import did_you_mean

SHORTEST = 20


class Sample(NamedTuple):
    """Sequences of unequal length."""

    x: Tensor
    """[T, *lead, d_x], zero after a sequence's end."""
    lengths: Tensor
    """[*lead], whole numbers."""
    target: Tensor
    """[*lead]."""


def adding(length: int, lead: tuple[int, ...], generator: torch.Generator) -> Sample:
    """Add two marked numbers of a long list.

    x[n] = (value in [-1, 1], marker). One of the first ten and another one of the first length/2 - 1 steps are marked
    1, the first and the last step -1, all others 0; the value of the first step counts as 0 if that is marked 1.
    The target 0.5 + (X1 + X2) / 4 is due at the last step. Sequences have length to 1.1 length steps.
    """
    lengths = _lengths(length, lead, generator)
    value = torch.rand(int(1.1 * length), *lead, generator=generator) * 2 - 1
    first = torch.randint(10, lead, generator=generator)
    second = torch.randint(length // 2 - 2, lead, generator=generator)
    second = second + (second >= first)
    marker = torch.zeros_like(value)
    marker[0] = -1
    marker.scatter_(0, lengths[None] - 1, -1.0).scatter_(0, torch.stack([first, second]), 1.0)
    value[0] *= marker[0] == -1
    target = 0.5 + (value * (marker == 1)).sum(0) / 4
    return Sample(_cut(torch.stack([value, marker], dim=-1), lengths), lengths, target)


def two_sequence(length: int, lead: tuple[int, ...], generator: torch.Generator) -> Sample:
    """Tell two kinds of sequence apart by their first three samples.

    These are all +1 (target 1) or all -1 (target 0); what follows is noise of mean 0 and variance 0.2. The answer is
    due at the last step. Sequences have length to 1.1 length steps.
    """
    lengths = _lengths(length, lead, generator)
    target = torch.randint(2, lead, generator=generator).float()
    x = torch.randn(int(1.1 * length), *lead, 1, generator=generator) * 0.2**0.5
    x[:3] = (2 * target - 1).unsqueeze(-1)
    return Sample(_cut(x, lengths), lengths, target)


@dataclass(frozen=True)
class Task:
    """What is drawn, what is minimised, and when a network counts as having learnt it."""

    title: str
    criterion: str
    input_size: int
    draw: Callable[[int, tuple[int, ...], torch.Generator], Sample]
    answer: Callable[[Tensor], Tensor]
    """From the network's output to what is compared with the target."""
    loss: Callable[[Tensor, Tensor], Tensor]
    """Of the network's output and the target, a number for each sequence."""
    error: Callable[[Tensor], Tensor]
    """From |answer - target| [R, sequences] to the number that decides, [R]."""
    limit: float
    """Learnt if the error is below this."""
    blind_error: Callable[[int], float]
    """From the length of the sequences to the error of the best answer that is always the same."""


def _blind_adding(length: int) -> float:
    """E|X1 + X2| / 4 is 1/6 for two numbers from U(-1, 1) and 1/8 where one of them counts as 0."""
    at_start = 0.1 + 0.9 / (length // 2 - 2)
    return (1 - at_start) / 6 + at_start / 8


TASKS = {
    "adding": Task(
        title="adding problem",
        criterion="mean error below 0.04",
        input_size=2,
        draw=adding,
        answer=lambda output: output,
        loss=lambda output, target: (output - target).square(),
        error=lambda miss: miss.mean(dim=-1),
        limit=0.04,
        blind_error=_blind_adding,
    ),
    "two_sequence": Task(
        title="2-sequence problem",
        criterion="no error above 0.2",
        input_size=1,
        draw=two_sequence,
        answer=torch.sigmoid,
        loss=lambda output, target: binary_cross_entropy_with_logits(output, target, reduction="none"),
        error=lambda miss: miss.amax(dim=-1),
        limit=0.2,
        blind_error=lambda length: 0.5,
    ),
}


def task_named(task: str) -> Task:
    """Raises ValueError for an unknown name."""
    if task not in TASKS:
        raise ValueError(f"No task '{task}' with a long dependency here; {did_you_mean(str(task), TASKS)}")
    return TASKS[task]


def _lengths(length: int, lead: tuple[int, ...], generator: torch.Generator) -> Tensor:
    if not isinstance(length, int) or length < SHORTEST:
        raise ValueError(f"length must be a whole number of at least {SHORTEST} steps, got {length}")
    return torch.randint(length, int(1.1 * length) + 1, lead, generator=generator)


def _cut(x: Tensor, lengths: Tensor) -> Tensor:
    steps = torch.arange(len(x)).view(-1, *[1] * lengths.dim())
    return x * (steps < lengths).unsqueeze(-1)
