"""How long a plan will take."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any

import torch

from carousel.experiments.comparison.outcomes import Outcome
from carousel.experiments.comparison.plan import Job
from carousel.training.config import Config
from carousel.training.environment import cpu_threads, seeded
from carousel.training.tasks import Material, task_of

STEPS = 4
"""Batches that a first guess is measured on."""


@dataclass(frozen=True)
class Estimate:
    """A number of runs and the time that they take, and how that is known."""

    runs: int
    workers: int
    seconds: float
    known_by: str

    @classmethod
    def of(
        cls,
        pending: Sequence[Job],
        workers: int,
        finished: Mapping[Path, Outcome],
        material: Material[Any],
    ) -> "Estimate":
        """By the finished runs of the plan, or without any by some steps of the first."""
        if finished:
            epoch = median(outcome.seconds_per_epoch for outcome in finished.values())
            known_by = "the runs that are finished"
        else:
            training = pending[0].config.training
            with seeded(training.seed, training.device), cpu_threads(training.threads):
                epoch = _seconds_per_epoch(pending[0].config, material)
            known_by = "a few steps of the first"
        epochs = sum(job.config.training.epochs for job in pending)
        return cls(len(pending), workers, epochs * epoch / workers, known_by)

    def __str__(self) -> str:
        return (
            f"{self.runs:,} runs take {duration(self.seconds)} with {self.workers} at a time, by {self.known_by}, "
            "if none stops early"
        )


def duration(seconds: float) -> str:
    """A time of waiting in one unit, such as "about 3 min"."""
    for unit, size in (("days", 86400), ("h", 3600), ("min", 60)):
        if seconds >= 1.5 * size:
            return f"about {seconds / size:.0f} {unit}"
    return f"about {seconds:.0f} s"


def _seconds_per_epoch(config: Config, material: Material[Any]) -> float:
    device = torch.device(config.training.device)
    model = task_of(config).model(config, **material.names).to(device)
    batches = list(islice(material.train, STEPS))
    start = time.perf_counter()
    for batch in batches:
        model.scores(model.transfer_batch_to_device(batch, device, 0))["loss"].mean().backward()
    return (time.perf_counter() - start) / len(batches) * len(material.train)
