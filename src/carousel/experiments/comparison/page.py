"""A comparison as files: JSON, Markdown, a figure, and one page that opens offline."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from carousel.experiments.comparison.figure import picture
from carousel.experiments.comparison.plan import FILES
from carousel.experiments.comparison.result import Comparison
from carousel.experiments.comparison.sentences import notes, verdict
from carousel.experiments.comparison.tables import candidates, markdown, results
from carousel.files import make_folder, write_together
from carousel.pages import draw, render

FORMAT = 1

CAPTION = (
    "Left: a point for each run, a bar for the mean of each variant, a line for each baseline. Right: what each "
    "variant scores more than the one that it is compared with, with an interval of 95 %; a filled point is told from "
    "zero after correction for the number of tests."
)


def write_comparison(folder: Path, comparison: Comparison) -> Path:
    """Write `comparison.json`, `.md`, `.html` and `.png` into a folder, and return the path of the page.

    Files are replaced only once all are written.

    Raises:
        CarouselError: the folder cannot be written.
    """
    write_result(
        folder,
        FILES,
        picture(comparison),
        record(comparison),
        markdown(comparison),
        title=comparison.title,
        summary=verdict(comparison),
        facts=_facts(comparison),
        caption=CAPTION,
        tables=[table for table in (results(comparison), candidates(comparison)) if table],
        notes=notes(comparison),
    )
    return folder / "comparison.html"


def write_result(
    folder: Path, names: Sequence[str], figure: Figure, known: Mapping[str, Any], text: str, **content: Any
) -> None:
    """Write what was found as JSON, Markdown, a page and a PNG, by these names; all of them or none.

    Args:
        folder: made if it is missing.
        names: of the four files.
        figure: what is drawn.
        known: what the JSON says.
        text: the Markdown.
        content: what the template of the page names, beside the picture.

    Raises:
        CarouselError: the folder cannot be written.
    """
    drawn = draw(figure)
    page = render("experiments/comparison/template.html.j2", picture=drawn, **content)
    contents = (json.dumps(known, indent=2, allow_nan=False) + "\n", text, page, drawn.png)
    make_folder(folder)
    write_together(dict(zip([folder / name for name in names], contents, strict=True)))


def record(comparison: Comparison) -> dict[str, Any]:
    """What `comparison.json` says."""
    rows = [
        asdict(row)
        | {"mean": row.mean, "deviation": row.deviation, "seconds_per_epoch": row.seconds_per_epoch}
        | {"difference": row.difference and row.difference._asdict()}
        for row in comparison.rows
    ]
    known = {**asdict(comparison), "rows": rows, "seeds": comparison.seeds}
    return {"format": FORMAT, **known, "verdict": verdict(comparison), "notes": notes(comparison)}


def _facts(comparison: Comparison) -> dict[str, str]:
    versions = comparison.outcomes[0].versions
    seeds = comparison.seeds
    return {
        "data": comparison.data,
        "runs": f"{len(comparison.rows)} variants, {len(seeds)} seed{'s' * (len(seeds) > 1)}",
        "parameters": _equality(comparison) if comparison.matched else "as they are",
        "made with": f"carousel {versions['carousel']}, torch {versions['torch']}",
    }


def _equality(comparison: Comparison) -> str:
    counts = [row.parameters for row in comparison.rows]
    if min(counts) == max(counts):
        return f"equal: {counts[0]:,}"
    return f"nearly equal: {min(counts):,} to {max(counts):,}"
