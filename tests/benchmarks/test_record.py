"""Records in files."""

import json

import pytest
from records import known_record

from carousel.benchmarks import Record, files
from carousel.errors import CarouselError


def test_what_is_written_is_read_again(tmp_path):
    record = known_record()
    written = files.write(tmp_path, record)
    assert [path.name for path in written] == ["cpu-2026-11-23.json", "cpu-2026-11-23.png"]
    assert Record.read(written[0]) == record


def test_a_quick_record_does_not_replace_a_whole_one():
    assert known_record(is_quick=True).name == "cpu-2026-11-23-quick"


def test_the_schema(tmp_path):
    found = json.loads(files.write(tmp_path, known_record())[0].read_text())
    assert found.keys() == {"date", "machine", "peaks", "is_quick", "absent", "rows", "results"}
    assert found["peaks"] == {"1": 100.0, "2": 200.0}
    assert found["results"][0] == {
        "cell": "plain", "mode": "training", "shape": {"B": 1, "T": 100, "I": 64, "H": 64}, "threads": 1,
        "against": "nn.LSTM", "own": 0.002, "other": 0.002, "ratio": 1.0, "quartiles": [0.9, 1.1], "rounds": 9,
        "speed": 50.0, "refused": None,
    }  # fmt: skip


@pytest.mark.parametrize(
    "text",
    ["", "[]", "3", "{}", '{"peaks": {}}', '{"peaks": {}, "results": [{}]}', '{"peaks": [], "results": []}'],
)
def test_what_is_no_record_is_refused(text, tmp_path):
    path = tmp_path / "some.json"
    path.write_text(text)
    with pytest.raises(CarouselError, match="some.json' is no record of the benchmarks; give a .json file"):
        Record.read(path)


def test_what_is_not_there_is_refused(tmp_path):
    with pytest.raises(CarouselError, match="cannot read '.*no.json': No such file or directory"):
        Record.read(tmp_path / "no.json")
