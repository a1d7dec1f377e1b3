"""The theory as one offline page, "The tutorial, measured", with its figures beside it as PNG and SVG files."""

import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from carousel.files import make_folder, write_together
from carousel.mathml import mathml
from carousel.pages import Picture, draw, render
from carousel.style import house_style
from carousel.theory.claim import Result
from carousel.theory.lab import PARTS

STATUS = {
    "confirmed": "confirmed by public material on the paper",
    "reading": "this library's reading of the paper",
    "derived": "derived for this library",
}


class _Section(NamedTuple):
    result: Result
    equation: str
    status: str
    picture: Picture


def write_page(folder: Path, results: Mapping[str, Sequence[Result]]) -> Path:
    """Write `theory.html` and `figures/<claim>.png` and `.svg` into `folder`, and return the path of the page.

    Files are replaced only once all are written.

    Args:
        folder: made if it is missing.
        results: what `investigate` returned, by the name of the part.

    Raises:
        CarouselError: the folder cannot be written.
    """
    sections = {PARTS[part]: [_section(result) for result in found] for part, found in results.items()}
    everything = [section for part in sections.values() for section in part]
    held = sum(section.result.verdict.holds for section in everything)
    page = folder / "theory.html"
    contents: dict[Path, str | bytes] = {}
    for section in everything:
        name = section.result.claim.name.replace(".", "-")
        contents[folder / "figures" / f"{name}.png"] = section.picture.png
        contents[folder / "figures" / f"{name}.svg"] = _svg(section.result)
    contents[page] = render(
        "theory/template.html.j2",
        title="The tutorial, measured",
        summary="Each claim is predicted from its equation and measured apart from it. "
        f"{held} of {len(everything)} hold.",
        parts=sections,
    )
    make_folder(folder / "figures")
    write_together(contents)
    return page


def _section(result: Result) -> _Section:
    return _Section(result, mathml(result.claim.equation), STATUS[result.claim.status], draw(result.figure))


@house_style
def _svg(result: Result) -> str:
    text = io.StringIO()
    result.figure.savefig(text, format="svg")
    # Matplotlib writes the date, which would make every file new.
    return re.sub(r"\s*<dc:date>.*?</dc:date>", "", text.getvalue())
