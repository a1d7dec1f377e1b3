"""Make src/carousel/data/japanese_vowels.npz from the two .ts files of the official split.

    python tools/make_japanese_vowels.py JapaneseVowels_TRAIN.ts JapaneseVowels_TEST.ts

A .ts file has one utterance a line: its coefficients separated by colons, the frames of each by commas, and the number
of the speaker last. Values have at most six decimals, so whole millionths hold them exactly; splitting these into bytes
and putting like bytes side by side is what lets the archive compress them.
"""

import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

OUTPUT = Path(__file__).parents[1] / "src/carousel/data/japanese_vowels.npz"


def parse(text: str) -> tuple[list[npt.NDArray[np.int64]], list[int]]:
    """Utterances in millionths, each [F, T], and their speakers, from the text of a .ts file."""
    utterances, speakers = [], []
    for line in text.partition("@data\n")[2].splitlines():
        *coefficients, speaker = line.split(":")
        utterances.append(np.array([[millionths(cell) for cell in row.split(",")] for row in coefficients]))
        speakers.append(int(speaker))
    return utterances, speakers


def millionths(cell: str) -> int:
    """The printed decimal times a million, which must be whole."""
    scaled = Decimal(cell) * 1_000_000
    if scaled != int(scaled):
        raise ValueError(f"{cell} has more than six decimals")
    return int(scaled)


def encode(train: str, test: str) -> dict[str, Any]:
    """The arrays that `carousel.data.embedded` decodes, from the texts of the two .ts files."""
    train_utterances, train_speakers = parse(train)
    test_utterances, test_speakers = parse(test)
    utterances = train_utterances + test_utterances
    frames = np.concatenate(utterances, axis=1)  # [F, sum T_i]
    above = frames - frames.min()
    if above.max() >= 1 << 24:
        raise ValueError("the values span more than three bytes hold")
    return {
        "planes": np.stack([above >> 16, above >> 8 & 255, above & 255]).astype(np.uint8),
        "lowest": np.int32(frames.min()),
        "lengths": np.array([utterance.shape[1] for utterance in utterances], np.uint8),
        "labels": np.array(train_speakers + test_speakers, np.uint8),
        "n_train": np.int32(len(train_utterances)),
    }


if __name__ == "__main__":
    train_path, test_path = sys.argv[1:]
    np.savez_compressed(OUTPUT, **encode(Path(train_path).read_text(), Path(test_path).read_text()))
    print(f"{OUTPUT.name}: {OUTPUT.stat().st_size} bytes")
