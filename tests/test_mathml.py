"""LaTeX as MathML: tables, primes, and what is refused."""

import re

import pytest

from carousel.mathml import mathml


def test_aligned_equations_are_a_table():
    element = mathml(r"\begin{aligned} a &= b, & g &= G_c'(a) \\ s &= 1 \end{aligned}")
    assert re.findall(r'<mtd columnalign="(\w+)">', element) == ["right", "left"] * 3
    assert "\N{PRIME}" in element and "msup" not in element


def test_a_formula_stands_on_its_own_or_in_a_line():
    assert 'display="block"' in mathml("s[n]")
    assert 'display="inline"' in mathml("s[n]", display=False)


@pytest.mark.parametrize("latex", [r"\nosuchcommand x", "a & b", "a_{", r"\begin{nosuch} a \end{nosuch}"])
def test_what_would_be_mangled_is_refused(latex):
    with pytest.raises(ValueError, match="formula"):
        mathml(latex)
