"""Synthetic problems of memory."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
import torch
from pydantic import Field, Json

from carousel.data.problems import TEST, VALIDATION, Examples, Problem, problem_of
from carousel.errors import CarouselError
from carousel.training.config import Config
from carousel.training.environment import cpu_threads, memory
from carousel.training.label import Label
from carousel.training.memory.batches import drawn, fixed
from carousel.training.memory.model import MemoryModel
from carousel.training.metrics import Positive, Scores
from carousel.training.tally import Tally, count
from carousel.training.tasks.task import Material, Task

Error = Annotated[float, Field(ge=0)]


class MemoryScores(Scores):
    """Mean loss (squared error, or cross-entropy in nats), mean absolute error, and the share of sequences right."""

    loss: Error
    error: Error
    right: float = Field(ge=0, le=1)


class MemoryTestScores(MemoryScores):
    """Scores beside what they mean.

    Attributes:
        problem: what it is called, with its sizes.
        criterion: when it is solved, in words.
        solved_after: training sequences until the validation part first met that, counted at the ends of epochs; None
            if it never did.
        seen: training sequences until the epoch that was kept.
        trivial: the loss of the best answer that remembers nothing.
        published: what others reached; empty where nothing is known.
    """

    problem: str
    criterion: str
    solved_after: Positive | None
    seen: Positive
    trivial: Error
    published: str


class MemoryLabel(Label):
    """What the weights of a model of a problem say of themselves."""

    validation: Json[MemoryScores]


class Memory(Task[MemoryModel, Examples]):
    """A problem: new sequences in each epoch to learn from, and fixed ones to validate and to be tested on."""

    noun = "sequences"
    reads = False
    label = MemoryLabel
    scores = MemoryScores
    test_scores = MemoryTestScores
    primary = "solved_after"
    counted = "sequences until solved"
    higher_is_better = False

    def model(self, config: Config, **names: Any) -> MemoryModel:
        return MemoryModel(config, **names)

    def prepare(self, config: Config) -> Material[Examples]:
        task, training = config.task, config.training
        assert task.problem is not None
        problem = problem_of(task.problem, **task.sizes)
        _check(config, problem)
        return Material(
            names={},
            buffers={},
            train=drawn(problem, task.sequences, training.batch_size, training.seed),
            validation=fixed(problem.held_out(VALIDATION, task.held_out), training.batch_size),
            test=problem.held_out(TEST, task.held_out),
            headline=f"{problem.title}, {task.sequences:,} sequences an epoch",
        )

    def read(self, config: Config, path: Path) -> Examples:
        raise CarouselError(
            f"task 'memory' draws its own sequences and reads none, got '{path}'; "
            "`carousel evaluate` without a file scores those that are held out"
        )

    @torch.no_grad()
    def score(self, model: MemoryModel, data: Examples) -> dict[str, Any]:
        training, problem = model.config.training, model.problem
        tallies: dict[str, Tally] = {}
        with cpu_threads(training.threads):
            for batch in fixed(data, training.batch_size):
                count(model.scores(batch), tallies)
        means = {name: float(tally.mean) for name, tally in tallies.items()}
        return {
            **means,
            "problem": problem.name,
            "criterion": str(problem.criterion),
            "solved_after": int(model.solved_after) or None,
            "seen": int(model.seen),
            "trivial": problem.trivial,
            "published": problem.published,
        }

    def table(self, model: MemoryModel, data: Examples) -> pd.DataFrame:
        """Columns `sequence`, `loss`, `error` and `right`, a row for each sequence."""
        with torch.no_grad():
            (batch,) = fixed(data, data.told.shape[1])
            table = pd.DataFrame({name: score.numpy() for name, score in model.scores(batch).items()})
        table.insert(0, "sequence", range(len(table)))
        return table

    def shown(self, scores: Mapping[str, float]) -> str:
        return f"{100 * scores['right']:.1f} % right, loss {scores['loss']:.3g}"

    def told(self, scores: Mapping[str, Any]) -> str:
        return f"{self.shown(scores)}; {self.verdict(scores)}"

    def verdict(self, scores: Mapping[str, Any]) -> str:
        if scores["solved_after"]:
            found = f"is solved after {scores['solved_after']:,} training sequences"
            how = f"{scores['criterion']} on the validation part"
        else:
            found = f"is not solved; the best epoch came after {scores['seen']:,} training sequences"
            how = f"wanted were {scores['criterion']} on the validation part"
        reached = f"the test part is {self.shown(scores)}, with a trivial level of {scores['trivial']:.3g}"
        published = f"; published: {scores['published']}" if scores["published"] else ""
        name: str = scores["problem"]
        return f"{name[0].upper()}{name[1:]} {found} ({how}); {reached}{published}."

    def primary_score(self, config: Config, scores: Mapping[str, Any]) -> float:
        """The training sequences until the problem was solved, or all that a run may have."""
        return float(scores["solved_after"] or config.training.epochs * config.task.sequences)

    def is_reached(self, scores: Mapping[str, Any]) -> bool:
        return scores["solved_after"] is not None


def _check(config: Config, problem: Problem) -> None:
    """Raise CarouselError for sequences that memory cannot hold."""
    task, training = config.task, config.training
    values = problem.inputs + problem.outputs
    # Of symbols, two integers a step are kept; a batch of them is one-hot.
    a_step = training.batch_size * values + 2 * task.held_out * min(values, 4)
    wanted, there = 4 * problem.longest * a_step, memory()
    if wanted > there:
        raise CarouselError(
            f"the sequences of {problem.name}, {task.held_out:,} held out and {training.batch_size:,} in a batch, take "
            f"some {wanted / 1e9:,.0f} GB, and this machine has {there / 1e9:,.0f}; lower the sizes of the problem, "
            "held_out or batch_size"
        )
