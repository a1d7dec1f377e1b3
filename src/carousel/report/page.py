"""The report of a run: one HTML file that needs nothing else, and its figures as PNG files beside it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from matplotlib.figure import Figure

from carousel.errors import CarouselError
from carousel.files import make_folder, write_together
from carousel.pages import Picture, draw, render
from carousel.report.recall import ClassRecall


class ReportFigure(NamedTuple):
    """A figure, its name (the PNG file's, and the heading with `_` read as a space) and the caption below it.

    Of several figures of a kind, such as forecast and forecast_2, `subject` stands in the heading for the number. The
    figure's label (`figure.get_label()`) describes it to those who cannot see it.
    """

    name: str
    caption: str
    figure: Figure
    subject: str = ""


@dataclass(frozen=True)
class ReportContent:
    """What the report of one run says, as plain text: the page escapes it all."""

    title: str
    summary: str
    facts: Mapping[str, str]
    figures: tuple[ReportFigure, ...]
    configuration: str
    recalls: tuple[ClassRecall, ...] = ()
    sample: str = ""


class _Illustration(NamedTuple):
    name: str
    heading: str
    caption: str
    picture: Picture


def write_report(folder: Path, content: ReportContent) -> Path:
    """Write `report.html` and `figures/<name>.png` into `folder`, and return the path of `report.html`.

    The page is one file without scripts or references to any other. Files are replaced only once all are
    written, so a failure leaves an older report whole. Raises CarouselError when the folder cannot be
    written or a figure's name is unfit for a file.
    """
    illustrations = [_illustration(figure) for figure in content.figures]
    page = folder / "report.html"
    contents: dict[Path, str | bytes] = {
        folder / "figures" / f"{one.name}.png": one.picture.png for one in illustrations
    }
    if len(contents) < len(illustrations):
        raise CarouselError("Two figures of the report have the same name; give each its own.")
    contents[page] = render(
        "report/template.html.j2",
        title=content.title,
        summary=content.summary,
        content=content,
        illustrations=illustrations,
        right=sum(recall.right for recall in content.recalls),
        total=sum(recall.total for recall in content.recalls),
    )
    make_folder(folder / "figures")
    write_together(contents)
    return page


def _illustration(figure: ReportFigure) -> _Illustration:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", figure.name):
        raise CarouselError(
            f"The figure name '{figure.name}' is unfit for a file; use letters, digits, '_' and '-' only."
        )
    heading = figure.name.replace("_", " ").capitalize()
    if figure.subject:
        heading = f"{heading.rstrip(' 0123456789')}: {figure.subject}"
    return _Illustration(figure.name, heading, figure.caption, draw(figure.figure))
