"""`carousel bench` as a user meets it."""

import json
import re
from pathlib import Path

import pytest
from records import known_record

from carousel.benchmarks import Record, files, machine, pairing, plan
from carousel.benchmarks.grid import Shape
from carousel.benchmarks.rows import ROWS
from commands import call, one_object, sentence

ONE = ("--quick", "--threads", 1, "--only", "plain-inference")


@pytest.fixture(autouse=True)
def small(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plan, "QUICK", (Shape(1, 100, 64, 64),))
    monkeypatch.setattr(pairing, "LEAST_ROUNDS", 3)
    monkeypatch.setattr(machine, "peak", lambda threads: 100.0)


def test_a_run_prints_its_table_and_writes_its_record_and_picture():
    result = call("bench", *ONE)
    assert result.exit_code == 0, result.stderr
    page, picture = sorted(Path("benchmarks/results").iterdir())
    assert re.fullmatch(r"cpu-\d{4}-\d\d-\d\d-quick", page.stem) and picture == page.with_suffix(".png")
    record = Record.read(page)
    assert [(found.shape, found.against) for found in record.results] == [(Shape(1, 100, 64, 64), "nn.LSTM")]
    assert f" {record.results[0].ratio:.2f} " in result.stdout
    assert result.stdout.endswith(f"written: {page}\nwritten: {picture}\n")
    assert result.stderr == ""


def test_json_is_the_record_the_table_and_the_files(tmp_path):
    found = one_object(call("bench", *ONE, "--out", tmp_path / "here", "--json"))
    page, picture = found.pop("files")
    (row,) = found.pop("table")
    assert found == json.loads(Path(page).read_text())
    assert Path(picture).read_bytes().startswith(b"\x89PNG")
    assert (row["name"], row["wanted"]) == ("plain-inference", "mean 1.25, each 1.00")
    assert row["means"] == {"1": pytest.approx(found["results"][0]["ratio"])}


def test_markdown_prints_the_table_of_a_record(tmp_path):
    page, _ = files.write(tmp_path, known_record())
    result = call("bench", "--markdown", page)
    assert result.exit_code == 0
    assert result.stdout.startswith("| what | against | wanted | 1 thread | 2 threads |")
    assert one_object(call("bench", "--markdown", page, "--json")) == {"markdown": result.stdout.rstrip("\n")}


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["--only", "streming"], "no row of the table is called 'streming'; did you mean 'streaming'?"),
        (["--threads", 4096], "--threads must lie in 1.."),
        (["--threads", 0], "got 0"),
        (["--markdown", "no.json"], "cannot read 'no.json': No such file or directory; check the path"),
        (["--out", "/dev/null"], "cannot write '/dev/null': File exists"),
    ],
)
def test_bad_input_gets_one_sentence_and_leaves_nothing(arguments, words, tmp_path):
    assert words in sentence(call("bench", *arguments))
    assert words in sentence(call("bench", *arguments, "--json"))
    assert list(tmp_path.iterdir()) == []


def test_the_page_names_every_row():
    page = Path(__file__).parents[2] / "docs/commands.md"
    said = re.search(r"`--only` takes (.*?);", page.read_text(), re.DOTALL)[1]
    assert re.findall(r"`([\w-]+)`", said) == list(dict.fromkeys(row.name for row in ROWS))
