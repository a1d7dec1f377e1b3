"""Train one step of the road on a task with a long dependency: all seeds side by side, in one loop."""

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from carousel.theory.evolution.scan import Cell
from carousel.theory.evolution.steps import cell
from carousel.theory.evolution.tasks import Sample, task_named

FRESH = 256
"""Sequences that a trained network is tested on."""


@dataclass(frozen=True)
class Trial:
    """How all seeds of one cell fared on one task."""

    errors: NDArray[np.float64]
    """Test error of each seed, as the task measures it, [seeds]; NaN where training diverged."""
    learnt: NDArray[np.bool_]
    """Whether it is below the task's limit, [seeds]."""
    losses: NDArray[np.float64]
    """Training loss, [updates, seeds]."""

    @property
    def rate(self) -> float:
        """The share of seeds that learnt the task."""
        return float(self.learnt.mean())


class Network(nn.Module):
    """A cell, and a linear readout of its value at each sequence's last step; all copies side by side."""

    def __init__(self, cell: Cell, seed: int = 0) -> None:
        super().__init__()
        copies, size = cell.copies or 1, cell.state_size
        generator = torch.Generator().manual_seed(seed)
        self.cell = cell
        self.weight = nn.Parameter((2 * torch.rand(copies, 1, size, generator=generator) - 1) / size**0.5)
        self.bias = nn.Parameter(torch.zeros(copies, 1))

    def forward(self, sample: Sample) -> Tensor:
        """One number for each sequence, [R, B]."""
        v: Tensor = self.cell(sample.x)[1]
        last = (sample.lengths - 1)[None, ..., None].expand(1, *v.shape[1:])
        return (v.gather(0, last)[0] * self.weight).sum(-1) + self.bias


def train(
    step: str,
    task: str,
    *,
    length: int = 40,
    seeds: int = 8,
    updates: int = 800,
    batch_size: int = 32,
    state_size: int = 16,
    learning_rate: float = 0.03,
    seed: int = 0,
) -> Trial:
    """Train one step of the road on one task.

    Adam with gradients clipped to norm 1 for each seed, a rate that falls to zero along a line, fresh sequences for
    every update; gates start as `Cell` says with memory = length. Every seed has its own weights and its own data.

    Args:
        step: a name in `STEPS`.
        task: a name in `TASKS`.
        length: of the shortest sequences, at least 20 steps.
        seeds: networks trained side by side.
        updates: of the weights.
        batch_size: sequences per update and seed.
        state_size: units of the cell.
        learning_rate: of the first update.
        seed: of everything drawn.

    Raises:
        ValueError: unknown step or task, a size below 1, or sequences shorter than 20.
    """
    chosen = task_named(task)
    if min(seeds, updates, batch_size) < 1:
        raise ValueError(
            f"seeds, updates and batch_size must be at least 1, got {seeds}, {updates}, {batch_size}"
        )
    if not 0 < learning_rate < math.inf:
        raise ValueError(f"learning_rate must be a number above 0, got {learning_rate}")
    network = Network(cell(step, chosen.input_size, state_size, seeds, memory=length, seed=seed), seed)
    generator = torch.Generator().manual_seed(seed)
    optimizer = torch.optim.Adam(network.parameters(), lr=learning_rate, betas=(0.9, 0.99))
    schedule = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.0, total_iters=updates)
    losses = []
    for _ in range(updates):
        sample = chosen.draw(length, (seeds, batch_size), generator)
        loss = chosen.loss(network(sample), sample.target).mean(dim=-1)
        optimizer.zero_grad()
        loss.sum().backward()  # type: ignore[no-untyped-call]
        _clip_each_copy(network)
        optimizer.step()
        schedule.step()
        losses.append(loss.detach())
    fresh = chosen.draw(length, (seeds, FRESH), generator)
    with torch.no_grad():
        errors = chosen.error((chosen.answer(network(fresh)) - fresh.target).abs()).double().numpy()
    return Trial(errors, errors < chosen.limit, torch.stack(losses).double().numpy())


def _clip_each_copy(network: nn.Module, limit: float = 1.0) -> None:
    gradients = [weight.grad for weight in network.parameters() if weight.grad is not None]
    squares = torch.stack([gradient.flatten(1).square().sum(1) for gradient in gradients])
    shrink = limit / squares.sum(0).sqrt().clamp(min=limit)
    for gradient in gradients:
        gradient.mul_(shrink.view(-1, *[1] * (gradient.dim() - 1)))
