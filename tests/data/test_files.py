import inspect
import subprocess
import sys

import pytest
from ragged import assert_same, numbered

import carousel.data
from carousel.data import read, write_npz
from refusals import refusal


def test_takes_strings_and_extensions_in_capitals(tmp_path):
    write_npz(str(tmp_path / "x.NPZ"), numbered([2]))
    assert_same(read(str(tmp_path / "x.NPZ")), numbered([2]))


@pytest.mark.parametrize("name", ["x.npz", "x.csv", "x.txt", "x"])
def test_no_such_file(tmp_path, name):
    path = tmp_path / name
    assert refusal(read, path) == f"cannot read '{path}': it does not exist; check the path"


def test_a_directory(tmp_path):
    assert refusal(read, tmp_path) == (f"cannot read '{tmp_path}': it is a directory; name a file in it")


@pytest.mark.parametrize("name", ["x.npz", "x.csv"])
def test_an_empty_file(tmp_path, name):
    path = tmp_path / name
    path.touch()
    assert refusal(read, path) == f"cannot read '{path}': it is empty; write it again"


@pytest.mark.parametrize("extension", [".txt", ".parquet", ""])
def test_unknown_extension(tmp_path, extension):
    path = tmp_path / f"x{extension}"
    path.write_text("sequence,step,x\n")
    assert refusal(read, path) == (
        f"cannot read '{path}': its extension is '{extension}', wanted .npz, .csv or .ts; convert it to one of them"
    )


def test_a_path_through_a_file(tmp_path):
    (tmp_path / "x").touch()
    path = tmp_path / "x" / "y.csv"
    assert refusal(read, path) == f"cannot read '{path}': Not a directory; check the path and its permissions"


PUBLIC = """
Batch DATASETS Sequences Series Text batches collate load moments read read_text split text_parts time_cuts write_npz
"""


def test_public_names():
    things = {name: thing for name, thing in vars(carousel.data).items() if not name.startswith("_")}
    assert {name for name, thing in things.items() if not inspect.ismodule(thing)} == set(PUBLIC.split())


def test_importing_needs_no_extra():
    program = "import sys, carousel.data; sys.exit(bool({'pandas', 'pyarrow', 'pydantic', 'pytorch_lightning'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", program]).returncode == 0
