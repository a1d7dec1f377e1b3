"""The data set that comes with the package. It has a page of its own, `japanese_vowels.md`."""

from collections.abc import Mapping
from importlib import resources
from typing import Any

import numpy as np
import numpy.typing as npt

from carousel.data.sequences import Sequences


def japanese_vowels() -> tuple[Sequences, Sequences]:
    """Its official training and test part."""
    with (
        resources.files("carousel.data").joinpath("japanese_vowels.npz").open("rb") as file,
        np.load(file, allow_pickle=False) as arrays,
    ):
        return _decode(arrays)


def _decode(arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[Sequences, Sequences]:
    """Undo what tools/make_japanese_vowels.py did.

    `planes` uint8 [3, F, sum T_i] holds the high, middle and low byte of (value in millionths - `lowest`), `lengths`
    [N] cuts it into sequences, `labels` [N] are speaker numbers from 1, and the first `n_train` sequences are the
    training part.
    """
    high, middle, low = arrays["planes"].astype(np.int32)
    millionths = (high << 16) + (middle << 8) + low + arrays["lowest"]
    frames = (millionths / 1e6).astype(np.float32).T
    values = np.split(frames, np.cumsum(arrays["lengths"])[:-1])
    labels = arrays["labels"].astype(np.int64) - 1
    n_train = int(arrays["n_train"])
    return _part(values[:n_train], labels[:n_train]), _part(values[n_train:], labels[n_train:])


def _part(values: list[npt.NDArray[np.float32]], labels: npt.NDArray[np.int64]) -> Sequences:
    return Sequences(
        values=tuple(values),
        features=tuple(f"cepstrum_{i}" for i in range(1, 13)),
        ids=tuple(str(i) for i in range(len(values))),
        labels=labels,
        classes=tuple(str(speaker) for speaker in range(1, 10)),
    )
