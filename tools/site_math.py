"""Site hook: LaTeX becomes MathML while the site is built, so that pages need neither scripts nor a network."""

import html
import re
from typing import Any

from mkdocs.exceptions import PluginError

from carousel.mathml import mathml

FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
"""What pymdownx.arithmatex leaves in a page: a span with an inline formula, a div with a displayed one."""


def on_page_content(content: str, /, **page: Any) -> str:
    """Replace every formula of a page, those of its docstrings included; one that would be mangled stops the build."""
    try:
        return FORMULA.sub(_element, content)
    except ValueError as error:
        raise PluginError(str(error)) from error


def _element(formula: re.Match[str]) -> str:
    tag, latex = formula[1], html.unescape(formula[2])
    return f'<{tag} class="math">{mathml(latex, display=tag == "div")}</{tag}>'
