"""Small data in the place of a known data set, in a cache of the test's own, so that nothing is fetched."""

from dataclasses import replace

from carousel.data.datasets import DATASETS
from carousel.data.datasets.archives import digest
from carousel.data.datasets.fetching import cache


def stand_in(monkeypatch, folder, name: str, files: dict[str, str]) -> None:
    """Put files into the cache, in `folder`, as those of a data set."""
    monkeypatch.setenv("CAROUSEL_CACHE", str(folder))
    contents = {file: text.encode() for file, text in files.items()}
    dataset = replace(DATASETS[name], digest=digest(contents))
    monkeypatch.setitem(DATASETS, name, dataset)
    place = cache() / f"{name}-{dataset.digest[:12]}"
    place.mkdir(parents=True)
    for file, content in contents.items():
        (place / file).write_bytes(content)
