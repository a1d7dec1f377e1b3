import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from carousel.data import Text, read_text, text_parts
from carousel.data.text import text_from
from carousel.errors import CarouselError
from refusals import refusal


@given(content=st.text(min_size=1), symbols=st.sampled_from(["auto", "bytes", "characters"]))
def test_text_and_back(content, symbols):
    text = text_from({"d": content}, symbols)
    assert text.decode(text.documents[0]) == content
    assert text.n_symbols > text.documents[0].max()


def test_characters_are_in_order_and_shared_by_the_documents():
    text = text_from({"a": "ba", "b": "cab", "empty": ""})
    assert text.alphabet == ("a", "b", "c")
    assert text.ids == ("a", "b")
    assert [document.tolist() for document in text.documents] == [[1, 0], [2, 0, 1]]
    assert text.documents[0].dtype == np.uint8
    assert text.encode("cc").tolist() == [2, 2]


def test_many_characters_are_bytes_unless_asked_for():
    content = "".join(map(chr, range(0x4E00, 0x4E00 + 600)))
    assert text_from({"d": content}).alphabet is None
    assert text_from({"d": content}).documents[0].tobytes().decode() == content
    assert text_from({"d": content}, "characters").documents[0].dtype == np.uint16


def test_a_character_that_is_not_in_the_alphabet():
    assert refusal(text_from({"d": "abc"}).encode, "abcé") == (
        "the character 'é' is not among the 3 of the alphabet; leave it out, or train on bytes"
    )


ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-32"]


@pytest.mark.parametrize("encoding", ENCODINGS)
def test_files_with_a_mark_are_read_and_line_ends_become_one(tmp_path, encoding):
    path = tmp_path / "x.tex"
    path.write_bytes("é\r\nb\rc".encode(encoding))
    text = read_text(path)
    assert text.decode(text.documents[0]) == "é\nb\nc"
    assert text.ids == (str(path),)


def test_bytes_may_be_anything(tmp_path):
    (tmp_path / "x").write_bytes(bytes(range(256)))
    assert read_text(tmp_path / "x", "bytes").documents[0].tolist() == list(range(256))


FILES = {
    "empty": (b"", "it is empty; write it again"),
    "latin-1": ("ab\né".encode("latin-1"), "it is not text in UTF-8 (byte 0xE9 in line 2); save it as UTF-8"),
    "utf-16 without a mark": (
        "abé".encode("utf-16-le"),
        "it is binary, or UTF-16 without a byte-order mark; save it as UTF-8",
    ),
    "half a utf-16": (b"\xff\xfea", "it is not text in UTF-16 (byte 0x61 in line 1); save it as UTF-8"),
    "a NUL": (b"ab\ncd\0efghij", "it holds a NUL character in line 2, which no text has; save it again"),
    "a mark alone": (b"\xef\xbb\xbf", "it holds no characters; write it again"),
}  # fmt: skip


@pytest.mark.parametrize("content, sentence", FILES.values(), ids=FILES.keys())
def test_files_that_are_no_text(tmp_path, content, sentence):
    path = tmp_path / "x.txt"
    path.write_bytes(content)
    assert refusal(read_text, path) == f"cannot read '{path}': {sentence}"


BAD = {
    "nothing": (((), None, ()), "there is no document; give at least one"),
    "an id too many": (((np.zeros(1, np.uint8),), None, ("a", "b")), "there are 2 ids for 1 documents; give one each"),
    "an alphabet of words": (((np.zeros(1, np.uint8),), ("ab",), ("a",)), "the alphabet must be single characters, all different; correct it"),
    "floats": (
        ((np.zeros(1),), None, ("a",)),
        "document 'a' has dtype float64 and shape (1,), wanted uint8 or uint16 [symbols], at least one; convert it or leave it out",
    ),
    "a symbol too far": (
        ((np.array([2], np.uint8),), ("a", "b"), ("d",)),
        "document 'd' holds symbol 2, wanted a position among the 2 symbols, counted from 0; correct it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("parts, sentence", BAD.values(), ids=BAD.keys())
def test_parts_that_do_not_fit(parts, sentence):
    assert refusal(Text, *parts) == sentence


@given(
    lengths=st.lists(st.integers(1, 30), min_size=1, max_size=5),
    fractions=st.tuples(st.floats(0.05, 0.45), st.floats(0.05, 0.45)),
)
def test_parts_are_the_whole_in_order(lengths, fractions):
    documents = {str(i): "ab" * n for i, n in enumerate(lengths)}
    text = text_from(documents)
    try:
        parts = text_parts(text, *fractions)
    except CarouselError as error:
        assert str(error) == "the text is too short to divide into training, validation and test; add more"
        assert 2 * sum(lengths) * min(fractions) < 1
        return
    joined = np.concatenate([document for part in parts for document in part.documents])
    assert joined.tolist() == np.concatenate(text.documents).tolist()
    total = 2 * sum(lengths)
    for part, fraction in zip(parts[1:], fractions, strict=True):
        assert abs(sum(map(len, part.documents)) - total * fraction) <= 1
