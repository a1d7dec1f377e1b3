"""Starts the processes of a training on this machine, and sees that they end together."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from torch.distributed import TCPStore  # type: ignore[attr-defined]

from carousel.errors import CarouselError, DivergedError
from carousel.files import as_argument
from carousel.screen import waiting
from carousel.training.parts import MODEL
from carousel.training.sections import TrainingConfig

WORKER = """
try:
    from carousel.training.worker import work
except KeyboardInterrupt:
    raise SystemExit(130)
work()
"""
PAUSE = 0.05  # seconds between two looks at the processes
DIVERGED = 3  # exit code of a process whose training learnt nothing
GRACE = 10.0  # seconds that the others have after one has failed, or the first has ended


def launch(training: TrainingConfig, folder: Path, what: str, progress: bool) -> None:
    """Train in a run folder by `training.devices` processes, as `torchrun` would on one machine.

    Each is a Python of its own that reads the configuration in the folder, so nothing of this process is copied, and
    a script needs no guard against being run again. The processes end when this one does.

    Args:
        training: how many, and of how many threads.
        folder: the run folder.
        what: "fit" or "resume".
        progress: show the progress on standard error.

    Raises:
        CarouselError: what `fit` raises, or one of the processes was killed.
        KeyboardInterrupt: Ctrl-C before the first epoch has ended.
    """
    store = TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)
    count = training.devices
    group = {
        "MASTER_ADDR": store.host,
        "MASTER_PORT": str(store.port),
        "TORCHELASTIC_RUN_ID": "carousel",
        "TORCHELASTIC_USE_AGENT_STORE": "True",
        "GROUP_RANK": "0",
        "WORLD_SIZE": str(count),
        "LOCAL_WORLD_SIZE": str(count),
        "OMP_NUM_THREADS": str(training.threads),
    }
    workers: list[subprocess.Popen[str]] = []
    try:
        for rank in map(str, range(count)):
            workers.append(
                subprocess.Popen(
                    [sys.executable, "-c", WORKER, str(folder), what, "progress" if progress else ""],
                    env=os.environ | group | {"RANK": rank, "LOCAL_RANK": rank},
                    stdin=subprocess.PIPE,  # closed by the end of this process, whatever ends it
                    stdout=subprocess.PIPE,  # last words
                    text=True,
                    start_new_session=True,  # a terminal's Ctrl-C comes to this process, which passes it on once
                )
            )
        try:
            with waiting(f"starting {count} processes", progress):
                while not store.check(["started 0"]) and all(worker.poll() is None for worker in workers):
                    time.sleep(PAUSE)
            _wait(workers)
        except KeyboardInterrupt:
            for worker in workers:
                worker.send_signal(signal.SIGINT)
            _wait(workers)
            if workers[0].returncode:
                raise KeyboardInterrupt(*_words(workers[:1])) from None
        else:
            _require_success(workers, folder)
    finally:
        for worker in workers:
            worker.kill()
            worker.communicate()


def _wait(workers: Sequence[subprocess.Popen[str]]) -> None:
    """Wait until all have ended, but not for long once one has failed, or the first, whose word counts, has ended."""
    end = float("inf")
    while any(worker.poll() is None for worker in workers) and time.monotonic() < end:
        first = workers[0].returncode is not None
        if end == float("inf") and (first or any(worker.returncode for worker in workers)):
            end = time.monotonic() + GRACE
        time.sleep(PAUSE)


def _require_success(workers: Sequence[subprocess.Popen[str]], folder: Path) -> None:
    """Say why the training failed, if it did.

    Raises:
        CarouselError: a process failed or was killed.
        KeyboardInterrupt: Ctrl-C before the first epoch has ended.
    """
    for rank, worker in enumerate(workers, 1):
        if worker.returncode is not None and worker.returncode < 0:
            name = signal.Signals(-worker.returncode).name
            remedy = (
                f"; go on by `carousel fit --resume {as_argument(folder)}`"
                if (folder / MODEL).exists()
                else ""
            )
            raise CarouselError(
                f"process {rank} of {len(workers)} was ended by {name}, and the training with it{remedy}"
            )
    if workers[0].returncode == 130:
        raise KeyboardInterrupt(*_words(workers[:1]))
    if workers[0].returncode != 0:
        diverged = any(worker.returncode == DIVERGED for worker in workers)
        kind = DivergedError if diverged else CarouselError
        raise kind(next(_words(workers), "the training failed, and standard error tells why"))


def _words(workers: Sequence[subprocess.Popen[str]]) -> Iterator[str]:
    """What those that have ended and had something to say said."""
    said = (worker.communicate()[0].strip() for worker in workers if worker.returncode is not None)
    return filter(None, said)
