"""Running a part, and the page that shows the results."""

import json
import re
from xml.etree import ElementTree

import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

from carousel.cli import app
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
    with pytest.raises(
        CarouselError, match=f"cannot write '{tmp_path / 'file' / 'figures'}': Not a directory"
    ):
        write_page(tmp_path / "file", {"gradients": [result()]})


def call(*arguments):
    return CliRunner().invoke(app, ["theory", *map(str, arguments)])


def test_the_command_writes_the_page_and_tells_every_verdict(tmp_path, monkeypatch):
    found = {
        "gradients": [result()],
        "unrolling": [result("unrolling.one"), result("unrolling.two", holds=False)],
    }
    asked = []
    monkeypatch.setattr(
        "carousel.theory.investigate", lambda part, quick: asked.append((part, quick)) or found.get(part, [])
    )
    whole = call("all", "--out", tmp_path / "out", "--json")
    assert whole.exit_code == 1
    told = json.loads(whole.stdout)
    assert told["page"] == str(tmp_path / "out" / "theory.html")
    assert [(claim["name"], claim["holds"]) for claim in told["claims"]] == [
        ("unrolling.one", True), ("unrolling.two", False), ("gradients.test", True)
    ]  # fmt: skip
    one = call("gradients", "--quick", "--out", tmp_path / "out")
    assert one.exit_code == 0
    assert one.stdout == (
        f"gradients.test: holds. predicted 1, measured 1\npage: {tmp_path / 'out' / 'theory.html'}\n"
    )
    assert asked == [(part, False) for part in PARTS] + [("gradients", True)]


def test_the_command_refuses_what_it_does_not_know(tmp_path):
    for arguments, sentence in (
        (("gradint",), "the theory has no part 'gradint'; did you mean 'gradients'?"),
        (("--run", tmp_path), "--run goes with the part 'gradients', got 'all'"),
        (("gradients", "--run", tmp_path), "is not a run"),
    ):
        refused = call(*arguments, "--out", tmp_path / "out")
        assert refused.exit_code == 2
        assert sentence in refused.stderr and refused.stdout == ""
    assert not (tmp_path / "out").exists()
