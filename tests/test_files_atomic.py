"""Writing one file: wholly or not at all."""

import errno
import os
import shlex
import threading
from pathlib import Path

import pytest

from carousel.errors import CarouselError
from carousel.files import as_argument, make_folder, write_atomically, write_together


def test_text_and_bytes_replace_what_was_there(tmp_path):
    path = tmp_path / "file"
    write_atomically(path, "grüße\n")
    assert path.read_bytes() == "grüße\n".encode()
    write_atomically(path, b"\x00\x01")
    assert path.read_bytes() == b"\x00\x01"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("step", ["fsync", "replace"])
@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EROFS])
def test_a_failure_leaves_the_old_file_and_no_other(tmp_path, monkeypatch, step, code):
    path = tmp_path / "file"
    write_atomically(path, "old")

    def fail(*arguments):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(CarouselError) as error:
        write_atomically(path, "new")
    assert str(error.value) == (
        f"cannot write '{path}': {os.strerror(code)}; free some space or choose another place"
    )
    assert path.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["file"]


def test_a_folder_is_made_with_those_above_it_or_a_sentence_says_why_not(tmp_path):
    make_folder(tmp_path / "a" / "b")
    make_folder(tmp_path / "a" / "b")
    assert (tmp_path / "a" / "b").is_dir()
    (tmp_path / "file").write_text("mine")
    with pytest.raises(CarouselError, match="cannot write '.*file': File exists; check the path$"):
        make_folder(tmp_path / "file")


def test_a_missing_folder_gets_a_sentence(tmp_path):
    with pytest.raises(CarouselError, match="cannot write .*: No such file or directory; check the path$"):
        write_atomically(tmp_path / "no" / "file", "text")


def test_a_pipe_is_written_to_and_stays_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    got = []
    reader = threading.Thread(target=lambda: got.append(pipe.read_text()))
    reader.start()
    write_atomically(pipe, "text")
    reader.join(timeout=10)
    assert got == ["text"]
    assert pipe.is_fifo()


def test_files_that_belong_together_stay_old_if_one_cannot_be_written(tmp_path):
    old, new = tmp_path / "old", tmp_path / "no" / "new"
    write_atomically(old, "old")
    with pytest.raises(CarouselError, match=f"cannot write '{new}'"):
        write_together({old: "new", new: "new"})
    assert old.read_text() == "old"
    assert [entry.name for entry in tmp_path.iterdir()] == ["old"]


@pytest.mark.parametrize(
    "path, argument",
    [("runs/a-1", "runs/a-1"), ("a b", "'a b'"), ("it's", "'it'\"'\"'s'"), ("-x/y", "./-x/y")],
)
def test_a_path_as_it_can_be_pasted_behind_a_command(path, argument):
    assert as_argument(Path(path)) == argument
    assert Path(*shlex.split(argument)) == Path(path)
