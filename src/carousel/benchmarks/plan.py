"""What has to be measured for some rows of the table."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from carousel.benchmarks.grid import GRID, QUICK, Shape
from carousel.benchmarks.machine import cores
from carousel.benchmarks.peers import absent
from carousel.benchmarks.problem import Mode
from carousel.benchmarks.rows import ROWS, Row
from carousel.errors import CarouselError, did_you_mean

THREADS = (1, 2)


class Setting(NamedTuple):
    """What is measured at once: one cell, one mode, one size, one number of threads, all who are held against it."""

    cell: str
    mode: Mode
    shape: Shape
    threads: int
    rivals: tuple[str, ...]

    def __str__(self) -> str:
        plural = "" if self.threads == 1 else "s"
        return f"{self.cell} {self.mode} {self.shape}, {self.threads} thread{plural}"


@dataclass(frozen=True)
class Plan:
    """A run that can be made on this machine."""

    rows: list[Row]
    """Those whose rival is here."""
    absent: dict[str, str]
    """The rivals that are asked for and not here, and why."""
    threads: list[int]
    settings: list[Setting]
    is_quick: bool

    @classmethod
    def make(cls, names: Sequence[str] = (), threads: Sequence[int] = (), is_quick: bool = False) -> "Plan":
        """Plan a run.

        Args:
            names: of rows; none for all but the slow ones.
            threads: how many; none for 1 and 2, as far as there are cores.
            is_quick: on a part of the grid.

        Raises:
            CarouselError: there is no such row, or the machine has fewer cores.
        """
        wanted, counts = _chosen(names), _checked(threads)
        asked = {row.rival for row in wanted}
        missing = {name: why for name, why in absent().items() if name in asked}
        rows = [row for row in wanted if row.rival not in missing]
        return cls(rows, missing, counts, _settings(rows, QUICK if is_quick else GRID, counts), is_quick)


def _chosen(names: Sequence[str]) -> list[Row]:
    known = {row.name for row in ROWS}
    for name in names:
        if name not in known:
            raise CarouselError(f"no row of the table is called '{name}'; {did_you_mean(name, known)}")
    return [row for row in ROWS if (row.name in names if names else not row.is_slow)]


def _checked(threads: Sequence[int]) -> list[int]:
    most = cores()
    for count in threads:
        if not 1 <= count <= most:
            raise CarouselError(
                f"--threads must lie in 1..{most}, the cores that this process may use, got {count}"
            )
    return sorted(set(threads)) or [count for count in THREADS if count <= most]


def _settings(rows: Iterable[Row], shapes: Sequence[Shape], threads: Sequence[int]) -> list[Setting]:
    """Every setting that the rows need on these shapes, each once, with all rivals that are asked for there."""
    rivals: dict[tuple[str, Mode, Shape, int], dict[str, None]] = {}
    for row in rows:
        places = [(shape, count) for shape in row.shapes if shape in shapes for count in threads]
        for cell in row.cells:
            for place in places:
                rivals.setdefault((cell, row.mode, *place), {})[row.rival] = None
    kinds = list(dict.fromkeys(where[:2] for where in rivals))
    order = sorted(rivals, key=lambda where: (kinds.index(where[:2]), shapes.index(where[2]), where[3]))
    return [Setting(*where, tuple(rivals[where])) for where in order]
