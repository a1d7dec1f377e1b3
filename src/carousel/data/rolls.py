"""Piano rolls: which of the 88 keys sound in each frame of a piece."""

from collections.abc import Iterable
from math import ceil, floor

import numpy as np
import numpy.typing as npt

from carousel.errors import CarouselError

LOWEST, KEYS = 21, 88
"""The keys of a piano, from MIDI's A0 on."""

_OCTAVE = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
NAMES = tuple(f"{_OCTAVE[key % 12]}{key // 12 - 1}" for key in range(LOWEST, LOWEST + KEYS))
"""The 88 keys by name, C4 in the middle."""

LONGEST = 100_000
"""Frames of a piece, at most: a damaged file may ask for billions."""

INTO = 1 / 8
"""How far into a frame, as a share of it, a key has to sound: played music is a little late."""

Note = tuple[float, float, int]
"""Where a note begins and ends, in beats, and its key as MIDI counts it."""


def roll_of(notes: Iterable[Note], frame: float) -> npt.NDArray[np.uint8]:
    """The roll [T, 88], 1 where a key sounds an eighth of a frame after the frame begins.

    Silence before the first note and after the last is left out. Notes on keys that no piano has are left out.

    Args:
        notes: in any order; they may overlap.
        frame: length of a frame in beats.

    Raises:
        CarouselError: no note is left, or the piece has more than 100,000 frames.
    """
    places = [
        (ceil(begin / frame - INTO), floor(end / frame - INTO - 1e-9) + 1, key - LOWEST)
        for begin, end, key in notes
        if LOWEST <= key < LOWEST + KEYS
    ]
    sounding = [(first, after, key) for first, after, key in places if after > first]
    if not sounding:
        raise CarouselError(
            f"it has no note on a piano's keys that sounds in a frame of {frame:g} beats; give a shorter frame, or "
            "leave the file out"
        )
    start, end = min(first for first, _, _ in sounding), max(after for _, after, _ in sounding)
    if end - start > LONGEST:
        raise CarouselError(
            f"it has {end - start:,} frames of {frame:g} beats, wanted at most {LONGEST:,}; give a longer frame, or "
            "leave the file out"
        )
    roll = np.zeros((end - start, KEYS), np.uint8)
    for first, after, key in sounding:
        roll[first - start : after - start, key] = 1
    return roll


def notes_of(roll: npt.NDArray[np.uint8], frame: float) -> list[Note]:
    """The notes of a roll [T, 88]: a key that sounds in successive frames is held. In order of their beginning."""
    padded = np.pad(roll.astype(np.int8), ((1, 1), (0, 0)))
    turns = np.diff(padded, axis=0)
    notes = [
        (float(first * frame), float(after * frame), LOWEST + key)
        for key in range(roll.shape[1])
        for first, after in zip(
            np.flatnonzero(turns[:, key] == 1), np.flatnonzero(turns[:, key] == -1), strict=True
        )
    ]
    return sorted(notes)
