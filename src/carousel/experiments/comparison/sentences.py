"""What a comparison says in words: who is better and by how much, or that nothing can be told apart."""

from collections.abc import Sequence

from carousel.experiments.comparison.numbers import Scale, p_value
from carousel.experiments.comparison.result import Comparison, Row
from carousel.experiments.comparison.statistics import paired
from carousel.training.forecasting.verdict import NAMES

LEVEL = 0.05
"""Of the tests, all of them together."""

UNEVEN = 0.05
"""The share by which parameters may differ before it is said that they do."""

BETTER, WORSE = "better than {}", "worse than {}"


def scale_of(comparison: Comparison) -> Scale:
    return Scale.of([outcome.score for outcome in comparison.outcomes], comparison.is_share)


def verdict(comparison: Comparison) -> str:
    """Who is better than whom, and whether simpler means do as well."""
    sentences = [_differences(comparison), _beside_baselines(comparison)]
    return " ".join(sentence for sentence in sentences if sentence)


def notes(comparison: Comparison) -> list[str]:
    """What a reader should know before they believe the numbers."""
    said = []
    if tests := _tests(comparison):
        said.append(
            "Differences are those of runs of the same seed, with intervals of 95 % each; p values are of the paired "
            f"t test, after Holm's correction for {count(tests, 'test')}."
        )
    if len(comparison.seeds) > 1:
        said.append(
            "Seeds are not data sets: what is told here is told of this data, this division of it and these settings."
        )
    unsolved = {row.name: sum(not outcome.is_reached for outcome in row.outcomes) for row in comparison.rows}
    if any(unsolved.values()):
        told = ", ".join(f"{count} of '{name}'" for name, count in unsolved.items() if count)
        said.append(
            f"Runs that did not solve the problem: {told}. They count as if they had with the last sequence that they "
            "may have, so the means of these variants are too low."
        )
    counts = [row.parameters for row in comparison.rows]
    if comparison.matched and max(counts) > (1 + UNEVEN) * min(counts):
        said.append(
            f"Parameters could not be made equal, as sizes are whole numbers: they are {min(counts):,} to "
            f"{max(counts):,}."
        )
    if comparison.candidates:
        said.append(
            "The settings of each variant are those with the lowest validation loss, over all seeds; no test score was "
            "looked at for that."
        )
    if any(one.validation_loss is None for one in comparison.candidates):
        said.append(
            "Settings did not learn where the loss of a run was never a finite number; they are not chosen."
        )
    said += [f"Layer '{layer}' is left out, since {why}." for layer, why in comparison.left_out.items()]
    if comparison.not_counted:
        said.append(
            f"The folder holds {count(comparison.not_counted, 'more finished run')}, not asked for this time and not "
            "in the table."
        )
    for name in ("carousel", "torch"):
        versions = sorted({outcome.versions[name] for outcome in comparison.outcomes})
        if len(versions) > 1:
            said.append(f"The runs were made with different versions of {name}: {', '.join(versions)}.")
    return said


def _differences(comparison: Comparison) -> str:
    scale = scale_of(comparison)
    first, *others = comparison.rows
    if not others:
        reached = f"{scale.number(first.mean)}{scale.unit}"
        return f"'{first.name}' reaches {reached}; there is nothing to compare it with."
    if not _tests(comparison):
        return "A single seed tells no difference from chance; run more."
    told = [row for row in others if row.p is not None and row.p < LEVEL]
    if not told:
        return f"Nothing can be told apart over {len(comparison.seeds)} seeds. {_largest(others, scale)}"
    sentences = [_told(row, comparison, scale) for row in told]
    rest = _listed([row for row in others if row not in told])
    return " ".join(sentences) + (f" No difference can be told for {rest}." if rest else "")


def _largest(rows: Sequence[Row], scale: Scale) -> str:
    row = max(rows, key=lambda row: abs(row.difference.mean) if row.difference else 0.0)
    assert row.difference
    return (
        f"The largest difference is that of '{row.name}' from '{row.against}', "
        f"{scale.signed(row.difference.mean)}{scale.points}{_certainty(row, scale)}."
    )


def _told(row: Row, comparison: Comparison, scale: Scale) -> str:
    assert row.difference
    better = "better" if comparison.is_better(row.difference.mean, 0.0) else "worse"
    by = f"{scale.number(abs(row.difference.mean))}{scale.points}"
    return f"'{row.name}' is {better} than '{row.against}' by {by}{_certainty(row, scale)}."


def _certainty(row: Row, scale: Scale) -> str:
    if row.p is None or row.difference is None:
        return ""
    interval = f"{scale.interval(row.difference.interval)}, " if row.difference.interval else ""
    p = p_value(row.p)
    return f" ({interval}p {p if p.startswith('<') else f'= {p}'})"


def _beside_baselines(comparison: Comparison) -> str:
    if not comparison.baselines:
        return ""
    scale, baselines = scale_of(comparison), comparison.baselines
    best = (max if comparison.higher_is_better else min)(baselines, key=lambda name: baselines[name])
    readable = NAMES.get(best, best)
    told = f"the best of the baselines, {readable} ({scale.number(baselines[best])}{scale.unit})"
    groups: dict[str, list[Row]] = {}
    for row in comparison.rows:
        groups.setdefault(_standing(row, comparison, best), []).append(row)
    if len(groups) == 1:
        (standing,) = groups
        every = "The simple thing wins: every" if standing == WORSE else "Every"
        return f"{every} variant is {standing.format(told)}."
    sentences: list[str] = []
    for standing, rows in groups.items():
        verb = "is" if len(rows) == 1 else "are"
        sentences.append(f"{_listed(rows)} {verb} {standing.format(readable if sentences else told)}.")
    return " ".join(sentences)


def _standing(row: Row, comparison: Comparison, baseline: str) -> str:
    """How a variant stands to a baseline, which goes into the braces; better or worse only if its seeds tell that."""
    apart = paired(row.scores, [outcome.baselines[baseline] for outcome in row.outcomes])
    if apart.p is not None and apart.p < LEVEL:
        return BETTER if comparison.is_better(apart.mean, 0.0) else WORSE
    side = "above" if apart.mean > 0 else "below" if apart.mean < 0 else "at"
    return (
        f"{side} {{}}, with one seed"
        if apart.p is None
        else f"on average {side} {{}}, but not told apart from it"
    )


def _listed(rows: Sequence[Row]) -> str:
    return ", ".join(f"'{row.name}'" for row in rows)


def _tests(comparison: Comparison) -> int:
    return sum(row.p is not None for row in comparison.rows)


def count(number: int, noun: str) -> str:
    """A number and what is counted, in the plural unless it is one."""
    return f"{number} {noun}{'s' * (number != 1)}"
