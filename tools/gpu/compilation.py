"""Compiles what the other sections launch, on all cores at once: one after another it takes minutes of a GPU's time.

Each process goes through those sections with short sequences, does its share of the attempts and launches nothing. What
it compiles lies in Triton's cache of files, where the sections find it.
"""

import contextlib
import os
import signal
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import agreement
import layers
import machine
import parts
import speed
from no_gpu import only_compile

from carousel.kernels.gpu import trust

SECTIONS = agreement, layers, parts, speed
MOST = 16
"""Processes, each of which has a context on the GPU."""
SECONDS = 100
"""What one of them may take. It ends itself, or it would go on beside the sections that follow."""


class Share:
    """In the place of a `Record`: every so many attempts, whatever comes of them. Those that ask for more time than
    others run PyTorch's own compiler, which has processes of its own.
    """  # noqa: D205

    def __init__(self, first: int, of: int) -> None:
        self.next, self.of, self.done = first, of, 0

    def __call__(self, **line: object) -> None:
        pass

    def attempt(self, what: str, check, *arguments, seconds: int | None = None) -> None:
        self.next -= 1
        if self.next < 0:
            self.next += self.of
            if seconds:
                return
            with contextlib.suppress(Exception):  # in its section it will be told
                check(*arguments)
            self.done += 1


class Brief(machine.Gpu):
    """The GPU, with sequences as short as can be, which compile the same."""

    def size(self, T: int, *others: int) -> tuple[int, ...]:
        return min(T, 3), *others

    def milliseconds(self, step: machine.Step, seconds: float = 0.0) -> float:
        step(0)
        return 1.0


def run(place, record) -> None:
    if not place.is_rehearsal:
        count = min(MOST, len(os.sched_getaffinity(0)))
        with ProcessPoolExecutor(count, mp_context=get_context("spawn")) as pool:
            record(attempts=sum(pool.map(share, range(count), [count] * count)), processes=count)


def share(first: int, of: int) -> int:
    """How many attempts it came to."""
    signal.alarm(SECONDS)
    only_compile()
    examined = trust._examined
    trust._examined = lambda *case: examined(*case) and ""  # nothing has run, so nothing agrees
    done = 0
    for section in SECTIONS:
        attempts = Share(first, of)
        section.run(Brief(), attempts)
        done += attempts.done
    return done
