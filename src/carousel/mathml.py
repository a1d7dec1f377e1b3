"""LaTeX as MathML, which browsers draw without scripts or a network."""

import re

from latex2mathml.converter import convert


def mathml(latex: str, display: bool = True) -> str:
    """A formula as a MathML element, on a line of its own or inline.

    Raises:
        ValueError: the LaTeX would come out mangled.
    """
    # latex2mathml knows the environment align* but not aligned, which differs from it only in where it may stand.
    known = re.sub(r"(begin|end)\{aligned\}", r"\1{align*}", latex.strip())
    # A prime in a superscript is drawn too small and too high; as a character of its own it stands right.
    known = known.replace("'", "\N{PRIME}")
    try:
        element = convert(known, display="block" if display else "inline")
    except Exception as error:  # its errors have no common class
        raise ValueError(f"cannot turn this formula into MathML: {latex}") from error
    if re.search(r"\\\w+|<mi>&</mi>", element) or element.count("<mtable") != known.count(r"\begin"):
        raise ValueError(f"this formula uses LaTeX that does not become MathML: {latex}")
    return element
