"""Problems of memory: synthetic sequences of any number, each drawn by the exact rule of a paper.

Nothing but NumPy. `PROBLEMS` has them by name; `problem_of` makes one.
"""

from carousel.data.problems.adding import Adding, Adding1997, Multiplication
from carousel.data.problems.copying import Copy
from carousel.data.problems.lag import Lag2a, Lag2b, Lag2c
from carousel.data.problems.order import Order6a, Order6b
from carousel.data.problems.problem import NOTHING as NOTHING
from carousel.data.problems.problem import TEST as TEST
from carousel.data.problems.problem import VALIDATION as VALIDATION
from carousel.data.problems.problem import Criterion as Criterion
from carousel.data.problems.problem import Examples as Examples
from carousel.data.problems.problem import Problem as Problem
from carousel.data.problems.reber import Reber
from carousel.data.problems.timing import Cosine, Rectangle, SpikeDelays, TimedSpikes, Triangle
from carousel.data.problems.two_sequences import TwoSequences3a, TwoSequences3b, TwoSequences3c
from carousel.errors import CarouselError, did_you_mean

PROBLEMS: dict[str, type[Problem]] = {
    "adding": Adding,
    "copy": Copy,
    "reber": Reber,
    "lag_2a": Lag2a,
    "lag_2b": Lag2b,
    "lag_2c": Lag2c,
    "two_sequences_3a": TwoSequences3a,
    "two_sequences_3b": TwoSequences3b,
    "two_sequences_3c": TwoSequences3c,
    "adding_1997": Adding1997,
    "multiplication": Multiplication,
    "order_6a": Order6a,
    "order_6b": Order6b,
    "spike_delays": SpikeDelays,
    "timed_spikes": TimedSpikes,
    "cosine": Cosine,
    "triangle": Triangle,
    "rectangle": Rectangle,
}


def problem_of(name: str, **sizes: int) -> Problem:
    """The problem of a name, with these of its sizes, the others being the published ones.

    Raises:
        CarouselError: there is no such problem, it has no such size, or a size is too small.
    """
    if name not in PROBLEMS:
        raise CarouselError(f"there is no problem '{name}'; {did_you_mean(name, PROBLEMS)}")
    known = list(PROBLEMS[name]().sizes)
    for size in sizes:
        if size not in known:
            has = f"has {' and '.join(known)}" if known else "is of one size"
            raise CarouselError(f"problem '{name}' {has}, got {size} {sizes[size]}; leave that out")
    return PROBLEMS[name](**sizes)
