"""Damaged files: one clear sentence, or read right; never another exception, never a warning."""

import re

import numpy as np
import pytest
from damaged import ANY, READ, Damaged
from damaged_archives import archive_texts, archives
from damaged_parquets import parquets
from damaged_texts import elsewhere, texts

from carousel.data import Sequences, Series, Text, read, read_text
from carousel.data.tables import infer_schema, read_table, to_sequences, to_series
from carousel.errors import CarouselError

KINDS = {"x.csv": texts, "x.parquet": parquets, "x.npz": archives, "x.ts": archive_texts}
CASES = [
    *(
        Damaged(what, name, content.encode() if isinstance(content, str) else content, outcome)
        for name, cases in KINDS.items()
        for what, content, outcome in cases()
    ),
    *elsewhere(),
]


def everything(path) -> Series | Sequences | Text:
    """A file as a command would take it, by its extension."""
    if path.suffix in (".npz", ".ts"):
        return read(path)
    if path.suffix == ".txt":
        return read_text(path)
    table = read_table(path)
    schema, said = infer_schema(table)
    assert all(sentence.endswith(".") and "\n" not in sentence for sentence in said)
    return to_series(table, schema) if schema.task == "forecast" else to_sequences(table, schema)


def test_there_are_more_than_two_hundred():
    assert len(CASES) > 200


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.name}: {case.what}")
def test_a_damaged_file_is_refused_in_a_sentence_or_read(case: Damaged, tmp_path):
    path = tmp_path / case.name
    path.write_bytes(case.content)
    try:
        found = everything(path)
    except CarouselError as error:
        sentence = str(error).replace(str(path), "PATH")
        assert case.outcome != READ, sentence
        assert case.outcome == ANY or case.outcome in sentence
        assert re.fullmatch(r"[^\n]{20,400}; [^\n]{6,150}", sentence), "what, where, wanted; what to do"
        return
    assert case.outcome in (READ, ANY), "it was read"
    if isinstance(found, (Series, Sequences)):
        assert all(np.isfinite(values).all() and values.dtype == np.float32 for values in found.values)
    assert path.read_bytes() == case.content
    assert [file.name for file in tmp_path.iterdir()] == [case.name]
