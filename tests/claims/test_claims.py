"""Each cell of the table in `docs/drop-in.md` is what happens when the claim is tried."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
PAGE = HERE.parents[1] / "docs" / "drop-in.md"
COLUMNS = ("torch.nn.LSTM", "carousel.LSTM")
ROW = re.compile(
    r"^\| (?P<row>[^|]+?) \| (?P<torch>(?:yes|no)[^|]*) \| (?P<carousel>(?:yes|no)[^|]*) \|$", re.MULTILINE
)
TABLE = {found["row"]: (found["torch"], found["carousel"]) for found in ROW.finditer(PAGE.read_text())}


@pytest.fixture(scope="module")
def found(tmp_path_factory) -> dict[str, dict[str, list[str]]]:
    """By row and column what became of a claim, and why."""
    file = tmp_path_factory.mktemp("claims") / "found.json"
    subprocess.run(
        [sys.executable, HERE / "claims.py", file], check=True, capture_output=True, cwd=file.parent
    )
    return json.loads(file.read_text())


def test_every_claim_has_its_row(found):
    assert sorted(TABLE) == sorted(found)


@pytest.mark.parametrize("row", TABLE)
def test_a_row_says_what_happens(row, found):
    outcomes, reasons = zip(*(found[row][column] for column in COLUMNS), strict=True)
    assert TABLE[row] == outcomes, reasons


def test_carousel_answers_every_wish_but_those_that_the_page_says_it_does_not():
    last = PAGE.read_text().split("## What it is not")[1]
    refused = {found["row"] for found in ROW.finditer(last)}
    assert {row for row, (_, ours) in TABLE.items() if ours != "yes"} == refused
