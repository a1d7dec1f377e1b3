"""The file of a run answers as the run does."""

import json
import sys
from pathlib import Path

import onnx
import pytest
import torch
from exported import session_of, valid_model

from carousel.data import collate, load
from carousel.errors import CarouselError
from carousel.onnx.from_run import export_run
from carousel.training import Config, fit, open_run, override, predict
from commands import call, one_object, sentence
from helpers import assert_same

TINY = ("hidden_size=4", "epochs=1", "batch_size=64", "learning_rate=0.03")
TEST = load("japanese_vowels")[1].select([3, 300, 40])


@pytest.fixture(scope="module", params=["lstm", "augmented", "torch"])
def run(request, tmp_path_factory) -> Path:
    config = override(Config(), [f"layer={request.param}", *TINY])
    return fit(config, tmp_path_factory.mktemp(request.param) / "run", progress=False).folder


def test_probabilities_are_those_of_predict(run, tmp_path):
    path = export_run(run, tmp_path / "model.onnx")
    valid_model(path)
    batch = collate([(values, None) for values in TEST.values])
    after_end = torch.arange(len(batch.x)).unsqueeze(1) >= batch.lengths
    x = batch.x.masked_fill(after_end.unsqueeze(2), float("nan"))
    got = session_of(path).run(["probabilities"], {"input": x.numpy(), "lengths": batch.lengths.numpy()})
    assert_same(got[0], predict(run, TEST), 1e-5)


def test_metadata_name_inputs_and_answers(run, tmp_path):
    model = open_run(run).load_model()
    metadata = {
        part.key: part.value for part in onnx.load(export_run(run, tmp_path / "m.onnx")).metadata_props
    }
    assert metadata.keys() == {"layer", "features", "classes"}
    assert metadata["layer"].startswith("LSTM(12, 4")
    assert json.loads(metadata["features"]) == list(model.features)
    assert json.loads(metadata["classes"]) == list(model.classes)


def test_command(run, tmp_path):
    assert call("export", run).stdout == f"file: {run / 'model.onnx'}\n"
    path = tmp_path / "other.onnx"
    assert one_object(call("export", run, "--out", path, "--json")) == {"run": str(run), "file": str(path)}
    assert path.read_bytes() == (run / "model.onnx").read_bytes()


def test_a_gru_is_refused(tmp_path):
    run = fit(override(Config(), ["layer=gru", *TINY]), tmp_path / "run", progress=False)
    with pytest.raises(
        CarouselError, match="has layer 'gru', only LSTMs can be exported; train one with another"
    ):
        export_run(run.folder)
    assert not (tmp_path / "run" / "model.onnx").exists()


def test_bad_input_gets_one_sentence_and_leaves_nothing(run, tmp_path, monkeypatch):
    path = tmp_path / "no" / "model.onnx"
    assert sentence(call("export", run, "--out", path)).startswith(f"cannot write '{path}': No such file")
    assert sentence(call("export", tmp_path / "none")).startswith("there is no run folder")
    for name in [name for name in sys.modules if name.startswith("carousel.onnx")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "onnx", None)
    got = sentence(call("export", run, "--out", tmp_path / "model.onnx"))
    assert got == "carousel.onnx needs the package onnx; run pip install 'carousel-lstm[export]'"
    assert list(tmp_path.iterdir()) == []
