"""The file of a model of symbols answers as the model does, segment after segment or symbol by symbol."""

import json

import numpy as np
import onnx
import pytest
import torch
from exported import session_of, valid_model

from carousel.onnx.from_run import export_run
from carousel.training import configure, fit
from carousel.training.symbols.streams import NOTHING, SymbolBatch
from helpers import assert_same

CASES = {
    "a window into the past": ["layer=augmented", "context=[2, 0]"],
    "an embedding, two layers": ["layer=lstm", "embedding_size=3", "num_layers=2"],
    "bytes, torch's layer": ["layer=torch", "alphabet=bytes"],
}


@pytest.fixture(scope="module", params=CASES, ids=str)
def case(request, tmp_path_factory):
    place = tmp_path_factory.mktemp("text")
    file = place / "x.txt"
    file.write_text("the cat sat on the mat, and the dog ran after it. " * 20)
    changes = ["hidden_size=5", "epochs=1", "learning_rate=0.05", "unroll=50", *CASES[request.param]]
    run = fit(configure(file, changes=changes)[0], place / "run", progress=False)
    path = export_run(run.folder)
    valid_model(path)
    return run.load_model(), path


def zeros(model, B: int) -> dict[str, np.ndarray]:
    shape = model.config.model.num_layers, B, model.config.model.hidden_size
    return {name: np.zeros(shape, np.float32) for name in ("h_0", "c_0")}


def test_segments_are_those_of_the_model(case):
    model, path = case
    session = session_of(path)
    generator = torch.Generator().manual_seed(0)
    symbols = torch.randint(model.n_symbols, (40, 3), generator=generator)
    symbols = torch.cat([symbols.new_full((model.past, 3), NOTHING), symbols])
    state, feed = None, zeros(model, 3)
    for first, end in [(0, 1), (1, 18), (18, 40)]:
        segment = symbols[first : end + model.past]
        batch = SymbolBatch(torch.cat([segment, segment[-1:]]), torch.full((3,), state is None))
        with torch.no_grad():
            logits, state = model(batch, state)
        got = session.run(None, {"symbols": segment.numpy(), **feed})
        wanted = [logits.softmax(dim=-1), *state]
        for number, answer in zip(got, wanted, strict=True):
            assert_same(number, answer.numpy(), 1e-5)
        feed = dict(zip(("h_0", "c_0"), got[1:], strict=True))


def test_metadata_name_the_symbols(case):
    model, path = case
    told = {part.key: part.value for part in onnx.load(path).metadata_props}
    assert told.keys() == {"layer", "alphabet", "past"}
    alphabet = json.loads(told["alphabet"])
    assert alphabet == (None if model.alphabet is None else list(model.alphabet))
    assert json.loads(told["past"]) == model.past
