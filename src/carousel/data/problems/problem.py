"""What a problem of memory is: sequences drawn by a rule, and which answers to them are right."""

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields
from math import inf
from typing import Any, ClassVar, NamedTuple

import numpy as np
import numpy.typing as npt

from carousel.errors import CarouselError

NOTHING = -1
"""Stands where a sequence has ended."""

VALIDATION, TEST = 0, 1
"""The parts that are held out."""

_SEED = 1997
"""Of what is held out, which is the same for every run."""

Bools = npt.NDArray[np.bool_]


class Examples(NamedTuple):
    """B sequences side by side; T is the longest of them.

    Attributes:
        x: float32 [T, B, F], zero after the end of a sequence; or int64 [T, B], which of F symbols there is, `NOTHING`
            after the end.
        targets: float32 [T, B, K], numbers to tell; or int64 [T, B], which of K classes there is.
        told: bool [T, B], the steps that have a target.
        judged: bool [T, B], those among them whose answer must be right for the sequence to be right.
        possible: bool [T, B, K], the classes that may come, where that is more than one; the answer then is right if it
            gives each of them more than any other. None where the target alone is right.
    """

    x: npt.NDArray[Any]
    targets: npt.NDArray[Any]
    told: Bools
    judged: Bools
    possible: Bools | None = None

    def cut(self, size: int) -> list["Examples"]:
        """The sequences in order, `size` at a time."""
        parts = [slice(first, first + size) for first in range(0, self.told.shape[1], size)]
        return [
            Examples(
                self.x[:, part],
                self.targets[:, part],
                self.told[:, part],
                self.judged[:, part],
                None if self.possible is None else self.possible[:, part],
            )
            for part in parts
        ]


class Criterion(NamedTuple):
    """When a problem is solved: bounds on the scores of sequences that were not learnt from.

    Attributes:
        right: the share of sequences that are right, at least.
        error: the mean absolute error, which must be lower.
        loss: the mean loss, which must be lower.
    """

    right: float = 0.0
    error: float = inf
    loss: float = inf

    def is_met(self, right: float, error: float, loss: float) -> bool:
        return right >= self.right and error < self.error and loss < self.loss

    def __str__(self) -> str:
        bounds = {
            f"{100 * self.right:.4g} % of the sequences right": self.right > 0,
            f"a mean error below {self.error:g}": self.error < inf,
            f"a loss below {self.loss:.3g}": self.loss < inf,
        }
        return " and ".join(bound for bound, is_set in bounds.items() if is_set)


@dataclass(frozen=True)
class Problem(ABC):
    """A rule that sequences are drawn by. The fields of a concrete problem are its sizes, with the published defaults.

    Attributes:
        title: what it is called in sentences.
        source: who defined it.
        family: whose experiments it is of: "1997", "2002" or "modern".
        classes: whether targets are classes, told by cross-entropy in nats, or numbers, by the squared error.
        tolerance: the largest error of an output in a right answer. An output that names a class is a probability.
        letters: the symbols that are seen and told, in the order of their numbers, where they have names.
        neighbours: published results, by the sizes that they are of.
    """

    title: ClassVar[str]
    source: ClassVar[str]
    family: ClassVar[str] = "1997"
    classes: ClassVar[bool] = False
    tolerance: ClassVar[float] = inf
    letters: ClassVar[str] = ""
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {}

    def __post_init__(self) -> None:
        for name, least in self.least.items():
            if getattr(self, name) < least:
                raise CarouselError(
                    f"{self.title} wants a {name} of {least} or more, got {getattr(self, name)}; raise it"
                )

    @property
    def least(self) -> dict[str, int]:
        """The smallest value of each size that has one above 0."""
        return {}

    @property
    @abstractmethod
    def inputs(self) -> int:
        """F, the features of a step, or its kinds of symbols."""

    @property
    @abstractmethod
    def outputs(self) -> int:
        """K, the numbers to tell, or the classes."""

    @property
    @abstractmethod
    def trivial(self) -> float:
        """The loss of the best answer that remembers nothing of what matters."""

    @property
    @abstractmethod
    def criterion(self) -> Criterion:
        """When it is solved."""

    @property
    def longest(self) -> int:
        """About how many steps the longest sequence that is held out has, to tell what memory that wants."""
        return 11 * self.sizes.get("length", 0) // 10 + 200

    @abstractmethod
    def draw(self, random: np.random.Generator, count: int) -> Examples:
        """So many sequences to learn from."""

    def held_out(self, part: int, count: int) -> Examples:
        """So many sequences of a part, `VALIDATION` or `TEST`, the same at every call."""
        return self.draw(randomness_of(part), count)

    @property
    def sizes(self) -> dict[str, int]:
        """Its fields."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def name(self) -> str:
        """Its title and its sizes."""
        sizes = ", ".join(f"{name} {size}" for name, size in self.sizes.items())
        return f"{self.title} ({sizes})" if sizes else self.title

    @property
    def published(self) -> str:
        """What others reached at these sizes, or at the ones nearest to them."""
        mine = tuple(self.sizes.values())
        if mine in self.neighbours or not self.neighbours:
            return self.neighbours.get(mine, "")
        nearest = min(
            self.neighbours, key=lambda sizes: sum(abs(a - b) for a, b in zip(sizes, mine, strict=True))
        )
        named = ", ".join(f"{name} {size}" for name, size in zip(self.sizes, nearest, strict=True))
        return f"at {named}: {self.neighbours[nearest]}"


def randomness_of(part: int) -> np.random.Generator:
    """Where all that is random in a part that is held out comes from."""
    return np.random.default_rng((_SEED, part))


def only_at(steps: npt.NDArray[np.int64], T: int) -> Bools:
    """A mask [T, B] that is true at one step of each sequence, given as [B]."""
    mask: Bools = np.arange(T)[:, None] == steps
    return mask


def before(ends: npt.NDArray[np.int64], T: int) -> Bools:
    """A mask [T, B] that is true before the end of each sequence, given as [B]."""
    mask: Bools = np.arange(T)[:, None] < ends
    return mask


def some_lengths(random: np.random.Generator, length: int, count: int) -> npt.NDArray[np.int64]:
    """Lengths [B] between T and 1.1 T, each as likely."""
    return random.integers(length, length + length // 10, size=count, endpoint=True)
