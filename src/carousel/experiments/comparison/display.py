"""How far the runs of a comparison are, while one waits: one moving line on a terminal, else a line for each run."""

import time
from collections.abc import Sequence
from types import TracebackType

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from carousel.experiments.comparison.estimate import duration
from carousel.experiments.comparison.plan import Job
from carousel.experiments.comparison.processes import Event
from carousel.training.parts import HISTORY


class Display:
    """Counts epochs: those of a run that has ended as many as it might have had.

    Args:
        jobs: the runs that are still to be made.
        total: how many runs there are, with those that have been made before.
        shown: whether anything is shown at all.
    """

    def __init__(self, jobs: Sequence[Job], total: int, shown: bool) -> None:
        self._open = {job.folder: job for job in jobs}
        self._epochs = sum(job.config.training.epochs for job in jobs)
        self._total = total
        self._begun = sum(_epochs_of(job) for job in jobs)
        self._start = time.monotonic()
        self._console = Console(stderr=True, quiet=not shown)
        self._bar = Progress(
            TextColumn("{task.fields[runs]}"),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[left]}"),
            console=self._console,
            expand=True,
            disable=not self._console.is_terminal,
        )
        self._line = self._bar.add_task("compare", total=self._epochs, runs="", left="")

    def __enter__(self) -> "Display":
        self._bar.start()
        self.look()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._bar.stop()

    @property
    def ended(self) -> int:
        """How many runs there is nothing left to do for."""
        return self._total - len(self._open)

    @property
    def runs(self) -> str:
        """Such as "7 of 20 runs"."""
        return f"{self.ended} of {self._total} runs"

    def look(self) -> None:
        """See how far the runs are."""
        done = self._done()
        self._bar.update(self._line, completed=done, runs=self.runs, left=self._left(done))

    def tell(self, event: Event) -> None:
        """Say what happened to a run."""
        if event.retried:
            self._print(f"{event.job}: {event.error}; the run is tried once more")
            return
        del self._open[event.job.folder]
        self.look()
        if event.error:
            why = "did not learn: " if event.diverged else ""
            self._print(f"{event.job}: {why}{event.error}")
        elif self._bar.disable:
            self._print(f"{event.job}: done; {self.runs}, {self._left(self._done())}")

    def _print(self, line: str) -> None:
        self._console.print(line, soft_wrap=True, highlight=False, markup=False)

    def _done(self) -> int:
        left = sum(job.config.training.epochs - _epochs_of(job) for job in self._open.values())
        return self._epochs - left

    def _left(self, done: int) -> str:
        since = done - self._begun
        if since <= 0:
            return "time left unknown"
        return f"{duration((time.monotonic() - self._start) / since * (self._epochs - done))} left"


def _epochs_of(job: Job) -> int:
    """The epochs that a run has behind it."""
    try:
        rows = (job.folder / HISTORY).read_bytes().count(b"\n") - 1
    except OSError:
        return 0
    return min(max(rows, 0), job.config.training.epochs)
