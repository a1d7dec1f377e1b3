"""A run of the benchmarks: its results, and the machine that they hold for."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from carousel.benchmarks import machine
from carousel.benchmarks.plan import Plan, Setting
from carousel.benchmarks.result import Result
from carousel.benchmarks.rows import ROWS, Line, judge
from carousel.benchmarks.runner import measure
from carousel.errors import CarouselError

SECONDS, QUICK_SECONDS = 2.0, 0.2
"""To spend on the rounds of a setting."""


@dataclass(frozen=True)
class Record:
    """What a run found."""

    date: str
    """ISO."""
    machine: dict[str, Any]
    """What `machine.describe()` says."""
    peaks: dict[int, float]
    """The machine's float32 peak in 1e9 operations a second, by number of threads."""
    is_quick: bool
    """On a part of the grid, and in few rounds."""
    absent: dict[str, str]
    """Who took no part, and why."""
    rows: list[str]
    """Names of the rows that were measured."""
    results: list[Result]

    @property
    def name(self) -> str:
        """Of its files."""
        return f"cpu-{self.date}{'-quick' if self.is_quick else ''}"

    @property
    def lines(self) -> list[Line]:
        """The rows with what was found, in the table's order."""
        return judge([row for row in ROWS if row.name in self.rows], self.results)

    def as_json(self) -> dict[str, Any]:
        """What is written to a file."""
        return vars(self) | {
            "peaks": {str(threads): peak for threads, peak in self.peaks.items()},
            "results": [result.as_json() for result in self.results],
        }

    @classmethod
    def read(cls, path: Path) -> "Record":
        """A record that was written before.

        Raises:
            CarouselError: the file cannot be read, or is no record.
        """
        try:
            found = json.loads(path.read_text())
            peaks = {int(threads): float(peak) for threads, peak in found.pop("peaks").items()}
            results = [Result.from_json(result) for result in found.pop("results")]
            return cls(**found, peaks=peaks, results=results)
        except OSError as error:
            raise CarouselError(f"cannot read '{path}': {error.strerror}; check the path") from error
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise CarouselError(
                f"'{path}' is no record of the benchmarks; give a .json file that `carousel bench` wrote"
            ) from error


def run(plan: Plan, track: Callable[[Sequence[Setting]], Iterable[Setting]] = iter) -> Record:
    """Measure all that is planned.

    Args:
        plan: what to measure.
        track: hands on the settings one by one, and may tell how far they are.
    """
    peaks = {count: machine.peak(count) for count in plan.threads}
    seconds = QUICK_SECONDS if plan.is_quick else SECONDS
    results = [result for setting in track(plan.settings) for result in measure(setting, seconds, peaks)]
    return Record(
        date=date.today().isoformat(),
        machine=machine.describe(),
        peaks=peaks,
        is_quick=plan.is_quick,
        absent=plan.absent,
        rows=list(dict.fromkeys(row.name for row in plan.rows)),
        results=results,
    )
