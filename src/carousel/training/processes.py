"""The processes that train one model together: who divides a batch, and how all of them end.

Each has a copy of the model and answers its share of every batch; PyTorch's DistributedDataParallel adds up the
gradients. `carousel.training.launch` starts them, or `torchrun`, which also keeps a store of facts that they share.
The first process alone writes files and speaks to the user, but for an error: that is told by whoever fails first.
"""

import atexit
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from functools import cache
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.distributed.rendezvous import rendezvous

from carousel.errors import CarouselError
from carousel.training.tally import Tally

Scores = dict[str, Tensor]
PAUSE = 0.02  # seconds between two looks at the store


class Alone:
    """The one process of a training."""

    rank = 0
    count = 1
    count_here = 1
    """How many of them run on this machine."""

    @property
    def is_first(self) -> bool:
        """Whether this process writes the files and speaks to the user."""
        return self.rank == 0

    @property
    def trainer_options(self) -> dict[str, Any]:
        """What Lightning's trainer has to know."""
        return {"devices": 1}

    def ending(self) -> AbstractContextManager[None]:
        """Where this process or another fails inside, all of them end, and one says why."""
        return nullcontext()

    def first(self, context: AbstractContextManager[None]) -> AbstractContextManager[None]:
        """The context for the first process, none for the others."""
        return context if self.is_first else nullcontext()

    def meet(self) -> None:
        """Wait until all processes are here."""

    def leave(self) -> None:
        """Wait until all processes are here or have failed: one that is gone breaks the connections of the others."""

    def from_first(self, make: Callable[[], str]) -> str:
        """What the first process makes; the others wait for it."""
        return make()

    def draw_apart(self, seed: int) -> None:
        """Let each process draw random numbers of its own; the first draws those that a single one would."""

    def begin(self) -> None:
        """Called when the trainer is set up."""

    def each(self, own: Any) -> Any:
        """What each process has, for `own` to take back from."""
        return own

    def own(self, each: Any) -> Any:
        """The part of `each` that belongs to this process."""
        return each

    def scores(self, answer: Callable[[Any], Scores], batch: Any) -> Scores:
        """The scores [n] of this process's share of a batch."""
        return answer(batch)

    def mean(self, losses: Tensor) -> Tensor:
        """A number whose gradient, averaged over the processes, is that of the mean of the losses [n] of all."""
        return losses.mean()

    def tallied(self, tallies: dict[str, Tally]) -> dict[str, Tally]:
        """The tallies of all processes together."""
        return tallies


class _AnotherEndedError(Exception):
    """Another process has ended before it came to where this one waits."""


class Together(Alone):
    """One of the processes that `torchrun`, or `launch` in its manner, has started.

    Of the B sequences of a batch, the process of rank r takes r, r + count, r + 2 count, …, so that a sequence that is
    read in segments stays with its process.
    """

    def __init__(self) -> None:
        self.store, self.rank, self.count = next(rendezvous("env://"))
        self.count_here = int(os.environ["LOCAL_WORLD_SIZE"])
        self._sequence = 0
        self.store.set(f"started {self.rank}", "")
        atexit.register(_close)

    @property
    def trainer_options(self) -> dict[str, Any]:
        return {
            "devices": self.count_here,
            "num_nodes": self.count // self.count_here,
            "strategy": "ddp",
            "use_distributed_sampler": False,
        }

    @contextmanager
    def ending(self) -> Iterator[None]:
        try:
            yield
        except (Exception, KeyboardInterrupt) as error:
            told = self._told(error)
            if told is error:
                raise
            raise told from error

    def _told(self, error: BaseException) -> BaseException:
        """What this process ends with: the error if it is the first, or a silent end.

        After Ctrl-C in any of them, the first process ends as after Ctrl-C.
        """
        if isinstance(error, KeyboardInterrupt) and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.SIG_IGN)  # torchrun passes on what the terminal sent to all
        kind = "interrupt" if isinstance(error, KeyboardInterrupt) else "error"
        try:
            first = self.store.compare_set("ended", "", f"{kind} {self.rank}").decode()
        except RuntimeError:  # whoever keeps the store has gone, and ends this process, too
            return SystemExit(2)
        if first.startswith("interrupt"):
            if not self.is_first:
                return SystemExit(130)
            return error if isinstance(error, KeyboardInterrupt) else KeyboardInterrupt()
        if first != f"error {self.rank}":
            return SystemExit(2)
        if isinstance(error, dist.DistError) or (isinstance(error, RuntimeError) and "gloo" in str(error)):
            return CarouselError("the connection to another process of the training broke")
        return error

    def meet(self) -> None:
        name = self._next("here")
        if self.store.add(name, 1) == self.count:
            self.store.set(f"all {name}", "")
        self._await(f"all {name}")

    def leave(self) -> None:
        with suppress(_AnotherEndedError):
            self.meet()

    def from_first(self, make: Callable[[], str]) -> str:
        name = self._next("made")
        if self.is_first:
            self.store.set(name, make())
        self._await(name)
        return str(self.store.get(name), "utf-8")

    def _next(self, name: str) -> str:
        """A name that every process comes to at the same place."""
        self._sequence += 1
        return f"{name} {self._sequence}"

    def _await(self, name: str) -> None:
        """Wait for a fact in the store."""
        while not self.store.check([name]):
            if self.store.check(["ended"]):
                raise _AnotherEndedError
            time.sleep(PAUSE)

    def draw_apart(self, seed: int) -> None:
        if not self.is_first:
            torch.manual_seed(int(np.random.SeedSequence((seed, self.rank)).generate_state(1)[0]))

    def begin(self) -> None:
        # Lightning answers SIGTERM by a broadcast, which the other processes do not expect just then.
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, signal.default_int_handler)

    def each(self, own: Any) -> Any:
        found: list[Any] = [None] * self.count
        dist.all_gather_object(found, own)
        return found

    def own(self, each: Any) -> Any:
        return each[self.rank]

    def scores(self, answer: Callable[[Any], Scores], batch: Any) -> Scores:
        if self.rank < batch[0].shape[1]:
            return answer(columns(batch, slice(self.rank, None, self.count)))
        # The others wait for a gradient, which is zero, because nothing is left of the scores.
        return {name: values[:0] for name, values in answer(columns(batch, slice(1))).items()}

    def mean(self, losses: Tensor) -> Tensor:
        total = torch.tensor(len(losses), device=losses.device)
        dist.all_reduce(total)
        return losses.sum() * (self.count / total)

    def tallied(self, tallies: dict[str, Tally]) -> dict[str, Tally]:
        together: dict[str, Tally] = {}
        for one in self.each({name: tally.numbers for name, tally in tallies.items()}):
            for name, numbers in one.items():
                together.setdefault(name, Tally()).include(*numbers)
        return together


def columns(batch: Any, which: slice) -> Any:
    """Some of the B sequences of a batch, which lie along the second axis of its tensors, or along the only one."""
    return type(batch)(
        *(None if part is None else part[:, which] if part.ndim > 1 else part[which] for part in batch)
    )


def _close() -> None:
    """Let the group's threads end before the program does, which would else abort."""
    if dist.is_initialized():
        dist.destroy_process_group()


@cache
def processes() -> Alone:
    """The processes that this one belongs to."""
    launched = dist.is_available() and dist.is_torchelastic_launched() and int(os.environ["WORLD_SIZE"]) > 1
    return Together() if launched else Alone()
