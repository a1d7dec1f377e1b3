"""Strings of the embedded Reber grammar: what the second symbol was must be known at the last but one."""

from dataclasses import dataclass
from functools import cache
from math import log
from typing import ClassVar

import numpy as np
import numpy.typing as npt

from carousel.data.problems.problem import NOTHING, Criterion, Examples, Problem, randomness_of
from carousel.errors import CarouselError

SYMBOLS = "BTPSXVE"
GRAPH = (
    {"B": 1},
    {"T": 2, "P": 3},
    {"S": 2, "X": 4},
    {"T": 3, "V": 5},
    {"X": 3, "S": 6},
    {"P": 4, "V": 6},
    {"E": 7},
)
"""The Reber grammar: for each state, the symbols that may come, as likely each, and where they lead."""

STRINGS = 256
"""Different strings to learn from."""

MOST = 1000
"""Strings of a part that is held out, at most: the more different ones there are, the rarer is another."""

_POOL_SEED = 0


@dataclass(frozen=True)
class Reber(Problem):
    """The embedded Reber grammar: B, then T or P, then a string of the Reber grammar, the same T or P again, E.

    At each symbol the next one is to be told. Those to learn from are drawn from 256 different ones, and those
    held out are different from them and from each other. Rare, long strings appear late, so all are dealt to the three
    parts in turn: parts of up to 256 are alike.
    """

    title = "the embedded Reber grammar"
    source = "Hochreiter and Schmidhuber 1997"
    classes = True
    neighbours: ClassVar[dict[tuple[int, ...], str]] = {
        (): "LSTM in 97 to 100 % of trials, after 8,440 to 39,740 sequences; real-time recurrent learning in some "
        "trials, after 25,000 to 173,000; Elman nets in none (Hochreiter and Schmidhuber 1997)"
    }
    inputs = len(SYMBOLS)
    outputs = len(SYMBOLS)
    letters = SYMBOLS
    criterion = Criterion(right=1.0)

    @property
    def trivial(self) -> float:
        """Of the strings to learn from: each choice of the grammar, and of the last T or P, is one between two."""
        choices = [1 + sum(len(chances) > 1 for chances in following(string)) for string in dealt(0, STRINGS)]
        steps = [len(string) - 1 for string in dealt(0, STRINGS)]
        return log(2) * float(np.mean(np.divide(choices, steps)))

    def draw(self, random: np.random.Generator, count: int) -> Examples:
        strings = dealt(0, STRINGS)
        return examples([strings[index] for index in random.integers(len(strings), size=count)])

    def held_out(self, part: int, count: int) -> Examples:
        """So many strings of a part, the same at every call.

        Raises:
            CarouselError: more than `MOST`.
        """
        if count > MOST:
            raise CarouselError(
                f"{self.title} has {MOST} strings to hold out at most, got held_out {count}; lower it"
            )
        strings = dealt(1 + part, max(count, STRINGS))
        return examples([strings[index] for index in randomness_of(part).permutation(len(strings))[:count]])


def string(random: np.random.Generator) -> str:
    """One string of the embedded grammar."""
    outer = "TP"[random.integers(2)]
    state, inner = 0, ""
    while state < len(GRAPH):
        symbol = tuple(GRAPH[state])[int(random.random() * len(GRAPH[state]))]
        inner += symbol
        state = GRAPH[state][symbol]
    return f"B{outer}{inner}{outer}E"


@cache
def pool(count: int) -> tuple[str, ...]:
    """The first so many different strings of a fixed order; a smaller pool begins a larger one."""
    random = np.random.default_rng(_POOL_SEED)
    strings: dict[str, None] = {}
    while len(strings) < count:
        strings[string(random)] = None
    return tuple(strings)


def dealt(hand: int, count: int) -> tuple[str, ...]:
    """So many strings of the pool, every third, beginning with the first, second or third (hand 0, 1, 2)."""
    return pool(3 * count)[hand::3]


def following(string: str) -> list[str]:
    """For each symbol of an embedded string but the last, those that may come next."""
    chances, state = ["TP", "B"], 0
    for symbol in string[2:-2]:
        state = GRAPH[state][symbol]
        chances.append("".join(GRAPH[state]) if state < len(GRAPH) else string[1])
    return [*chances, "E"]


def examples(strings: list[str] | tuple[str, ...]) -> Examples:
    """Strings as examples: each symbol tells the next one."""
    steps = max(map(len, strings)) - 1
    x = np.full((steps, len(strings)), NOTHING)
    targets = np.zeros_like(x)
    possible: npt.NDArray[np.bool_] = np.zeros((*x.shape, len(SYMBOLS)), bool)
    for b, text in enumerate(strings):
        symbols = [SYMBOLS.index(symbol) for symbol in text]
        x[: len(text) - 1, b], targets[: len(text) - 1, b] = symbols[:-1], symbols[1:]
        for n, chances in enumerate(following(text)):
            possible[n, b, [SYMBOLS.index(symbol) for symbol in chances]] = True
    told = x != NOTHING
    return Examples(x, targets, told, told, possible)
