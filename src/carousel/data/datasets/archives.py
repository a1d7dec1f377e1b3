"""Published packages as archives of data: downloaded by pip, verified, never installed."""

import hashlib
import os
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import NamedTuple

from carousel.errors import CarouselError

UNREACHABLE = (
    "NewConnectionError",
    "NameResolutionError",
    "ConnectTimeout",
    "ProxyError",
    "Max retries exceeded",
)
"""What pip says where it comes through to no package index."""
PIP = ("--no-deps", "--quiet", "--no-input", "--disable-pip-version-check", "--retries=1", "--timeout=15")


class Archive(NamedTuple):
    """One file of a published package.

    Attributes:
        package: its name.
        version: the exact one.
        file: the name of the file: a wheel, or a source package `.tar.gz`.
        sha256: of the file, in hexadecimal.
        size: in bytes.
    """

    package: str
    version: str
    file: str
    sha256: str
    size: int

    def __str__(self) -> str:
        return f"{self.package} {self.version} ({self.size / 1e6:.1f} MB)"


def digest(files: Mapping[str, bytes]) -> str:
    """One SHA-256 over the names, sizes and contents of files, in the order of their names."""
    total = hashlib.sha256()
    for name in sorted(files):
        total.update(f"{name} {len(files[name])}\n".encode())
        total.update(files[name])
    return total.hexdigest()


def obtain(archive: Archive, folder: Path) -> Path:
    """An archive as a file in a folder, downloaded if it is not there, and verified.

    Raises:
        CarouselError: no package index can be reached, pip fails or is missing, or the file is another.
    """
    path = folder / archive.file
    if not path.exists():
        print(f"Fetching the package {archive}, to read data from it", file=sys.stderr)
        with TemporaryDirectory(dir=folder) as place:
            os.replace(_download(archive, Path(place), path), path)
    found = hashlib.sha256(path.read_bytes()).hexdigest()
    if found != archive.sha256:
        raise CarouselError(
            f"'{path}' is not the file that its name says: its SHA-256 is {found}, wanted {archive.sha256}; remove it"
        )
    return path


def read_members(path: Path, patterns: Iterable[str]) -> dict[str, bytes]:
    """The contents of the regular files in an archive whose paths match, by the last parts of their paths."""
    wanted = tuple(patterns)
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as file:
            return {_name(name): file.read(name) for name in file.namelist() if _matches(name, wanted)}
    with tarfile.open(path) as tar:
        members = [one for one in tar.getmembers() if one.isfile() and _matches(one.name, wanted)]
        return {_name(one.name): tar.extractfile(one).read() for one in members}  # type: ignore[union-attr]


def _matches(name: str, patterns: tuple[str, ...]) -> bool:
    path = PurePosixPath(name)
    return any(path.match(one) and len(path.parts) == one.count("/") + 1 for one in patterns)


def _name(path: str) -> str:
    """The last part of a path: a file of that name lies in no other folder than it is put in."""
    return PurePosixPath(path).name


def _download(archive: Archive, place: Path, path: Path) -> Path:
    """Have pip put an archive into an empty folder; it compares the hash before it opens anything."""
    requirement = place / "requirement.txt"
    requirement.write_text(f"{archive.package}=={archive.version} --hash=sha256:{archive.sha256}\n")
    command = [sys.executable, "-m", "pip", "download", *PIP, *_form(archive)]
    command += ["--requirement", str(requirement), "--dest", str(place)]
    done = subprocess.run(command, capture_output=True, text=True)
    said = done.stderr
    if done.returncode == 0 and (place / archive.file).is_file():
        return place / archive.file
    by_hand = f"or put '{archive.file}' into '{path.parent}'"
    if "No module named pip" in said:
        raise CarouselError(
            f"fetching {archive} needs pip, which this Python has not; run `python -m ensurepip`, {by_hand}"
        )
    if any(sign in said for sign in UNREACHABLE):
        raise CarouselError(
            f"cannot fetch {archive}: pip reaches no package index; try again where there is a network, {by_hand}"
        )
    if "DO NOT MATCH THE HASHES" in said:
        raise CarouselError(
            f"cannot fetch {archive}: the package index gives another file than '{archive.file}' with SHA-256 "
            f"{archive.sha256}; use another index, {by_hand}"
        )
    reason = next((line for line in reversed(said.splitlines()) if line.startswith("ERROR: ")), "it failed")
    raise CarouselError(
        f"cannot fetch {archive}: pip says '{reason.removeprefix('ERROR: ')}'; see to that, {by_hand}"
    )


def _form(archive: Archive) -> list[str]:
    """What makes pip choose this file, on whatever Python and machine it runs itself."""
    if not archive.file.endswith(".whl"):
        return [f"--no-binary={archive.package}"]
    *_, _, abi, platforms = archive.file.removesuffix(".whl").split("-")
    form = ["--only-binary=:all:", "--python-version=3.11"]
    if platforms != "any":
        form += ["--implementation=cp", f"--abi={abi}", f"--platform={platforms.split('.')[0]}"]
    return form
