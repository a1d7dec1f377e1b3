"""From a recipe to a comparison: every variant is trained with every seed, and nothing that is made is made again."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from carousel.errors import CarouselError, did_you_mean
from carousel.experiments.comparison.display import Display
from carousel.experiments.comparison.estimate import Estimate
from carousel.experiments.comparison.matching import matched
from carousel.experiments.comparison.outcomes import Outcome, outcome_of
from carousel.experiments.comparison.page import write_comparison
from carousel.experiments.comparison.plan import RUNS, Job, Plan
from carousel.experiments.comparison.processes import Event, Hands, train_in_processes
from carousel.experiments.comparison.result import Comparison, comparison_of
from carousel.experiments.comparison.variants import Variant, able_layers, of_extensions, of_layers, swept
from carousel.experiments.recipes import resolve
from carousel.files import make_folder
from carousel.screen import waiting
from carousel.training.config import Config
from carousel.training.lock import locked
from carousel.training.parts import METRICS
from carousel.training.run import open_run
from carousel.training.sections import TrainingConfig
from carousel.training.tasks import Material, task_of

LAYERS = ("torch", "lstm", "vanilla", "augmented")
MANY = 100
"""Runs above which a plan is not begun unasked."""


def compare(
    config: Config | str,
    layers: Sequence[str] | None = None,
    seeds: int = 5,
    *,
    ablation: bool = False,
    match: str | None = None,
    sweep: Mapping[str, Sequence[Any]] | None = None,
    workers: int | None = None,
    ray: str | None = None,
    out: str | Path | None = None,
    progress: bool = True,
    confirm: Callable[[str], bool] | None = None,
) -> Comparison:
    """Train variants of a recipe over seeds and say whether they differ, as the command `carousel compare` does.

    Each run is an ordinary run folder under `<folder>/runs`, made in another process; the result is written beside them
    as `comparison.json`, `.md`, `.html` and `.png`. Runs that are there and complete are not made again, and those that
    have begun go on: the same call continues what was interrupted, and one with more seeds or layers adds to it.

    Args:
        config: what is trained, or the name of a recipe.
        layers: the variants, the first of which the others are compared with; by default those of `LAYERS` that can
            have the settings of the rest.
        seeds: how many runs of each, from the configuration's seed on.
        ablation: instead of layers, a plain LSTM with each extension of the paper on and off, of equal parameters.
        match: "parameters" gives each variant the `hidden_size` whose parameters come nearest those of the first.
        sweep: settings and the values to try, which multiply; for each variant the ones with the lowest mean validation
            loss are chosen, and only their test scores are compared.
        workers: runs at a time; by default as many as the cores of this machine have room for.
        ray: address of a Ray cluster to train on, instead of here: `host:port`, "auto" or "local", which starts one.
        out: the folder; by default the first `comparisons/<recipe>-<n>` that is free or holds runs of this comparison.
        progress: show on standard error how far it is.
        confirm: asked before more than `MANY` runs are begun, with a sentence that says how many and how long.

    Returns:
        The result.

    Raises:
        CarouselError: an unknown recipe, layer or setting, no seed, a folder with runs of something else, too many runs
            without anyone to ask, data that cannot be read, or a run that cannot be made. What is finished is kept.
        KeyboardInterrupt: Ctrl-C. What is finished is kept.
    """
    base = resolve(config) if isinstance(config, str) else config
    left_out: dict[str, str] = {}
    if layers is None and not ablation:
        layers, left_out = able_layers(base, LAYERS)
    variants = _variants(base, layers, ablation, sweep or {})
    if match not in (None, "parameters"):
        raise CarouselError(f"there is no match '{match}'; {did_you_mean(str(match), ['parameters'])}")
    if seeds < 1:
        raise CarouselError(f"a comparison wants at least one seed, got {seeds}; five begin to show a spread")
    if workers is not None and workers < 1:
        raise CarouselError(f"a comparison wants at least one worker, got {workers}")
    task = task_of(base)
    if sweep and not task.chooses:
        raise CarouselError(
            f"task '{base.task.kind}' has no validation part that a sweep could choose by; compare for each value apart"
        )
    with waiting(f"reading {base.about}", progress):
        material = task.prepare(base)
    is_matched = match == "parameters" or ablation
    if is_matched:
        variants = matched(variants, material.names)
    first = base.training.seed
    plan = Plan(base, variants, range(first, first + seeds))
    folder = plan.folder(None if out is None else Path(out))
    jobs = plan.jobs(folder)
    with _kept(folder), _hands(base.training, workers, ray) as hands:
        finished = _finished(jobs)
        pending = [job for job in jobs if job.folder not in finished]
        if len(pending) > MANY:
            _ask(pending, hands.number, finished, material, confirm)
        failures = _train(hands.train(pending), pending, len(jobs), progress)
        finished |= _finished(pending)
        found = _found(variants, jobs, finished)
        _require_made(failures, found, len(jobs))
        comparison = replace(
            comparison_of(found, is_matched),
            folder=str(folder),
            left_out=left_out,
            not_counted=_not_counted(folder, jobs),
        )
        write_comparison(folder, comparison)
    return comparison


def _variants(
    base: Config, layers: Sequence[str] | None, ablation: bool, sweep: Mapping[str, Sequence[Any]]
) -> list[Variant]:
    if ablation and layers is not None:
        raise CarouselError("an ablation brings its own variants, got layers as well; leave one of them out")
    variants = of_extensions(base) if ablation else of_layers(base, layers or ())
    return swept(variants, sweep)


@contextmanager
def _kept(folder: Path) -> Iterator[None]:
    """Be alone in a folder, which is made if it is missing, and goes if nothing came of it."""
    make_folder(folder)
    try:
        with locked(folder):
            yield
    finally:
        for place in (folder / RUNS, folder):
            with suppress(OSError):
                place.rmdir()  # only if it is empty


def _finished(jobs: Sequence[Job]) -> dict[Path, Outcome]:
    """What the complete runs among these tell, by folder."""
    runs = [open_run(job.folder) for job in jobs if (job.folder / METRICS).is_file()]
    return {run.folder: outcome_of(run) for run in runs if run.metrics()["status"] == "complete"}


def _not_counted(folder: Path, jobs: Sequence[Job]) -> int:
    """How many complete runs of a folder are none of these."""
    counted = {job.folder for job in jobs}
    others = [file.parent for file in folder.glob(f"{RUNS}/*/{METRICS}") if file.parent not in counted]
    return sum(open_run(other).metrics()["status"] == "complete" for other in others)


@contextmanager
def _hands(training: TrainingConfig, workers: int | None, ray: str | None) -> Iterator[Hands]:
    if ray is None:
        count = workers or _room(training)
        yield Hands(count, lambda jobs: train_in_processes(jobs, count, training.threads))
        return
    if workers is not None:
        raise CarouselError(
            "on a Ray cluster Ray decides how many runs are made at a time; leave out workers"
        )
    from carousel.experiments.comparison.on_ray import on_ray

    with on_ray(ray, training) as hands:
        yield hands


def _room(training: TrainingConfig) -> int:
    """How many runs fit beside each other on this machine."""
    if training.device != "cpu":
        return 1
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(cores // (training.threads * training.devices), 1)


def _ask(
    pending: Sequence[Job],
    workers: int,
    finished: Mapping[Path, Outcome],
    material: Material[Any],
    confirm: Callable[[str], bool] | None,
) -> None:
    estimate = Estimate.of(pending, workers, finished, material)
    if confirm is None:
        raise CarouselError(f"{estimate}; say yes to that with --yes, or choose fewer")
    if not confirm(str(estimate)):
        raise CarouselError("nothing was begun; choose fewer values, variants or seeds")


def _train(events: Iterator[Event | None], pending: Sequence[Job], total: int, progress: bool) -> list[Event]:
    """Make the runs, show how far they are, and tell which could not be made.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    failures = []
    with closing(events), Display(pending, total, progress) as display:  # type: ignore[type-var]
        try:
            for event in events:
                if event is None:
                    display.look()
                    continue
                display.tell(event)
                if event.error and not event.retried:
                    failures.append(event)
        except KeyboardInterrupt:
            raise KeyboardInterrupt(
                f"after {display.runs}, which are kept; the same command goes on with the others"
                if display.ended
                else f"before any of the {total} runs had ended; the same command goes on with what was begun"
            ) from None
    return failures


def _found(
    variants: Sequence[Variant], jobs: Sequence[Job], finished: Mapping[Path, Outcome]
) -> list[tuple[Variant, list[Outcome]]]:
    """The variants with the outcomes of all their seeds, or with none where a seed has no outcome."""
    found = []
    for variant in variants:
        folders = [job.folder for job in jobs if job.variant == variant]
        whole = all(folder in finished for folder in folders)
        found.append((variant, [finished[folder] for folder in folders] if whole else []))
    return found


def _require_made(
    failures: Sequence[Event], found: Sequence[tuple[Variant, Sequence[Outcome]]], total: int
) -> None:
    """Refuse runs that could not be made, but for points of a sweep that did not learn beside others that did.

    Raises:
        CarouselError: the first of them, and how many there are.
    """
    learnt = {variant.name for variant, outcomes in found if outcomes}
    accidents = [event for event in failures if not (event.diverged and event.job.variant.name in learnt)]
    if accidents:
        first = accidents[0]
        raise CarouselError(
            f"{len(accidents)} of {total} runs could not be made, first {first.job}: {first.error}; what is finished "
            "is kept, and the same command tries the others again"
        ) from RuntimeError(first.trace)
