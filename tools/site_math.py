"""Site hook: LaTeX becomes MathML while the site is built, so that pages need neither scripts nor a network."""

import html
import re
from typing import Any

from latex2mathml.converter import convert
from mkdocs.exceptions import PluginError

FORMULA = re.compile(r'<(span|div) class="arithmatex">\\[(\[](.*?)\\[)\]]</\1>', re.DOTALL)
"""What pymdownx.arithmatex leaves in a page: a span with an inline formula, a div with a displayed one."""


def on_page_content(content: str, /, **page: Any) -> str:
    """Replace every formula of a page, those of its docstrings included."""
    return FORMULA.sub(lambda formula: mathml(html.unescape(formula[2]), formula[1]), content)


def mathml(latex: str, tag: str) -> str:
    """A formula as an element that holds MathML; `tag` is "span" (inline) or "div" (displayed).

    Raises PluginError, which stops the build, for LaTeX that would come out mangled.
    """
    # latex2mathml knows the environment align* but not aligned, which differs from it only in where it may stand.
    known = re.sub(r"(begin|end)\{aligned\}", r"\1{align*}", latex.strip())
    # A prime in a superscript is drawn too small and too high; as a character of its own it stands right.
    known = known.replace("'", "\N{PRIME}")
    try:
        element = convert(known, display="block" if tag == "div" else "inline")
    except Exception as error:  # its errors have no common class
        raise PluginError(f"cannot turn this formula into MathML: {latex}") from error
    if re.search(r"\\\w+|<mi>&</mi>", element) or element.count("<mtable") != known.count(r"\begin"):
        raise PluginError(f"this formula uses LaTeX that does not become MathML: {latex}")
    return f'<{tag} class="math">{element}</{tag}>'
