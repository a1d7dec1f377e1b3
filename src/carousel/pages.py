"""Pages that are one file each, with all they show inside, and open offline: what the report and the theory share."""

import base64
import io
from importlib.resources import files
from typing import Any, NamedTuple

import jinja2
from matplotlib.figure import Figure

from carousel.style import house_style, percent

PIXELS_PER_INCH = 100
SHARPNESS = 2


class Picture(NamedTuple):
    """A figure as a PNG, to be shown in `width` by `height` pixels, `SHARPNESS` times as sharp.

    The description, for those who cannot see it, is the figure's label (`figure.get_label()`).
    """

    png: bytes
    width: int
    height: int
    description: str

    @property
    def source(self) -> str:
        """The PNG as the `src` of an image."""
        return "data:image/png;base64," + base64.b64encode(self.png).decode("ascii")


@house_style
def draw(figure: Figure) -> Picture:
    """A figure as it stands in a page."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=PIXELS_PER_INCH * SHARPNESS)
    width, height = (round(inches * PIXELS_PER_INCH) for inches in figure.get_size_inches())
    return Picture(buffer.getvalue(), width, height, str(figure.get_label()))


def render(template: str, **content: Any) -> str:
    """Fill in a template of this package that extends `page.html.j2`; all text is escaped.

    Args:
        template: path of the template within the package.
        content: what it names, with `title` and `summary` among it.
    """
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda name: files("carousel").joinpath(name).read_text("utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["percent"] = percent
    return environment.get_template(template).render(content)
