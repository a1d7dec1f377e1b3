"""What a comparison found: a row for each variant, and what can be said about their differences."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import fmean, median, stdev

from carousel.experiments.comparison.outcomes import Outcome
from carousel.experiments.comparison.statistics import Difference, holm, paired
from carousel.experiments.comparison.variants import Variant
from carousel.training.tasks import task_of

FEW = 5
"""Variants that a title names."""


@dataclass(frozen=True)
class Row:
    """One variant over its seeds.

    Attributes:
        name: of the variant.
        settings: that a sweep chose for it.
        hidden_size: cells of each layer and direction.
        parameters: trained weights.
        outcomes: its runs, in the order of their seeds.
        against: the variant that it is compared with; None for the first.
        difference: how much more it scores than that one, over the seeds that both have.
        p: that of the difference, after Holm's correction for all rows; None where none could be told.
    """

    name: str
    settings: str
    hidden_size: int
    parameters: int
    outcomes: tuple[Outcome, ...]
    against: str | None
    difference: Difference | None
    p: float | None

    @property
    def scores(self) -> list[float]:
        return [outcome.score for outcome in self.outcomes]

    @property
    def mean(self) -> float:
        return fmean(self.scores)

    @property
    def deviation(self) -> float | None:
        """The standard deviation over the seeds; None for a single one."""
        return stdev(self.scores) if len(self.scores) > 1 else None

    @property
    def seconds_per_epoch(self) -> float:
        """The median over the runs."""
        return median(outcome.seconds_per_epoch for outcome in self.outcomes)


@dataclass(frozen=True)
class Candidate:
    """The settings of one point of a sweep: one of them is chosen for each variant, by the validation part alone.

    Attributes:
        name: of the variant.
        settings: of the candidate.
        parameters: trained weights; None if it did not learn.
        validation_loss: the mean over the seeds; None if the loss of one of them was never a finite number.
        is_chosen: whether its test scores are those of the variant.
    """

    name: str
    settings: str
    parameters: int | None
    validation_loss: float | None
    is_chosen: bool


@dataclass(frozen=True)
class Comparison:
    """The result of `compare`.

    Attributes:
        recipe: what was compared on.
        data: the name of the data.
        score: where in the test scores the compared number is, such as "accuracy".
        higher_is_better: whether more of it is better.
        is_share: whether it lies between 0 and 1.
        rows: a variant each, the first of which the others are compared with.
        baselines: what simpler means reach on the same test part, by name; the mean over the runs, which all have it.
        candidates: of a sweep; empty without one.
        matched: whether all variants were given the parameters of the first, as nearly as possible.
        folder: where it is kept; None if it is not.
        left_out: layers that are compared where nothing else is asked for, and why they could not be.
        counted: what the score is called where it is none of the test part, else empty.
        not_counted: how many finished runs lie in the folder and were not asked for this time.
    """

    recipe: str
    data: str
    score: str
    higher_is_better: bool
    is_share: bool
    rows: tuple[Row, ...]
    baselines: Mapping[str, float]
    candidates: tuple[Candidate, ...]
    matched: bool
    folder: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    counted: str = ""
    not_counted: int = 0

    @property
    def title(self) -> str:
        names = [row.name for row in self.rows]
        return f"{self.recipe}: {', '.join(names) if len(names) <= FEW else f'{len(names)} variants'}"

    @property
    def label(self) -> str:
        """What the compared number is called: "mase" for the score "mase.forecast"."""
        return self.counted or self.score.partition(".")[0]

    @property
    def label_and_part(self) -> str:
        """The same with the part of the data that it is of, such as "test mase"."""
        return self.counted or f"test {self.label}"

    @property
    def seeds(self) -> list[int]:
        """The seeds that any run has."""
        return sorted({outcome.seed for row in self.rows for outcome in row.outcomes})

    @property
    def outcomes(self) -> list[Outcome]:
        return [outcome for row in self.rows for outcome in row.outcomes]

    def is_better(self, score: float, other: float) -> bool:
        return score > other if self.higher_is_better else score < other


def comparison_of(found: Sequence[tuple[Variant, Sequence[Outcome]]], matched: bool = False) -> Comparison:
    """What finished runs tell.

    Args:
        found: the variants, with a sweep all candidates for each, and their runs; none where a candidate did not learn.
        matched: whether sizes were chosen to make parameters equal.
    """
    chosen = {name: _choice(found, name) for name in dict.fromkeys(variant.name for variant, _ in found)}
    tested = [(variant, outcomes) for variant, outcomes in found if chosen[variant.name] == variant.settings]
    by_name = {variant.name: outcomes for variant, outcomes in tested}
    differences = [
        _difference(outcomes, by_name[variant.against]) if variant.against else None
        for variant, outcomes in tested
    ]
    known = [index for index, one in enumerate(differences) if one and one.p is not None]
    corrected = dict(zip(known, holm([differences[index].p for index in known]), strict=True))  # type: ignore
    config = found[0][0].config
    task = task_of(config)
    every = [outcome for _, outcomes in found for outcome in outcomes]
    return Comparison(
        recipe=config.recipe,
        data=config.about,
        score=task.primary_of(config),
        higher_is_better=task.higher_is_better,
        is_share=task.is_share,
        rows=tuple(
            Row(
                variant.name,
                variant.settings,
                variant.config.model.hidden_size,
                outcomes[0].parameters,
                tuple(outcomes),
                variant.against,
                differences[index],
                corrected.get(index),
            )
            for index, (variant, outcomes) in enumerate(tested)
        ),
        baselines={
            name: fmean(outcome.baselines[name] for outcome in every)
            for name in every[0].baselines
            if all(name in outcome.baselines for outcome in every)
        },
        candidates=tuple(
            Candidate(
                variant.name,
                variant.settings,
                outcomes[0].parameters if outcomes else None,
                _validation(outcomes) if outcomes else None,
                chosen[variant.name] == variant.settings,
            )
            for variant, outcomes in found
            if len(found) > len(chosen)
        ),
        matched=matched,
        counted=task.counted,
    )


def _choice(found: Sequence[tuple[Variant, Sequence[Outcome]]], name: str) -> str:
    """The settings of the candidate with the lowest validation loss; test scores are not looked at."""
    losses = {
        variant.settings: _validation(outcomes)
        for variant, outcomes in found
        if variant.name == name and outcomes
    }
    return min(losses, key=lambda settings: losses[settings])


def _validation(outcomes: Sequence[Outcome]) -> float:
    return fmean(outcome.validation_loss for outcome in outcomes)


def _difference(outcomes: Sequence[Outcome], others: Sequence[Outcome]) -> Difference | None:
    """Over the seeds that both have; None without one."""
    theirs = {outcome.seed: outcome.score for outcome in others}
    pairs = [(outcome.score, theirs[outcome.seed]) for outcome in outcomes if outcome.seed in theirs]
    return paired(*zip(*pairs, strict=True)) if pairs else None
