"""Runs made side by side in processes of this machine."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from carousel.experiments.comparison.plan import Job
from carousel.training.config import to_yaml

COMMAND = [sys.executable, "-m", "carousel.experiments.comparison.worker"]
TICK = 0.5  # seconds between two looks at how far the runs are
PATIENCE = 20  # seconds that a training has to end in


class Event(NamedTuple):
    """Something that happened to a run.

    Attributes:
        job: the run.
        error: why it could not be made; None once it is made.
        trace: where in the code that was.
        retried: whether it is tried once more, its worker having died as `error` says.
        diverged: whether it learnt nothing, which is an answer and no accident.
    """

    job: Job
    error: str | None = None
    trace: str | None = None
    retried: bool = False
    diverged: bool = False


class Hands(NamedTuple):
    """Who makes runs.

    Attributes:
        number: how many runs at a time.
        train: makes runs and yields what happens, and None now and then; nothing is trained once that is closed.
    """

    number: int
    train: Callable[[Sequence[Job]], Iterator[Event | None]]


class WorkerDiedError(Exception):
    """How a worker ended, to be read after "the worker"."""


class _Worker:
    """A process that trains one run after another."""

    def __init__(self, threads: int) -> None:
        self._process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            env={**os.environ, "OMP_NUM_THREADS": str(threads)},
            start_new_session=True,  # Ctrl-C reaches this process alone, which ends the others
        )
        assert self._process.stdin and self._process.stdout
        self._orders, self._answers = self._process.stdin, self._process.stdout

    def train(self, job: Job) -> Event:
        answer = ""
        with suppress(OSError):
            print(
                json.dumps({"folder": str(job.folder), "config": to_yaml(job.config)}),
                file=self._orders,
                flush=True,
            )
            answer = self._answers.readline()
        if not answer:
            raise WorkerDiedError(_ending(self._process.wait()))
        return Event(job, **json.loads(answer))

    def end(self) -> None:
        """Tell the process to end, a training as after Ctrl-C."""
        with suppress(OSError):
            self._orders.close()

    def wait(self) -> None:
        """Wait until the process has ended; not for long."""
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._answers.close()


def train_in_processes(jobs: Sequence[Job], workers: int, threads: int) -> Iterator[Event | None]:
    """Make runs, several at a time; those that have begun go on.

    A run whose worker dies is tried once more, in another. When the iterator is closed, workers end as after Ctrl-C.

    Args:
        jobs: the runs.
        workers: how many at a time.
        threads: CPU threads of each.

    Yields:
        What happens, and None now and then.
    """
    started: list[_Worker] = []
    idle: list[_Worker] = []
    closing = threading.Event()

    def train(job: Job) -> Event:
        try:
            worker = idle.pop()
        except IndexError:
            worker = _Worker(threads)
            started.append(worker)
            if closing.is_set():
                worker.end()
        event = worker.train(job)
        idle.append(worker)
        return event

    pool = ThreadPoolExecutor(workers)
    try:
        pending = {pool.submit(train, job): job for job in jobs}
        retried: set[Path] = set()
        while pending:
            done, _ = wait(pending, TICK, FIRST_COMPLETED)
            yield None
            for future in done:
                event = _event(future, pending.pop(future), retried)
                if event.retried:
                    retried.add(event.job.folder)
                    pending[pool.submit(train, event.job)] = event.job
                yield event
    finally:
        closing.set()
        pool.shutdown(wait=False, cancel_futures=True)
        for worker in started:
            worker.end()
        for worker in started:
            worker.wait()
        pool.shutdown()


def _event(future: "Future[Event]", job: Job, retried: set[Path]) -> Event:
    try:
        return future.result()
    except WorkerDiedError as death:
        return Event(job, f"the worker {death}", retried=job.folder not in retried)


def _ending(code: int) -> str:
    if code >= 0:
        return f"ended with code {code}"
    name = signal.Signals(-code).name
    reason = ", perhaps for want of memory" if name == "SIGKILL" else ""
    return f"was ended by {name}{reason}"
