"""Running a part, and the page that shows the results."""

import re
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure

from carousel.errors import CarouselError
from carousel.theory import PARTS, Claim, Result, Verdict, investigate, write_page


def result(name="gradients.test", holds=True) -> Result:
    figure = Figure(figsize=(4, 3), label="A line that rises.")
    figure.subplots().plot([0, 1], [0, 1])
    claim = Claim(name, "A <title>", "What is claimed & why.", r"s[n] = W_r r[n-1]", "reading")
    return Result(claim, Verdict(holds, "predicted 1, measured 1"), figure)


def test_an_unknown_part_is_refused():
    with pytest.raises(CarouselError, match="the theory has no part 'gradient'; did you mean 'gradients'"):
        investigate("gradient")


@pytest.mark.parametrize("part", PARTS)
def test_every_claim_of_every_part_has_its_texts(part):
    from carousel.theory.lab import _module
    from carousel.theory.page import mathml

    module = _module(part)
    assert module.CLAIMS
    for claim in module.CLAIMS:
        assert re.fullmatch(rf"{part}\.\w+", claim.name)
        assert claim.title and len(claim.paragraph) > 80
        assert claim.status in ("confirmed", "reading", "derived")
        assert claim.equation.count("&") == 0 or "aligned" in claim.equation
        ElementTree.fromstring(mathml(claim.equation))


def test_the_page_holds_every_claim_and_refers_to_nothing_outside(tmp_path):
    page = write_page(tmp_path / "out", {"gradients": [result(), result("gradients.other", holds=False)]})
    text = page.read_text()
    assert page == tmp_path / "out" / "theory.html"
    assert "1 of 2 hold" in text and "DOES NOT HOLD" in text and "Does not hold." in text
    assert "A &lt;title&gt;" in text and "this library&#39;s reading of the paper" in text
    assert text.count("<math") == 2 and 'alt="A line that rises."' in text
    assert not re.search(r'(src|href)="(http|//|/)', text)
    names = sorted(path.name for path in (tmp_path / "out" / "figures").iterdir())
    assert names == [f"gradients-{name}.{kind}" for name in ("other", "test") for kind in ("png", "svg")]
    before = page.read_bytes()
    write_page(tmp_path / "out", {"gradients": [result(), result("gradients.other", holds=False)]})
    assert page.read_bytes() == before


def test_a_folder_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CarouselError, match=f"cannot write '{tmp_path / 'file'}': Not a directory"):
        write_page(tmp_path / "file", {"gradients": [result()]})
