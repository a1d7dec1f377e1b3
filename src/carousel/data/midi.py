"""MIDI files: read as piano rolls, and written from them."""

import io
import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from carousel.data.opening import reading
from carousel.data.rolls import KEYS, LOWEST, notes_of, roll_of
from carousel.errors import CarouselError

SUFFIXES = (".mid", ".midi")
DRUMS = 9
"""The channel whose keys are drums, counted from 0."""
TICKS = 480
"""Of a beat, in files that are written."""


def read_midi(path: str | os.PathLike[str], frame: float) -> npt.NDArray[np.uint8]:
    """The roll [T, 88] of all tracks but drums, at `frame` beats (quarter notes) a frame; see `roll_of`.

    Tempo does not matter: a beat is a beat. A note that is never released ends with its track. Nothing in the file is
    trusted.

    Raises:
        CarouselError: the file cannot be read, is no MIDI file or damaged, has independent tracks, or has no notes.
    """
    mido = _mido()
    with reading(path) as file:
        content = file.read()
        if not content.startswith((b"MThd", b"RIFF")):
            raise CarouselError("it does not begin as a MIDI file does; check that it is one")
        try:
            parsed = mido.MidiFile(file=io.BytesIO(content), clip=True)
            notes = [note for track in parsed.tracks for note in _notes(track)]
        except EOFError as error:
            raise CarouselError("it ends too early; write it again") from error
        # mido does not check what it reads: whatever Python raises on the way means that the file is damaged.
        except Exception as error:
            raise CarouselError(
                f"it is damaged: {str(error) or type(error).__name__}; write it again"
            ) from error
        if parsed.type == 2:
            raise CarouselError(
                "its tracks are pieces of their own (MIDI type 2), wanted type 0 or 1; write each to its own file"
            )
        if parsed.ticks_per_beat <= 0:
            raise CarouselError(
                "it counts time in seconds (SMPTE) and not in beats, or in beats of no ticks; write it in beats"
            )
        if not any(end > begin and LOWEST <= key < LOWEST + KEYS for begin, end, key in notes):
            raise CarouselError("it holds no notes on a piano's keys, drums apart; leave the file out")
        ticks = parsed.ticks_per_beat
        return roll_of(((begin / ticks, end / ticks, key) for begin, end, key in notes), frame)


def midi_file(roll: npt.NDArray[np.uint8], frame: float, beats_per_minute: float = 90) -> bytes:
    """A MIDI file of a roll [T, 88], one track for a piano; a key that sounds in successive frames is held."""
    mido = _mido()
    events = sorted(
        (round(at * TICKS), on, key)
        for begin, end, key in notes_of(roll, frame)
        for at, on, key in ((begin, True, key), (end, False, key))
    )
    track = mido.MidiTrack([mido.MetaMessage("set_tempo", tempo=mido.bpm2tempo(beats_per_minute))])
    now = 0
    for at, on, key in events:
        track.append(mido.Message("note_on", note=key, velocity=64 if on else 0, time=at - now))
        now = at
    track.append(mido.MetaMessage("end_of_track", time=max(round(len(roll) * frame * TICKS) - now, 0)))
    content = io.BytesIO()
    mido.MidiFile(type=0, ticks_per_beat=TICKS, tracks=[track]).save(file=content)
    return content.getvalue()


def _notes(track: Any) -> Iterator[tuple[int, int, int]]:
    """Notes of a track in ticks; one that is struck again ends, and one that is never released ends with the track."""
    held: dict[tuple[int, int], int] = {}
    now = 0
    for message in track:
        now += message.time
        if message.type not in ("note_on", "note_off") or message.channel == DRUMS:
            continue
        place = (message.channel, message.note)
        begin = held.pop(place, None)
        if begin is not None:
            yield begin, now, message.note
        if message.type == "note_on" and message.velocity:
            held[place] = now
    for (_, key), begin in held.items():
        yield begin, now, key


def _mido() -> Any:
    try:
        import mido
    except ModuleNotFoundError as error:
        raise CarouselError(
            "MIDI files need the package mido; run pip install 'carousel-lstm[music]'"
        ) from error
    return mido
