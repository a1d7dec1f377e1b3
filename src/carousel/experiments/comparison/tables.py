"""The tables of a comparison, as cells of text: what a terminal, Markdown and the page have in common."""

from collections.abc import Sequence
from typing import NamedTuple

from carousel.experiments.comparison.numbers import p_value
from carousel.experiments.comparison.result import Comparison, Row
from carousel.experiments.comparison.sentences import notes, scale_of, verdict


class Table(NamedTuple):
    """A caption, a heading for each column, and rows of as many cells."""

    caption: str
    head: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def results(comparison: Comparison) -> Table:
    """A row for each variant, and one for each baseline."""
    scale = scale_of(comparison)
    against = {row.against for row in comparison.rows if row.against}
    columns = {
        "variant": [row.name for row in comparison.rows],
        "settings": [row.settings for row in comparison.rows],
        "hidden_size": [str(row.hidden_size) for row in comparison.rows],
        "parameters": [f"{row.parameters:,}" for row in comparison.rows],
        comparison.label: [_spread(row, comparison) for row in comparison.rows],
        "compared with": [row.against or "" for row in comparison.rows] if len(against) > 1 else [],
        "difference": [
            f"{scale.signed(row.difference.mean)}{scale.points}" if row.difference else ""
            for row in comparison.rows
        ],
        "95 % interval": [
            scale.interval(row.difference.interval) if row.difference and row.difference.interval else ""
            for row in comparison.rows
        ],
        "p": [p_value(row.p) if row.p is not None else "" for row in comparison.rows],
        "s an epoch": [f"{row.seconds_per_epoch:.3g}" for row in comparison.rows],
    }
    for name, score in comparison.baselines.items():
        for heading, column in columns.items():
            told = {"variant": name, comparison.label: f"{scale.number(score)}{scale.unit}"}
            column.append(told.get(heading, ""))
    shown = {heading: column for heading, column in columns.items() if any(column)}
    better = "more" if comparison.higher_is_better else "less"
    count = len(comparison.seeds)
    over = f": mean and standard deviation over {count} seeds" if count > 1 else " of a single seed"
    what = comparison.label_and_part
    caption = f"{what[0].upper()}{what[1:]} ({better} is better){over}."
    return Table(caption, tuple(shown), list(zip(*shown.values(), strict=True)))


def candidates(comparison: Comparison) -> Table | None:
    """A row for each point of a sweep; None without one."""
    if not comparison.candidates:
        return None
    rows = [
        (
            one.name,
            one.settings,
            "" if one.parameters is None else f"{one.parameters:,}",
            "did not learn" if one.validation_loss is None else f"{one.validation_loss:.4g}",
            "chosen" if one.is_chosen else "",
        )
        for one in comparison.candidates
    ]
    caption = "What the sweep chose from: the mean validation loss over the seeds."
    return Table(caption, ("variant", "settings", "parameters", "validation loss", ""), rows)


def markdown(comparison: Comparison) -> str:
    """The content of `comparison.md`, which also reads well on a terminal."""
    tables = [table for table in (results(comparison), candidates(comparison)) if table]
    parts = [
        f"# {comparison.title}",
        verdict(comparison),
        *[f"{table.caption}\n\n{aligned([table.head, *table.rows])}" for table in tables],
        "\n".join(f"- {note}" for note in notes(comparison)),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _spread(row: Row, comparison: Comparison) -> str:
    scale = scale_of(comparison)
    spread = "" if row.deviation is None else f" ± {scale.number(row.deviation)}"
    return f"{scale.number(row.mean)}{spread}{scale.unit}"


def aligned(rows: Sequence[Sequence[str]]) -> str:
    """Rows as a table of Markdown, names to the left and numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    head, *body = [
        "| "
        + " | ".join(
            cell.ljust(width) if index == 0 else cell.rjust(width)
            for index, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        + " |"
        for row in rows
    ]
    rule = (
        "|"
        + "|".join("-" * (width + 1) + ("-" if index == 0 else ":") for index, width in enumerate(widths))
        + "|"
    )
    return "\n".join([head, rule, *body])
