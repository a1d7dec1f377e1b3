"""The runs that a comparison consists of, and the folder that they are kept in."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from carousel.errors import CarouselError
from carousel.experiments.comparison.variants import Variant
from carousel.training.config import Config, load_config, override
from carousel.training.parts import CONFIG
from carousel.training.plain_yaml import shown

RUNS = "runs"
FILES = ("comparison.json", "comparison.md", "comparison.html", "comparison.png")


@dataclass(frozen=True)
class Job:
    """One run to be made.

    Attributes:
        variant: what is trained.
        seed: of everything random in it.
        folder: its run folder.
        config: the complete run.
    """

    variant: Variant
    seed: int
    folder: Path
    config: Config

    def __str__(self) -> str:
        return f"{self.variant}, seed {self.seed}"


@dataclass(frozen=True)
class Plan:
    """Every variant with every seed.

    Attributes:
        base: what the variants have in common.
        variants: in the order of the result, with a sweep every candidate.
        seeds: of the runs of each.
    """

    base: Config
    variants: Sequence[Variant]
    seeds: Sequence[int]

    def jobs(self, folder: Path) -> list[Job]:
        """The runs, seed by seed, so that early ones already tell all variants apart a little."""
        return [
            Job(
                variant,
                seed,
                folder / RUNS / f"{_file_name(variant)}-seed{seed}",
                override(variant.config, {"seed": seed}),
            )
            for seed in self.seeds
            for variant in self.variants
        ]

    def folder(self, out: Path | None) -> Path:
        """The folder of the comparison: `out`, or the first of `comparisons/<recipe>-<n>` that is free or fits.

        Raises:
            CarouselError: `out` holds something else, or runs that are not of this plan.
        """
        if out is not None:
            if reason := self._objection(out):
                raise CarouselError(f"{reason}; choose another folder with --out")
            return out
        places = (Path("comparisons") / f"{self.base.recipe}-{n}" for n in count(1))
        return next(place for place in places if self._objection(place) is None)

    def _objection(self, folder: Path) -> str | None:
        """Why the runs of this plan cannot be kept in a folder."""
        if not folder.exists():
            return None
        if not folder.is_dir() or any(path.name not in (*FILES, RUNS) for path in folder.glob("[!.]*")):
            return f"'{folder}' is there already and holds something else than a comparison"
        planned = {job.folder: job.config for job in self.jobs(folder)}
        for file in sorted(folder.glob(f"{RUNS}/*/{CONFIG}")):
            there = load_config(file)
            if reason := _difference(there, planned.get(file.parent), self.base):
                return f"'{file.parent}' is a run {reason}"
        return None


def _difference(there: Config, wanted: Config | None, base: Config) -> str | None:
    """What tells a run that is there from the one that is wanted, or if none is, from all runs of the plan."""
    if there.recipe != base.recipe:
        return f"of recipe '{there.recipe}', the comparison is of '{base.recipe}'"
    theirs, ours = there.model_dump(mode="json"), (wanted or base).model_dump(mode="json")
    for section in ("data", "task", "model", "training") if wanted else ("data", "task"):
        for name, value in ours[section].items():
            if theirs[section][name] != value:
                return f"with {name} {shown(theirs[section][name])}, the comparison has {name} {shown(value)} there"
    return None


def _file_name(variant: Variant) -> str:
    return re.sub(r"[^A-Za-z0-9_.=+-]+", "-", str(variant)).strip("-")
