"""Runs that were made before, compared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from carousel.errors import CarouselError
from carousel.experiments.comparison.outcomes import outcome_of
from carousel.experiments.comparison.page import write_comparison
from carousel.experiments.comparison.plan import RUNS
from carousel.experiments.comparison.result import Comparison, comparison_of
from carousel.experiments.comparison.variants import Variant, told
from carousel.training.config import Config, override, to_yaml
from carousel.training.parts import CONFIG
from carousel.training.run import Run, open_run


def compare_runs(folders: Sequence[str | Path], out: str | Path | None = None) -> Comparison:
    """Compare finished runs on the same data: those that differ in nothing but the seed are one variant.

    What a recipe is called, where a file lies and whether event files were written makes no difference.

    Args:
        folders: of runs, each of one or of several, which are taken in the order of their names; the variant of the
            first is the one that the others are compared with.
        out: a folder to write the result into, as `compare` does; by default it is not written.

    Raises:
        CarouselError: a folder is no complete run, runs are of different data or tasks, two are of the same
            configuration and seed, a variant lacks a seed of another, or `out` cannot be written.
    """
    runs = [_opened(run) for folder in folders for run in _runs_in(Path(folder))]
    _require_comparable(runs)
    groups: dict[str, list[Run]] = {}
    for run in runs:
        groups.setdefault(to_yaml(_told_apart_by(_without_seed(run.config))), []).append(run)
    configs = [_without_seed(group[0].config) for group in groups.values()]
    names = _names([_told_apart_by(config) for config in configs])
    _require_the_same_seeds(dict(zip(names, groups.values(), strict=True)))
    against = [None, *[names[0]] * (len(names) - 1)]
    found = [
        (Variant(name, config, other), [outcome_of(run) for run in group])
        for name, config, other, group in zip(names, configs, against, groups.values(), strict=True)
    ]
    comparison = comparison_of(found)
    if out is not None:
        comparison = replace(comparison, folder=str(out))
        write_comparison(Path(out), comparison)
    return comparison


def _runs_in(folder: Path) -> list[Path]:
    """The folder, if it is a run or holds none."""
    inside = sorted(file.parent for file in folder.glob(f"*/{CONFIG}"))
    return inside if inside and not (folder / CONFIG).exists() else [folder]


def _opened(folder: Path) -> Run:
    if (folder / RUNS).is_dir() and not (folder / CONFIG).exists():
        raise CarouselError(f"'{folder}' is a comparison and no run; give the runs in it, {folder / RUNS}")
    return open_run(folder)


def _require_comparable(runs: Sequence[Run]) -> None:
    first = runs[0]
    seen: dict[str, Run] = {}
    for run in runs:
        if _asked(run.config) != _asked(first.config):
            raise CarouselError(
                f"'{run.folder}' was asked something else than '{first.folder}': their data or task differ; "
                "compare runs on the same"
            )
        other = seen.setdefault(to_yaml(_told_apart_by(run.config)), run)
        if other is not run:
            raise CarouselError(
                f"'{other.folder}' and '{run.folder}' are of the same configuration and seed; leave one of them out"
            )


def _require_the_same_seeds(groups: Mapping[str, Sequence[Run]]) -> None:
    seeds = {name: {run.config.training.seed for run in group} for name, group in groups.items()}
    every = set().union(*seeds.values())
    lacking = [
        f"'{name}' lacks {', '.join(map(str, sorted(every - own)))}"
        for name, own in seeds.items()
        if own != every
    ]
    if lacking:
        raise CarouselError(
            f"all variants must have the same seeds, but {'; '.join(lacking)}: make these runs, or leave out the "
            "others of those seeds"
        )


def _told_apart_by(config: Config) -> Config:
    """What makes runs different: not a recipe's name, nor where a file of the same content lies, nor event files."""
    nothing = {"recipe": "custom", "file": config.data.sha256 or config.data.file, "tensorboard": False}
    return override(config, nothing)


def _asked(config: Config) -> dict[str, Any]:
    """The data and the task; a file may have moved, as long as its content is the same."""
    data = config.data.model_dump()
    return {**data, "file": data["sha256"] or data["file"]} | config.task.model_dump()


def _without_seed(config: Config) -> Config:
    return override(config, {"seed": 0})


def _names(configs: Sequence[Config]) -> list[str]:
    """What tells the configurations apart: the layer, or all settings that differ."""
    layers = [config.model.layer for config in configs]
    if len({*layers}) == len(layers):
        return [*layers]
    settings = [{**config.model.model_dump(), **config.training.model_dump()} for config in configs]
    differing = [name for name in settings[0] if any(one[name] != settings[0][name] for one in settings)]
    names = [told({name: one[name] for name in differing if name != "layer"}) for one in settings]
    return [
        f"{layer} {name}".strip() if "layer" in differing else name
        for layer, name in zip(layers, names, strict=True)
    ]
