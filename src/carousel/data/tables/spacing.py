"""The sampling step: how far apart rows are, by the clock, by the calendar, or not evenly at all."""

from collections import Counter

import numpy as np

from carousel.data.steps import Step, in_words, nanoseconds, span
from carousel.data.tables.layout import Located, Spacing, Walk, follows
from carousel.errors import CarouselError

MOSTLY = 0.9
"""Rows are evenly spaced if so many of them follow the row before by the same step; the others are gaps."""

GAP = 10
"""Where rows are not evenly spaced, so many usual steps without a row are a gap, if that is as rare as 1 in 100."""

MONTH = 28 * 86_400 * 10**9


def spacing_of(located: Located) -> tuple[Spacing, str]:
    """How far apart rows are, and a sentence that says so.

    Raises:
        CarouselError: if no series has two rows.
    """
    spans = located.spans
    total = sum(spans.values())
    if total == 0:
        raise CarouselError(
            "no series has rows at two different times, wanted at least 2 to forecast; add more rows"
        )
    commonest, count = max(spans.items(), key=lambda item: (item[1], -item[0]))
    stamped = located.keys.form is not None
    if stamped and commonest >= MONTH:
        months = _months(located)
        if months is not None:
            return Spacing(span(months, "M")), f"The step is {in_words(span(months, 'M'))}."

    def as_step(length: int) -> Step:
        return span(length, "ns") if stamped else length

    if count >= MOSTLY * total:
        return Spacing(as_step(commonest)), f"The step is {in_words(as_step(commonest))}."
    usual = _quantile(spans, 0.5)
    longest = max(GAP * usual, _quantile(spans, 0.99))
    if stamped:
        usual, longest = _rounded(usual), _rounded(longest)
    often = " and ".join(
        f"{times / total:.0%} of rows follow after {in_words(as_step(length))}"
        for length, times in Counter(spans).most_common(2)
    )
    return Spacing(as_step(usual), as_step(longest)), (
        f"Rows are not evenly spaced ({often}): each is a step, 'elapsed' says how long since the row before, "
        f"and more than {in_words(as_step(longest))} without a row is a gap."
    )


def _rounded(length: int) -> int:
    """Nanoseconds rounded to the coarsest unit of which they are at least 10."""
    for code in ("D", "h", "m", "s", "ms", "us"):
        unit = nanoseconds(span(1, code))
        if length >= 10 * unit:
            return round(length / unit) * unit
    return length


def _months(located: Located) -> int | None:
    """The number of months from row to row, if it is nearly always the same."""
    walk, befores, afters = Walk(), [], []
    for _, codes, times, _ in located.rows([]):
        order, before, has_before, _ = walk.on(codes, times)
        new = has_before & (times[order] != before)
        befores.append(before[new])
        afters.append(times[order][new])
    before, after = np.concatenate(befores), np.concatenate(afters)
    between = after.view("M8[ns]").astype("M8[M]").astype(np.int64) - before.view("M8[ns]").astype(
        "M8[M]"
    ).astype(np.int64)
    months = int(np.bincount(between).argmax())
    return months if months > 0 and follows(before, after, months).mean() >= MOSTLY else None


def _quantile(spans: Counter[int], share: float) -> int:
    """The shortest span that is not exceeded by so many of them."""
    seen, wanted = 0, share * sum(spans.values())
    for length in sorted(spans):
        seen += spans[length]
        if seen >= wanted:
            return length
    raise ValueError("there are no spans")
