"""Pieces of music in files, as sequences of 88 keys."""

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from carousel.data.midi import SUFFIXES, read_midi
from carousel.data.opening import naming, reading
from carousel.data.rolls import KEYS, LOWEST, NAMES
from carousel.data.sequences import Sequences
from carousel.errors import CarouselError


def midi_files(path: Path) -> list[Path]:
    """A MIDI file alone, or those in a folder and in folders in it, in the order of their names.

    Raises:
        CarouselError: a folder that has none.
    """
    if not path.is_dir():
        return [path]
    found = sorted(_midi_in(path))
    if not found:
        raise CarouselError(
            f"cannot read '{path}': it is a folder without MIDI files ({', '.join(SUFFIXES)}), and only music is "
            "read from a folder; name another, or a file"
        )
    return found


def holds_midi(folder: Path) -> bool:
    """Whether there is a MIDI file in a folder or in folders in it."""
    return next(_midi_in(folder), None) is not None


def _midi_in(folder: Path) -> Iterator[Path]:
    return (file for file in folder.rglob("*") if file.suffix.lower() in SUFFIXES and file.is_file())


def read_music(path: Path, frame: float) -> Sequences:
    """The pieces of a MIDI file or of a folder of them, as rolls [T_i, 88] of `frame` beats a frame; see `read_midi`.

    Raises:
        CarouselError: a file cannot be read, is damaged or has no notes.
    """
    files = midi_files(path)
    return Sequences(
        values=tuple(read_midi(file, frame).astype(np.float32) for file in files),
        features=NAMES,
        ids=tuple(str(file.relative_to(path)) if path.is_dir() else file.name for file in files),
    )


def read_chorales(path: Path) -> dict[str, Sequences]:
    """The parts of the known data set of chorales, by name: train, valid and test."""
    with reading(path) as file:
        parts = json.load(file)
    with naming(path):
        return {
            part: Sequences(
                values=tuple(_roll(chords) for chords in pieces.values()), features=NAMES, ids=tuple(pieces)
            )
            for part, pieces in parts.items()
        }


def _roll(chords: list[list[int]]) -> "np.typing.NDArray[np.float32]":
    roll = np.zeros((len(chords), KEYS), np.float32)
    for frame, keys in enumerate(chords):
        roll[frame, np.array(keys, int) - LOWEST] = 1
    return roll
