import importlib.util
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from carousel.data import load
from carousel.data.embedded import _decode

TOOL = Path(__file__).parents[2] / "tools/make_japanese_vowels.py"


@pytest.fixture(scope="module")
def vowels():
    return load("japanese_vowels")


@pytest.fixture(scope="module")
def tool():
    spec = importlib.util.spec_from_file_location("make_japanese_vowels", TOOL)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_it_has_its_page(vowels):
    train, test = vowels
    assert train.features == test.features
    assert train.classes == test.classes
    page = resources.files("carousel.data").joinpath("japanese_vowels.md").read_text(encoding="utf-8")
    for heading in ("## Source", "## Licence", "## How the file was made"):
        assert heading in page


def test_official_counts(vowels):
    train, test = vowels
    assert (len(train), len(test)) == (270, 370)
    assert train.n_features == test.n_features == 12
    assert train.classes == tuple("123456789")
    assert np.bincount(train.labels).tolist() == [30] * 9
    assert np.bincount(test.labels).tolist() == [31, 35, 88, 44, 29, 24, 40, 50, 29]
    assert (train.lengths.sum(), test.lengths.sum()) == (4274, 5687)
    assert (min(train.lengths), max(train.lengths)) == (7, 26)
    assert (min(test.lengths), max(test.lengths)) == (7, 29)


# Copied from the .ts files: the first frame of the first utterance, the last of one in the middle, the very last.
PRINTED = [
    (0, 0, "1", 20, 0,
     "1.860936 -0.207383 0.261557 -0.214562 -0.171253 -0.118167 "
     "-0.277557 0.025668 0.126701 -0.306756 -0.213076 0.088728"),
    (0, 123, "5", 10, -1,
     "1.123845 -1.01755 0.309484 0.212752 0.307567 -0.208421 "
     "-0.507223 -0.067031 -0.125508 -0.128774 0.016498 -0.111355"),
    (0, 269, "9", 9, -1,
     "0.966744 -0.323093 0.305467 -0.419457 0.514195 -0.31106 "
     "-0.033985 0.154038 -0.389686 -0.089183 0.16625 0.173642"),
    (1, 0, "1", 19, 0,
     "1.635533 0.024848 0.432087 -0.361914 -0.074776 -0.693481 "
     "-0.229621 0.261503 -0.089421 -0.020431 -0.008612 0.139754"),
    (1, 123, "3", 11, -1,
     "0.571658 -0.131312 0.071848 -0.186998 0.534051 -0.458026 "
     "-0.052167 -0.267051 -0.395098 -0.048682 -0.006634 0.042236"),
    (1, 369, "9", 11, -1,
     "1.177449 -0.40408 0.052026 -0.284812 0.42984 -0.203484 "
     "-0.072393 -0.080955 -0.244424 -0.001849 -0.016634 0.224688"),
]  # fmt: skip


@pytest.mark.parametrize("part, sequence, speaker, length, step, printed", PRINTED)
def test_values_are_the_printed_decimals(vowels, part, sequence, speaker, length, step, printed):
    assert vowels[part].classes[vowels[part].labels[sequence]] == speaker
    value = vowels[part].values[sequence]
    assert len(value) == length
    assert value[step].tolist() == [float(np.float32(number)) for number in printed.split()]


def test_sum_of_all_printed_decimals(vowels):
    sums = [int(np.rint(np.concatenate(part.values).astype(np.float64) * 1e6).sum()) for part in vowels]
    assert sums == [-1_057_452_303, -2_146_513_430]


TRAIN = "@classLabel true 1 2 3\n@data\n" + ":".join(["0.5,-0.000001"] * 12) + ":3\n"
TEST = (
    "@data\n" + ":".join(f"{i}.999999" for i in range(12)) + ":1\n" + ":".join(["-4.1,7,0.3"] * 12) + ":2\n"
)


def test_what_the_tool_encodes_decodes_to_the_printed_decimals(tool):
    train, test = _decode(tool.encode(TRAIN, TEST))
    assert train.lengths.tolist() == [2]
    assert test.lengths.tolist() == [1, 3]
    assert [train.classes[label] for label in train.labels] == ["3"]
    assert [test.classes[label] for label in test.labels] == ["1", "2"]
    assert (np.float32([0.5, -0.000001]) == train.values[0].T).all()
    assert (test.values[0][0] == np.float32([i + 0.999999 for i in range(12)])).all()
    assert (np.float32([-4.1, 7, 0.3]) == test.values[1].T).all()


def test_the_tool_refuses_what_it_cannot_hold(tool):
    with pytest.raises(ValueError, match="0.1234567 has more than six decimals"):
        tool.millionths("0.1234567")
    with pytest.raises(ValueError, match="the values span more than three bytes hold"):
        tool.encode(TRAIN, TEST.replace("7", "17"))
