"""How chorales become rolls: transposed, sampled, cut into the parts of the classic split."""

import json
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from carousel.data.datasets import chorales
from carousel.data.datasets.chorales import TEST, UNCERTAIN, VALID, build
from carousel.errors import CarouselError


class Score:
    """What is asked of a score of music21."""

    def __init__(self, sharps, *notes):
        self.notes = [
            SimpleNamespace(
                offset=at, quarterLength=length, pitches=[SimpleNamespace(ps=float(key)) for key in keys]
            )
            for at, length, *keys in notes
        ]
        self.signatures = [SimpleNamespace(sharps=sharps)] if sharps is not None else []

    def recurse(self):
        return SimpleNamespace(getElementsByClass=lambda name: {"KeySignature": self.signatures}[name])

    def toSoundingPitch(self):
        return self

    def flatten(self):
        return self


@pytest.fixture
def corpus(monkeypatch):
    """A corpus of scores by BWV number, in the place of music21's."""
    scores = {}
    music21 = ModuleType("music21")
    music21.corpus = SimpleNamespace(
        getComposer=lambda name, fileExtensions: [Path(f"{name}/bwv{number}.mxl") for number in scores]
    )
    music21.converter = SimpleNamespace(
        parse=lambda path, forceSource, storePickle: scores[path.stem.removeprefix("bwv")]
    )
    monkeypatch.setitem(sys.modules, "music21", music21)
    return scores


def test_parts_are_apart_and_as_large_as_the_corpus_allows():
    parts = [part.split() for part in (TEST, VALID, UNCERTAIN)]
    assert [len(part) for part in parts[:2]] == [73, 67]
    assert len(set().union(*parts)) == sum(map(len, parts))


def test_pieces_are_sampled_at_quarter_notes_in_a_common_key(corpus, capsys):
    corpus["102.7"] = Score(2, (0, 1, 62, 66), (1, 0.5, 64), (1.5, 0.5, 65), (2, 2, 62))
    corpus["10.7"] = Score(-3, (0, 1, 63))
    corpus["1000"] = Score(None, (0, 1, 60))
    corpus["1.6"] = Score(0, (0, 1, 60))
    found = json.loads(build()["chorales.json"])
    assert found == {
        "test": {"102.7": [[60, 64], [62], [60], [60]]},  # D major, two down
        "valid": {"10.7": [[60]]},  # E flat major, three down
        "train": {"1000": [[60]]},
    }
    assert capsys.readouterr().err.startswith("Reading Bach's chorales from the corpus of music21")


@pytest.mark.parametrize("fifths", range(-7, 8))
def test_every_key_goes_the_nearest_way(fifths, corpus):
    tonic = 60 + (7 * fifths + 5) % 12 - 5
    corpus["1000"] = Score(fifths, (0, 1, tonic))
    ((roll,),) = json.loads(build()["chorales.json"])["train"].values()
    assert roll[0] % 12 == 0 and abs(roll[0] - tonic) <= 6


def test_without_music21(monkeypatch):
    monkeypatch.setitem(sys.modules, "music21", None)
    with pytest.raises(
        CarouselError, match=r"from the corpus of music21; run pip install 'carousel-lstm\[music\]'$"
    ):
        chorales.build()
