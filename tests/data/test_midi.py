"""MIDI files in and out: what is written is read back, and nothing in a file is trusted."""

import io

import hypothesis.strategies as st
import mido
import numpy as np
import pytest
from hypothesis import given, settings

from carousel.data.midi import TICKS, midi_file, read_midi
from carousel.data.music import midi_files, read_music
from carousel.data.rolls import KEYS, LOWEST, NAMES, notes_of, roll_of
from carousel.errors import CarouselError
from tunes import tune

C4 = 60 - LOWEST


def written(*messages, **options) -> bytes:
    file = io.BytesIO()
    mido.MidiFile(tracks=[mido.MidiTrack(messages)], ticks_per_beat=TICKS, **options).save(file=file)
    return file.getvalue()


def on(key, time=0, velocity=64, channel=0):
    return mido.Message("note_on", note=key, velocity=velocity, time=time, channel=channel)


def off(key, time=0, channel=0):
    return mido.Message("note_off", note=key, time=time, channel=channel)


def read(content, folder, frame=1.0):
    (folder / "a.mid").write_bytes(content)
    return read_midi(folder / "a.mid", frame)


def test_names_of_keys():
    assert len(NAMES) == KEYS
    assert (NAMES[0], NAMES[C4], NAMES[C4 + 1], NAMES[-1]) == ("A0", "C4", "C#4", "C8")


@pytest.mark.parametrize("frame", [0.25, 1.0, 1.5])
def test_what_is_written_is_read_back(frame, tmp_path):
    roll = tune(0).astype(np.uint8)
    np.testing.assert_array_equal(read(midi_file(roll, frame), tmp_path, frame), roll)


@settings(max_examples=30)
@given(st.lists(st.lists(st.integers(0, KEYS - 1), max_size=4), min_size=1, max_size=12).filter(any))
def test_notes_of_a_roll_make_it_again(frames):
    roll = np.zeros((len(frames), KEYS), np.uint8)
    for frame, keys in enumerate(frames):
        roll[frame, keys] = 1
    sounding = np.flatnonzero(roll.any(axis=1))
    np.testing.assert_array_equal(roll_of(notes_of(roll, 0.5), 0.5), roll[sounding[0] : sounding[-1] + 1])


def test_a_key_sounds_in_the_frames_it_has_reached():
    roll = roll_of([(0, 1, 60), (1.1, 2.05, 62), (2.2, 3, 64), (3, 3.1, 65), (3.1, 3.2, 67)], 1.0)
    assert [[NAMES[key] for key in np.flatnonzero(frame)] for frame in roll] == [["C4"], ["D4"], [], ["G4"]]


def test_tracks_sound_together_and_drums_not_at_all(tmp_path):
    file = io.BytesIO()
    voices = [
        [on(60), off(60, 2 * TICKS)],
        [on(67, TICKS), on(67, TICKS, velocity=0)],
        [on(40, channel=9), off(40, TICKS, 9)],
    ]
    mido.MidiFile(tracks=[mido.MidiTrack(voice) for voice in voices], ticks_per_beat=TICKS).save(file=file)
    roll = read(file.getvalue(), tmp_path)
    assert [np.flatnonzero(frame).tolist() for frame in roll] == [[C4], [C4, C4 + 7]]


def test_a_note_struck_again_ends_and_one_never_released_ends_with_its_track(tmp_path):
    end = mido.MetaMessage("end_of_track", time=TICKS)
    roll = read(written(on(60), on(60, TICKS), off(60, TICKS), on(72), end), tmp_path)
    assert [np.flatnonzero(frame).tolist() for frame in roll] == [[C4], [C4], [C4 + 12]]


GOOD = written(on(60), off(60, TICKS))


@pytest.mark.parametrize(
    "content, words",
    [
        (b"", "it is empty; write it again"),
        (b"RIFF and so on", "it is damaged"),
        (b"<html>", "it does not begin as a MIDI file does; check that it is one"),
        (GOOD[:-6], "it ends too early; write it again"),
        (GOOD[:10], "it ends too early; write it again"),
        (
            written(on(60), off(60, TICKS), type=2),
            r"its tracks are pieces of their own \(MIDI type 2\), wanted type 0 or 1",
        ),
        (GOOD[:12] + b"\xe7\x28" + GOOD[14:], "it counts time in seconds"),
        (GOOD[:12] + b"\0\0" + GOOD[14:], "it counts time in seconds .* or in beats of no ticks"),
        (written(), "it holds no notes on a piano's keys, drums apart; leave the file out"),
        (written(on(3), off(3, TICKS)), "it holds no notes on a piano's keys"),
        (
            written(on(60, 1), off(60, 1)),
            "it has no note on a piano's keys that sounds in a frame of 1 beats; give a shorter",
        ),
        (written(on(60), off(60, 10**8)), "it has 208,334 frames of 1 beats, wanted at most 100,000"),
    ],
)
def test_damaged_files_get_a_sentence(content, words, tmp_path):
    with pytest.raises(CarouselError, match=f"^cannot read '{tmp_path / 'a.mid'}': {words}[^\n]*$"):
        read(content, tmp_path)


@settings(max_examples=150)
@given(st.integers(0, 10**6), st.binary(min_size=1, max_size=3))
def test_nothing_in_a_file_is_trusted(tmp_path_factory, place, noise):
    content = bytearray(midi_file(tune(1).astype(np.uint8), 1.0))
    start = place % len(content)
    content[start : start + len(noise)] = noise
    folder = tmp_path_factory.getbasetemp()
    try:
        roll = read(bytes(content), folder)
    except CarouselError as error:
        assert "\n" not in str(error)
    else:
        assert roll.dtype == np.uint8 and roll.shape[1] == KEYS and roll.any()


def test_a_folder_is_read_in_the_order_of_its_names(tmp_path):
    (tmp_path / "b").mkdir()
    for seed, name in enumerate(["z.mid", "b/a.MIDI", "c.mid"]):
        (tmp_path / name).write_bytes(midi_file(tune(seed).astype(np.uint8), 1.0))
    (tmp_path / "notes.txt").touch()
    pieces = read_music(tmp_path, 1.0)
    assert pieces.ids == ("b/a.MIDI", "c.mid", "z.mid") and pieces.features == NAMES
    np.testing.assert_array_equal(pieces.values[2], tune(0))
    assert read_music(tmp_path / "c.mid", 1.0).ids == ("c.mid",)
    (tmp_path / "empty").mkdir()
    with pytest.raises(
        CarouselError, match=r"\(.mid, .midi\), and only music is read from a folder; name another"
    ):
        midi_files(tmp_path / "empty")
