"""The report of a run: one HTML file that needs nothing else, and its figures as PNG files beside it."""

import base64
import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

import jinja2
from matplotlib.figure import Figure

from carousel.errors import CarouselError
from carousel.files import cannot_write, write_together
from carousel.report.recall import ClassRecall
from carousel.style import house_style, percent

PIXELS_PER_INCH = 100
SHARPNESS = 2


class ReportFigure(NamedTuple):
    """A figure, its name (the PNG file's, and the heading with `_` read as a space) and the caption below it.

    The figure's label (`figure.get_label()`) describes it to those who cannot see it.
    """

    name: str
    caption: str
    figure: Figure


@dataclass(frozen=True)
class ReportContent:
    """What the report of one run says, as plain text: the page escapes it all."""

    title: str
    summary: str
    facts: Mapping[str, str]
    figures: tuple[ReportFigure, ...]
    configuration: str
    recalls: tuple[ClassRecall, ...] = ()


class _Picture(NamedTuple):
    name: str
    heading: str
    caption: str
    description: str
    png: bytes
    width: int
    height: int

    @property
    def source(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


def write_report(folder: Path, content: ReportContent) -> Path:
    """Write `report.html` and `figures/<name>.png` into `folder`, and return the path of `report.html`.

    The page is one file without scripts or references to any other. Files are replaced only once all are
    written, so a failure leaves an older report whole. Raises CarouselError when the folder cannot be
    written or a figure's name is unfit for a file.
    """
    pictures = [_picture(figure) for figure in content.figures]
    page = folder / "report.html"
    contents: dict[Path, str | bytes] = {
        folder / "figures" / f"{picture.name}.png": picture.png for picture in pictures
    }
    if len(contents) < len(pictures):
        raise CarouselError("Two figures of the report have the same name; give each its own.")
    contents[page] = _html(content, pictures)
    try:
        (folder / "figures").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error
    write_together(contents)
    return page


@house_style
def _picture(figure: ReportFigure) -> _Picture:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", figure.name):
        raise CarouselError(
            f"The figure name '{figure.name}' is unfit for a file; use letters, digits, '_' and '-' only."
        )
    heading = figure.name.replace("_", " ").capitalize()
    buffer = io.BytesIO()
    figure.figure.savefig(buffer, format="png", dpi=PIXELS_PER_INCH * SHARPNESS)
    width, height = (round(inches * PIXELS_PER_INCH) for inches in figure.figure.get_size_inches())
    description = str(figure.figure.get_label()) or heading
    return _Picture(figure.name, heading, figure.caption, description, buffer.getvalue(), width, height)


def _html(content: ReportContent, pictures: list[_Picture]) -> str:
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters["percent"] = percent
    template = environment.from_string(files(__package__).joinpath("template.html.j2").read_text("utf-8"))
    return template.render(
        content=content,
        pictures=pictures,
        right=sum(recall.right for recall in content.recalls),
        total=sum(recall.total for recall in content.recalls),
    )
