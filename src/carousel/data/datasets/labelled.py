"""Labelled data sets, cut into training and test part by those who published them."""

from carousel.data.datasets.fetching import fetch
from carousel.data.datasets.known import known
from carousel.data.embedded import japanese_vowels
from carousel.data.files import read
from carousel.data.sequences import Sequences
from carousel.errors import CarouselError


def load(name: str) -> tuple[Sequences, Sequences]:
    """The official training and test part of a data set of labelled sequences, which is fetched if it is not there.

    Raises:
        CarouselError: no data set has this name, it holds something else, or it cannot be fetched.
    """
    dataset = known(name)
    if dataset.holds != "labelled sequences":
        raise CarouselError(
            f"the data set '{name}' holds {dataset.holds}, wanted labelled sequences; name another"
        )
    if dataset.archive is None:
        return japanese_vowels()
    train, test = (next(fetch(name).glob(f"*_{part}.ts")) for part in ("TRAIN", "TEST"))
    return read(train), read(test)
