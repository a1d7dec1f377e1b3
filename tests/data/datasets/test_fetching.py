"""Data sets out of packages: a package made here, and pip itself, which looks for it in a folder instead of an index."""

import errno
import gzip
import hashlib
import os
import shutil
import subprocess
import tarfile
import zipfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from filelock import FileLock

from carousel.data.datasets import DATASETS, Dataset, fetch, is_here, load
from carousel.data.datasets.archives import Archive, digest, read_members
from carousel.data.datasets.making import gunzip, log_returns
from carousel.errors import CarouselError
from known_data import stand_in
from refusals import refusal

WHEEL = "toys-1.0-py3-none-any.whl"
FILES = {
    "toys/data/a_TRAIN.ts": b"train",
    "toys/data/a_TEST.ts": b"test",
    "toys/data/b.csv.gz": b"t,y\n1,2\n",
}


@pytest.fixture(scope="module")
def index(tmp_path_factory):
    """A folder with a package, where pip finds it."""
    folder = tmp_path_factory.mktemp("index")
    about = "toys-1.0.dist-info"
    with zipfile.ZipFile(folder / WHEEL, "w") as wheel:
        for name, content in FILES.items():
            wheel.writestr(name, gzip.compress(content, mtime=0) if name.endswith(".gz") else content)
        wheel.writestr("../outside.ts", "no")
        wheel.writestr(
            f"{about}/METADATA", "Metadata-Version: 2.1\nName: toys\nVersion: 1.0\nRequires-Python: >=3.11\n"
        )
        wheel.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{about}/RECORD", "")
    return folder


@pytest.fixture
def toys(index, tmp_path, monkeypatch):
    """The data sets 'pair' and 'table' of that package, and an empty cache."""
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    monkeypatch.setenv("CAROUSEL_CACHE", str(tmp_path / "cache"))
    content = (index / WHEEL).read_bytes()
    archive = Archive("toys", "1.0", WHEEL, hashlib.sha256(content).hexdigest(), len(content))
    pair = {"a_TRAIN.ts": b"train", "a_TEST.ts": b"test"}
    table = {"b.csv": b"t,y\n1,2\n"}
    sets = {
        "pair": Dataset("labelled sequences", "", "", archive, ("toys/data/*.ts",), digest(pair)),
        "table": Dataset("a table", "", "", archive, ("toys/data/b.csv.gz",), digest(table), gunzip),
    }
    for name, dataset in sets.items():
        monkeypatch.setitem(DATASETS, name, dataset)
    return tmp_path / "cache"


@pytest.fixture
def at_hand(toys, index):
    """The same, the package in the cache."""
    (toys / "archives").mkdir(parents=True)
    shutil.copy(index / WHEEL, toys / "archives")
    return toys


def change_archive(monkeypatch, name, **changes):
    dataset = DATASETS[name]
    monkeypatch.setitem(DATASETS, name, replace(dataset, archive=dataset.archive._replace(**changes)))


def test_a_data_set_is_fetched_once_and_said_so(toys, monkeypatch, capsys):
    assert not is_here("pair") and not is_here("table") and not toys.exists()
    folder = fetch("pair")
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        "a_TRAIN.ts": b"train",
        "a_TEST.ts": b"test",
    }
    assert capsys.readouterr().err == "Fetching the package toys 1.0 (0.0 MB), to read data from it\n"
    monkeypatch.setattr(subprocess, "run", None)
    assert fetch("pair") == folder and is_here("pair")
    assert fetch("table").read_bytes() == b"t,y\n1,2\n"  # from the archive that is there
    assert capsys.readouterr().err == ""
    assert [path.name for path in toys.parent.rglob("*outside*")] == []
    assert sorted(path.name for path in toys.iterdir() if not path.name.startswith(".")) == sorted(
        ["archives", folder.name, fetch("table").parent.name]
    )


def test_damage_is_mended(at_hand):
    folder = fetch("pair")
    (folder / "a_TEST.ts").write_bytes(b"tset")
    assert not is_here("pair")
    assert (fetch("pair") / "a_TEST.ts").read_bytes() == b"test"
    (folder / "a_TEST.ts").unlink()
    assert (fetch("pair") / "a_TEST.ts").read_bytes() == b"test"
    (folder / "a folder").mkdir()
    assert not is_here("pair")
    assert len(list(fetch("pair").iterdir())) == 2


def test_a_training_that_is_killed_leaves_no_half_data_set(at_hand, monkeypatch):
    monkeypatch.setattr(os, "replace", lambda source, target: (_ for _ in ()).throw(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        fetch("pair")
    monkeypatch.undo()
    assert [path.name for path in at_hand.iterdir() if path.name[0] != "."] == ["archives"]


def test_who_comes_second_waits_and_finds_it_there(at_hand, monkeypatch):
    folder = fetch("pair")
    content = (folder / "a_TEST.ts").read_bytes()
    (folder / "a_TEST.ts").unlink()
    monkeypatch.setattr(subprocess, "run", None)
    with ThreadPoolExecutor() as pool:
        with FileLock(at_hand / ".lock"):
            second = pool.submit(fetch, "pair")
            with pytest.raises(TimeoutError):
                second.result(timeout=0.2)
            (at_hand / "archives" / WHEEL).unlink()  # so that to make it again would fail
            (folder / "a_TEST.ts").write_bytes(content)
        assert second.result(timeout=10) == folder


def test_without_a_network(toys, monkeypatch):
    monkeypatch.delenv("PIP_NO_INDEX")
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.delenv("PIP_FIND_LINKS")
    assert refusal(fetch, "pair") == (
        "cannot fetch toys 1.0 (0.0 MB): pip reaches no package index; try again where there is a network, "
        f"or put '{WHEEL}' into '{toys / 'archives'}'"
    )


def test_an_archive_put_there_by_hand_is_taken(toys, index, monkeypatch):
    monkeypatch.setattr(subprocess, "run", None)
    (toys / "archives").mkdir(parents=True)
    (toys / "archives" / WHEEL).write_bytes(b"PK")
    assert refusal(fetch, "pair").startswith(
        f"'{toys / 'archives' / WHEEL}' is not the file that its name says: its SHA-256 is "
    )
    (toys / "archives" / WHEEL).write_bytes((index / WHEEL).read_bytes())
    assert fetch("pair").is_dir()


def test_another_file_than_the_one_that_is_known(toys, monkeypatch):
    change_archive(monkeypatch, "pair", sha256="0" * 64)
    assert refusal(fetch, "pair").startswith(
        f"cannot fetch toys 1.0 (0.0 MB): the package index gives another file than '{WHEEL}' with SHA-256 {'0' * 64}; "
    )
    assert not list((toys / "archives").iterdir())


def test_pip_fails(toys, monkeypatch):
    change_archive(monkeypatch, "pair", version="2.0")
    assert (
        "cannot fetch toys 2.0 (0.0 MB): pip says 'No matching distribution found for toys==2.0"
        in refusal(fetch, "pair")
    )


def test_there_is_no_pip(toys, monkeypatch):
    failed = subprocess.CompletedProcess([], 1, "", "/usr/bin/python: No module named pip\n")
    monkeypatch.setattr(subprocess, "run", lambda *_, **__: failed)
    assert refusal(fetch, "pair").startswith(
        "fetching toys 1.0 (0.0 MB) needs pip, which this Python has not; run `python -m ensurepip`, or put "
    )


def test_other_content_than_the_one_that_is_known(at_hand, monkeypatch):
    monkeypatch.setitem(DATASETS, "pair", replace(DATASETS["pair"], digest="0" * 64))
    assert f"wanted {'0' * 64}; please report this" in refusal(fetch, "pair")
    assert not list(at_hand.glob("pair-*"))


def test_a_cache_that_cannot_be_written(toys, monkeypatch, tmp_path):
    (tmp_path / "file").touch()
    monkeypatch.setenv("CAROUSEL_CACHE", str(tmp_path / "file" / "cache"))
    assert refusal(fetch, "pair") == (
        f"cannot keep the data set 'pair' in '{tmp_path / 'file' / 'cache'}': Not a directory; "
        "set CAROUSEL_CACHE to a folder that can be written"
    )


def test_a_read_only_cache_is_read(at_hand, monkeypatch):
    def refused(*_, **__):
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    folder = fetch("pair")
    for function in ("mkdir", "open", "replace"):
        monkeypatch.setattr(os, function, refused)
    assert fetch("pair") == folder
    assert f"in '{at_hand}': Read-only file system; set CAROUSEL_CACHE" in refusal(fetch, "table")


def test_an_unknown_name():
    assert (
        refusal(fetch, "basic_motion") == "no data set is named 'basic_motion'; did you mean 'basic_motions'?"
    )
    assert (
        refusal(fetch, "japanese_vowels")
        == "the data set 'japanese_vowels' comes with Carousel and is no file; `load` gives it"
    )
    with pytest.raises(
        CarouselError, match="^the data set 'wti' holds a table, wanted labelled sequences; name another$"
    ):
        load("wti")


def test_members_of_a_source_package(tmp_path):
    path = tmp_path / "toys-1.0.tar.gz"
    (tmp_path / "a.txt").write_text("a")
    with tarfile.open(path, "w:gz") as tar:
        tar.add(tmp_path / "a.txt", "toys-1.0/tests/a.txt")
        tar.add(tmp_path / "a.txt", "toys-1.0/tests/../../../b.txt")
        tar.add(tmp_path / "a.txt", "other/toys-1.0/tests/d.txt")
        link = tarfile.TarInfo("toys-1.0/tests/c.txt")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        tar.addfile(link)
    assert read_members(path, ["toys-1.0/tests/*.txt"]) == {"a.txt": b"a"}


def test_labelled_sequences_are_read(monkeypatch, tmp_path):
    head = "@timeStamps false\n@classLabel true Badminton Running\n@data\n"
    files = {
        "BasicMotions_TRAIN.ts": f"{head}1,2:3,4:Running\n5,6,7:8,9,10:Badminton\n",
        "BasicMotions_TEST.ts": f"{head}1:3:Badminton\n2:4:Running\n2:4:Running\n",
    }
    stand_in(monkeypatch, tmp_path, "basic_motions", files)
    assert is_here("basic_motions")
    train, test = load("basic_motions")
    assert train.lengths.tolist() == [2, 3] and test.labels.tolist() == [0, 1, 1]
    assert train.classes == test.classes == ("Badminton", "Running")


def test_log_returns():
    prices = b"Date,DCOILWTICO\r\n12/30/1986,10\r\n12/31/1986,.\r\n1/2/1987,11\r\n1/5/1987,9.9\r\n"
    lines = log_returns(gzip.compress(prices)).decode().splitlines()
    assert lines[0] == "date,log_return"
    days, returns = zip(*(line.split(",") for line in lines[1:]), strict=True)
    assert days == ("1987-01-02", "1987-01-05")
    np.testing.assert_allclose([float(number) for number in returns], 100 * np.log([1.1, 0.9]), atol=5e-7)


@pytest.mark.parametrize("name", DATASETS)
def test_each_says_what_it_is_and_is_pinned(name):
    dataset = DATASETS[name]
    assert 10 < len(dataset.about) < 90 and 20 < len(dataset.source) < 130
    if archive := dataset.archive:
        assert archive.file.startswith(f"{archive.package.replace('-', '_')}-{archive.version}")
        assert len(archive.sha256) == len(dataset.digest) == 64
        assert dataset.members
