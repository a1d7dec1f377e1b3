"""The data that a run is made from, and whether it still is the same."""

import hashlib
from pathlib import Path

from carousel.data.datasets import fetch, known
from carousel.data.datasets.known import Content
from carousel.data.music import midi_files
from carousel.data.opening import reading
from carousel.errors import CarouselError
from carousel.training.sections import DataConfig


def sha256(path: Path) -> str:
    """The SHA-256 of a file's content, or of the names and contents of a folder's MIDI files, in hexadecimal.

    Raises:
        CarouselError: it cannot be read, or a file is empty.
    """
    digest = hashlib.sha256()
    for file in midi_files(path):
        if path.is_dir():
            digest.update(f"{file.relative_to(path).as_posix()}\0{file.stat().st_size}\0".encode())
        with reading(file) as content:
            while part := content.read(1 << 20):
                digest.update(part)
    return digest.hexdigest()


def file_of(data: DataConfig, wanted: Content) -> Path:
    """The file of a run: `own_file`, or that of the data set that it names, which is fetched if it is not there.

    Args:
        data: what names it.
        wanted: what a data set has to hold.

    Raises:
        CarouselError: see `own_file`; or there is no such data set, it holds something else or cannot be fetched.
    """
    if data.dataset is None:
        return own_file(data)
    if (held := known(data.dataset).holds) != wanted:
        raise CarouselError(
            f"the data set '{data.dataset}' holds {held}, wanted {wanted}; name another, or give a file"
        )
    return fetch(data.dataset)


def own_file(data: DataConfig) -> Path:
    """The file of a run, or its folder of files, which must still hold what it held when the run was made.

    Raises:
        CarouselError: it cannot be read, or its content is another.
    """
    assert data.file is not None
    file = Path(data.file)
    if data.sha256 and sha256(file) != data.sha256:
        raise CarouselError(
            f"'{file}' has changed since this run was made: its SHA-256 is not the one in the configuration; "
            "bring the old content back, or train anew on the file"
        )
    return file
