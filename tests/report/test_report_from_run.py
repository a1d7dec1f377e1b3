"""The report of a run folder: complete, interrupted, and of every layer."""

import json
import re
import shutil

import numpy as np
import pytest
import torch

from carousel.data import load
from carousel.errors import CarouselError
from carousel.report import classify
from carousel.report.from_run import report_run
from carousel.training import Config, fit, override

TINY = ("hidden_size=4", "epochs=2", "batch_size=64", "learning_rate=0.03")
TEST = load("japanese_vowels")[1]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    return {
        layer: fit(
            override(Config(), [f"layer={layer}", *TINY]), tmp_path_factory.mktemp(layer), progress=False
        )
        for layer in ("augmented", "torch", "gru")
    }


@pytest.fixture(params=["augmented", "torch"])
def folder(request, runs, tmp_path):
    return shutil.copytree(runs[request.param].folder, tmp_path / "run")


def test_the_page_says_what_the_run_did(folder):
    metrics = json.loads((folder / "metrics.json").read_text())
    page = report_run(folder)
    assert page == folder / "report.html"
    text = page.read_text()
    right = int(np.trace(metrics["test"]["confusion"]))
    assert f"test accuracy: {right} of 370 sequences right" in text
    assert f"{metrics['parameters']:,}" in text
    kept = f"epoch {metrics['best_epoch']} of 2 was kept, the latest whose validation loss is within one standard error"
    assert kept in " ".join(text.split())
    assert "learning_rate: 0.03" in text
    kernel = metrics["kernel"]
    assert kernel.endswith(", 1 thread") and kernel in text
    pictures = sorted(path.name for path in (folder / "figures").iterdir())
    assert pictures == ["confusion.png", "learning_curves.png", "sequence.png"]


def test_the_words_fit_whatever_the_sequences_are(folder):
    page = report_run(folder).read_text().split("<body>")[1]
    said, _, configuration = re.sub('base64,[^"]*', "", page).partition("Configuration")
    assert "learning_rate" in configuration and "One sequence of" in said and "ended at each step" in said
    assert not re.findall("(?i)utterance|frame|speaker|speech", said)


def test_an_interrupted_run_has_a_report_without_test_score(folder):
    metrics = json.loads((folder / "metrics.json").read_text())
    (folder / "metrics.json").write_text(json.dumps(metrics | {"status": "interrupted", "test": None}))
    text = report_run(folder).read_text()
    assert "was interrupted" in text and "The test part has not been scored." in text
    assert "test accuracy" not in text
    assert not (folder / "figures" / "confusion.png").exists()


@pytest.mark.parametrize("layer, gates", [("augmented", 4), ("torch", 3)])
def test_the_sequence_is_the_one_asked_for_and_its_signals_are_the_layers(
    layer, gates, runs, tmp_path, monkeypatch
):
    folder = shutil.copytree(runs[layer].folder, tmp_path / "run")
    drawn, original = [], classify.classified_sequence
    monkeypatch.setattr(
        classify, "classified_sequence", lambda *a, **b: drawn.append((a, b)) or original(*a, **b)
    )
    report_run(folder, sequence="40")
    ((signals, features, probabilities, classes), options) = drawn[0]
    assert options["title"] == "Test sequence 40, class 2"
    assert options["true_class"] == TEST.labels[40] == 1
    assert (features, classes) == (TEST.features, TEST.classes)
    model = runs[layer].load_model()
    x = model.standardised(torch.from_numpy(TEST.values[40]))
    torch.testing.assert_close(signals["x"], x)
    assert len([name for name in signals if name.startswith("g_")]) == gates
    with torch.no_grad():
        forward = model.layer(x)[0][:, :4]
    torch.testing.assert_close(signals["v"], forward)
    assert probabilities.shape == (len(TEST.values[40]), 9)


def test_the_facts_say_what_the_layer_consists_of(runs, tmp_path):
    for layer, words in {
        "augmented": "augmented (full peepholes, input gate, window of 1 back and 1 ahead), 1 × 4 cells",
        "torch": "torch, 1 × 4 cells",
    }.items():
        assert words in report_run(shutil.copytree(runs[layer].folder, tmp_path / layer)).read_text()


def test_a_layer_whose_gates_are_hidden_says_so(runs, tmp_path):
    folder = shutil.copytree(runs["gru"].folder, tmp_path / "run")
    with pytest.raises(
        CarouselError, match="the gates of sequence '40' cannot be drawn: torch.nn.GRU does not"
    ):
        report_run(folder, sequence="40")
    assert "not drawn: torch.nn.GRU does not show its gates" in report_run(folder).read_text()
    assert {path.name for path in (folder / "figures").iterdir()} == {"confusion.png", "learning_curves.png"}
    assert json.loads((folder / "metrics.json").read_text())["kernel"] == "torch.nn.GRU, 1 thread"


def test_an_unknown_sequence(folder):
    with pytest.raises(
        CarouselError, match="the test part has no sequence '370'; its 370 ids run from '0' to '369'"
    ):
        report_run(folder, sequence="370")
    assert not (folder / "report.html").exists()


@pytest.mark.parametrize("name, content", [("history.csv", ""), ("metrics.json", '{"format": 1}')])
def test_a_damaged_run_gets_a_sentence(folder, name, content):
    (folder / name).write_text(content)
    with pytest.raises(CarouselError, match=f"{name}' is damaged or not what its name says"):
        report_run(folder)


def test_a_folder_that_is_no_run(tmp_path):
    with pytest.raises(CarouselError, match="is not a run"):
        report_run(tmp_path)
