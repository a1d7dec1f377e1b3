"""A text from file to run, to scores beside compressors, to text."""

import bz2
import gzip
import json
import lzma
from math import log2
from pathlib import Path
from pydoc_data.topics import topics

import numpy as np
import pytest

from carousel.data import read_text, text_parts
from carousel.errors import CarouselError
from carousel.training import configure, evaluate, fit, generate, override, predict, prediction_table, resume
from commands import call, one_object, sentence
from kills import killed_after

SMALL = ["hidden_size=8", "epochs=2", "batch_size=4", "unroll=50", "learning_rate=0.02"]


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("text") / "help.txt"
    text = "\n".join(topics[name] for name in ("for", "if", "with", "try")).encode("ascii", "ignore")
    path.write_bytes(text[:12000])
    return path


@pytest.fixture(scope="module")
def run(file, tmp_path_factory):
    config, found = configure(file)
    assert found == ["The task is to tell the next symbol: the file is text."]
    return fit(override(config, SMALL), tmp_path_factory.mktemp("run"), progress=False)


def test_metrics_tell_bits_a_symbol_beside_the_compressors(run, file):
    metrics = json.loads((run.folder / "metrics.json").read_text())
    test = metrics["test"]
    content = file.read_bytes()
    past, rest = content[: round(len(content) * 0.8)], content[round(len(content) * 0.8) :]
    assert test["symbols"] == len(rest)
    for name, compress in {"gzip": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}.items():
        added = len(compress(content)) - len(compress(past))
        assert test["rivals"][name] == pytest.approx(8 * added / len(rest))
    n_symbols = read_text(file).n_symbols
    assert 0 < test["loss"] < log2(n_symbols) and 0 < test["accuracy"] < 1
    rows = run.history()
    assert rows[1]["validation_loss"] < rows[0]["validation_loss"] < log2(n_symbols)
    assert metrics["validation"]["loss"] == pytest.approx(rows[metrics["best_epoch"] - 1]["validation_loss"])


def test_the_verdict_is_one_sentence(run):
    task = run.task
    told = {"loss": 2.0, "accuracy": 0.5, "symbols": 10, "rivals": {"gzip": 4.0, "bz2": 2.5, "xz": 3.0}}
    assert task.verdict(told) == (
        "The model needs 2.000 bits for each symbol of the test part, 20 % fewer than bz2, the best of the "
        "compressors, which saw the same text before it (gzip 4.000, bz2 2.500, xz 3.000)."
    )
    assert "20 % more than bz2" in task.verdict(told | {"loss": 3.0})


def test_the_scores_are_those_of_the_test_part_and_of_its_file(run, file, tmp_path):
    assert evaluate(run.folder) == run.metrics()["test"]
    _, _, test = text_parts(read_text(file), 0.2, 0.2)
    path = tmp_path / "test.txt"
    path.write_text(test.decode(test.documents[0]))
    found = evaluate(run.folder, path)
    assert (found["loss"], found["symbols"]) == (run.metrics()["test"]["loss"], len(test.documents[0]))
    table = prediction_table(run.folder, path)
    assert table.to_dict(orient="records") == [
        {"document": str(path), "symbols": found["symbols"], "bits_per_symbol": found["loss"]}
    ]


def test_parts_are_in_order_and_the_state_is_carried(run, file):
    material = run.task.prepare(run.config)
    text = read_text(file).documents[0]
    told = np.concatenate([batch.symbols[2:, 0].numpy() for batch in material.train])
    np.testing.assert_array_equal(told, text[1 : len(told) + 1])
    first = next(iter(material.validation)).symbols[1, 0]
    assert first == text[round(len(text) * 0.6)]


def test_a_resumed_run_has_the_same_bits(run, file, tmp_path):
    with killed_after(5):  # the configuration and the four files of an epoch
        fit(run.config, tmp_path / "run", progress=False)
    resume(tmp_path / "run", progress=False)
    one, other = run.folder / "model.safetensors", tmp_path / "run" / "model.safetensors"
    assert one.read_bytes() == other.read_bytes()


def test_the_commands(file, tmp_path):
    folder = tmp_path / "run"
    settings = [part for setting in SMALL for part in ("--set", setting)]
    result = call("fit", file, *settings, "--out", folder)
    assert result.exit_code == 0, result.stderr
    assert result.stdout.startswith("The model needs ")
    assert f"  carousel predict {folder}\n" in result.stdout
    assert "7,200 symbols of" in result.stderr and "validation cross-entropy" in result.stderr
    assert "Text that the model wrote" in (folder / "report.html").read_text()
    text = call(
        "predict", folder, "--length", 60, "--temperature", 0.5, "--prompt", "The ", "--seed", 3
    ).stdout
    assert text == generate(folder, 60, 0.5, "The ", 3) + "\n"
    found = one_object(call("predict", folder, "--length", 5, "--json"))
    assert found == {"run": str(folder), "text": generate(folder, 5)}
    call("predict", folder, "--length", 60, "--out", tmp_path / "said.txt")
    assert (tmp_path / "said.txt").read_text() == generate(folder, 60) + "\n"
    assert "bits a symbol over 2,400 symbols" in call("evaluate", folder).stdout
    assert call("predict", folder, "--data", file).stdout.startswith("document,symbols,bits_per_symbol\n")
    got = sentence(call("predict", folder, "--data", file, "--length", 5, "--seed", 0))
    assert got == (
        f"--length, --seed: with --data nothing is written, '{file}' is answered; leave out one of the two"
    )
    assert "has no sequence '7'; leave it out" in sentence(call("report", folder, "--sequence", 7))
    assert call("export", folder).exit_code == 0
    assert "got 1.5; give a whole number" in sentence(call("predict", folder, "--length", 1.5))


def test_a_new_text_with_a_new_character_gets_a_sentence(run, tmp_path):
    (tmp_path / "new.txt").write_text("für")
    with pytest.raises(CarouselError, match="the character 'ü' is not among the"):
        evaluate(run.folder, tmp_path / "new.txt")


def test_what_is_no_text_task_is_refused(run, file, tmp_path):
    with pytest.raises(CarouselError, match="is of task 'symbols', which has no class probabilities"):
        predict(run.folder, None)
    (tmp_path / "a.txt").write_text("ab")
    with pytest.raises(CarouselError, match="too short to divide|too few to divide"):
        fit(configure(tmp_path / "a.txt")[0], tmp_path / "run", progress=False)
    got = sentence(call("fit", "japanese_vowels", "--task", "symbols"))
    assert (
        got
        == "the data set 'japanese_vowels' holds labelled sequences, wanted a text; name another, or give a file"
    )
    got = sentence(call("fit", file, "--set", "unroll=0"))
    assert (
        got
        == "settings: task 'symbols' reads its text in segments, got unroll 0; set unroll to their steps, such as 128"
    )
    assert "reads sequences whole, got unroll 5" in sentence(call("fit", "--set", "unroll=5"))
