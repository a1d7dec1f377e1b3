"""The file computes what the layer computes, in onnxruntime, and is what it says."""

import re
import subprocess
import sys

import onnx
import pytest
import torch
from exported import all_nodes, both, session_of, valid_model
from torch import nn

import carousel
from carousel.errors import CarouselError
from carousel.onnx import export
from helpers import assert_same

SIZES = (7, 4), (1, 1), (12, 3), (1, 5)
"""(T, B), all for one file."""
CELLS = [
    dict(peephole=peephole, input_gate=input_gate, proj_size=proj_size)
    for peephole in ("none", "diagonal", "full")
    for input_gate in (False, True)
    for proj_size in (0, 3)
]
STACKS = [
    dict(num_layers=num_layers, bidirectional=bidirectional)
    for num_layers in (1, 2)
    for bidirectional in (False, True)
]


def named(settings) -> str:
    return "-".join(f"{name}={value}" for name, value in settings.items())


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(5)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("batch_first", [False, True], ids=["time first", "batch first"])
@pytest.mark.parametrize("context", [(0, 0), (2, 1)], ids=["alone", "window"])
@pytest.mark.parametrize("stack", STACKS, ids=named)
@pytest.mark.parametrize("cell", CELLS, ids=named)
def test_lstm_on_ragged_batches(cell, stack, context, batch_first, bias, tmp_path):
    layer = carousel.LSTM(3, 5, bias=bias, batch_first=batch_first, context=context, **cell, **stack)
    for got, wanted in both(layer, tmp_path / "layer.onnx", SIZES, lengths=True, states=True):
        assert_same(got, wanted, 1e-5)


@pytest.mark.parametrize("bias", [True, False], ids=["bias", "no bias"])
@pytest.mark.parametrize("batch_first", [False, True], ids=["time first", "batch first"])
@pytest.mark.parametrize("stack", STACKS, ids=named)
@pytest.mark.parametrize("canonical", [False, True], ids=["standard", "canonical"])
@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_rnn_on_ragged_batches(nonlinearity, canonical, stack, batch_first, bias, tmp_path):
    layer = carousel.RNN(
        3, 5, nonlinearity=nonlinearity, canonical=canonical, bias=bias, batch_first=batch_first, **stack
    )
    for got, wanted in both(layer, tmp_path / "layer.onnx", SIZES, lengths=True, states=True):
        assert_same(got, wanted, 1e-5)


@pytest.mark.parametrize("stack", STACKS, ids=named)
@pytest.mark.parametrize("cell", [CELLS[0], CELLS[-1]], ids=named)
def test_zoneout_is_what_evaluation_does(cell, stack, tmp_path):
    layer = carousel.LSTM(3, 5, zoneout=(0.2, 0.5), **cell, **stack).eval()
    for got, wanted in both(layer, tmp_path / "layer.onnx", SIZES, lengths=True, states=True):
        assert_same(got, wanted, 1e-5)


@pytest.mark.parametrize("lengths, states", [(False, False), (True, False), (False, True)])
@pytest.mark.parametrize(
    "make",
    [carousel.LSTM, carousel.VanillaLSTM, carousel.AugmentedLSTM, carousel.RNN],
    ids=["LSTM", "VanillaLSTM", "AugmentedLSTM", "RNN"],
)
def test_lengths_and_states_are_taken_where_asked_for(make, lengths, states, tmp_path):
    layer = make(3, 5, num_layers=2, bidirectional=True, batch_first=True)
    for got, wanted in both(layer, tmp_path / "layer.onnx", SIZES, lengths=lengths, states=states):
        assert_same(got, wanted, 1e-5)


@pytest.mark.parametrize("cell", CELLS, ids=named)
def test_float64(cell, tmp_path):
    layer = carousel.LSTM(3, 5, 2, bidirectional=True, context=(1, 1), dtype=torch.float64, **cell)
    for got, wanted in both(layer, tmp_path / "layer.onnx", SIZES, lengths=True, states=True):
        assert_same(got, wanted)


@pytest.mark.parametrize("canonical", [False, True], ids=["standard", "canonical"])
def test_rnn_in_float64(canonical, tmp_path):
    layer = carousel.RNN(3, 5, 2, bidirectional=True, dtype=torch.float64, canonical=canonical)
    for got, wanted in both(layer, tmp_path / "layer.onnx", SIZES, lengths=True, states=True):
        assert_same(got, wanted)


def test_a_window_on_an_upper_layer(tmp_path):
    for peephole in ("none", "full"):
        layer = carousel.LSTM(3, 5, 2, bidirectional=True, peephole=peephole, context=[(0, 0), (1, 2)])
        for got, wanted in both(layer, tmp_path / "layer.onnx", SIZES, lengths=True, states=True):
            assert_same(got, wanted, 1e-5)


def test_many_steps_through_the_same_nodes(tmp_path):
    layer = carousel.AugmentedLSTM(3, 5, bidirectional=True)
    for got, wanted in both(layer, tmp_path / "layer.onnx", [(500, 2), (3, 2)], lengths=True, states=False):
        assert_same(got, wanted, 1e-5)
    assert len(all_nodes(valid_model(tmp_path / "layer.onnx").graph)) < 100


@pytest.mark.parametrize(
    "layer, wanted",
    [
        (carousel.LSTM(3, 5, 2, bidirectional=True), ["LSTM", "LSTM"]),
        (carousel.LSTM(3, 5, peephole="diagonal"), ["LSTM"]),
        (carousel.LSTM(3, 5, peephole="diagonal", context=(1, 1)), ["LSTM"]),
        (carousel.LSTM(3, 5, 2, bidirectional=True, peephole="full"), ["Scan"] * 4),
        (carousel.LSTM(3, 5, proj_size=2), ["Scan"]),
        (carousel.LSTM(3, 5, input_gate=True), ["Scan"]),
        (carousel.LSTM(3, 5, dtype=torch.float64), ["Scan"]),
        (carousel.RNN(3, 5, 2, bidirectional=True), ["RNN", "RNN"]),
        (carousel.RNN(3, 5, canonical=True), ["Scan"]),
    ],
    ids=repr,
)
def test_what_becomes_what(layer, wanted, tmp_path):
    export(layer, tmp_path / "layer.onnx", lengths=True, states=True)
    nodes = all_nodes(valid_model(tmp_path / "layer.onnx").graph)
    assert [node.op_type for node in nodes if node.op_type in ("LSTM", "RNN", "Scan")] == wanted


def test_the_file_tells_of_itself(tmp_path):
    layer = carousel.AugmentedLSTM(3, 5, bidirectional=True, proj_size=2, batch_first=True)
    export(layer, tmp_path / "layer.onnx", lengths=True, states=True)
    model = onnx.load(tmp_path / "layer.onnx")
    assert [(opset.domain, opset.version) for opset in model.opset_import] == [("", 14)]
    assert (model.producer_name, model.producer_version) == ("carousel", carousel.__version__)
    assert {part.key: part.value for part in model.metadata_props} == {"layer": repr(layer)}
    session = session_of(tmp_path / "layer.onnx")
    values = [*session.get_inputs(), *session.get_outputs()]
    assert {value.name: (value.type, value.shape) for value in values} == {
        "input": ("tensor(float)", ["batch", "time", 3]),
        "lengths": ("tensor(int64)", ["batch"]),
        "h_0": ("tensor(float)", [2, "batch", 2]),
        "c_0": ("tensor(float)", [2, "batch", 5]),
        "output": ("tensor(float)", ["batch", "time", 4]),
        "h_n": ("tensor(float)", [2, "batch", 2]),
        "c_n": ("tensor(float)", [2, "batch", 5]),
    }


def test_the_same_layer_gives_the_same_bytes_and_replaces_the_file(tmp_path):
    layer, path = carousel.AugmentedLSTM(3, 5), tmp_path / "layer.onnx"
    export(layer, path)
    first = path.read_bytes()
    path.write_bytes(b"old")
    export(layer, str(path))
    assert path.read_bytes() == first


def test_a_computed_weight_is_written_as_the_value_it_has(tmp_path):
    layer = nn.utils.parametrizations.weight_norm(carousel.LSTM(3, 5), "weight_hh_l0")
    for got, wanted in both(layer, tmp_path / "layer.onnx", SIZES, lengths=True, states=True):
        assert_same(got, wanted, 1e-5)


def test_dropout_is_no_part_of_the_file(tmp_path):
    layer = carousel.LSTM(3, 5, 2, dropout=0.9).eval()
    for got, wanted in both(layer, tmp_path / "layer.onnx", SIZES, lengths=True, states=True):
        assert_same(got, wanted, 1e-5)


MISTAKES = {
    "a torch layer": (
        lambda: nn.LSTM(3, 5),
        TypeError,
        "export: layer must be a carousel.LSTM or carousel.RNN, got torch.nn.modules.rnn.LSTM; convert it: carousel.LSTM.from_torch(layer)",
    ),
    "no layer": (
        lambda: {"weight_ih_l0": 1},
        TypeError,
        "export: layer must be a carousel.LSTM or carousel.RNN, got builtins.dict",
    ),
    "dropout": (
        lambda: carousel.LSTM(3, 5, 2, dropout=0.5),
        ValueError,
        "export: dropout=0.5 is active, and a file computes what the layer does without; call layer.eval() first",
    ),
    "dropout of all kinds": (
        lambda: carousel.LSTM(3, 5, recurrent_dropout=0.2, zoneout=0.1, weight_dropout=0.3),
        ValueError,
        "export: recurrent_dropout=0.2, zoneout=(0.1, 0.1), weight_dropout=0.3 is active, and a file computes what the "
        "layer does without; call layer.eval() first",
    ),
    "float16": (
        lambda: carousel.LSTM(3, 5, dtype=torch.float16),
        ValueError,
        "export: the weights must be all float32 or all float64, got torch.float16; convert a copy: copy.deepcopy(layer).float()",
    ),
    "no values": (
        lambda: carousel.LSTM(3, 5, device="meta"),
        ValueError,
        "export: the weights are on the meta device and have no values; load them first",
    ),
    "too large": (
        lambda: carousel.LSTM(3, 12000, device="meta"),
        ValueError,
        "export: an ONNX file holds less than 2 GiB, the weights take 2.1 GiB",
    ),
}


@pytest.mark.parametrize("make, kind, message", MISTAKES.values(), ids=MISTAKES)
def test_what_cannot_be_exported_leaves_the_old_file(make, kind, message, tmp_path):
    (tmp_path / "layer.onnx").write_bytes(b"old")
    with pytest.raises(kind, match=f"^{re.escape(message)}$"):
        export(make(), tmp_path / "layer.onnx")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("layer.onnx", b"old")]


def test_a_path_that_cannot_be_written(tmp_path):
    path = tmp_path / "nowhere/layer.onnx"
    message = f"cannot write '{path}': No such file or directory; check the path"
    with pytest.raises(CarouselError, match=f"^{re.escape(message)}$"):
        export(carousel.LSTM(3, 5), path)
    assert list(tmp_path.iterdir()) == []


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_import_carousel_leaves_onnx_alone():
    assert run_python("import carousel, sys; print('onnx' in sys.modules)") == "False\n"


def test_exporting_a_layer_needs_nothing_of_training():
    code = "import carousel.onnx, sys; print('carousel.training' in sys.modules, 'pytorch_lightning' in sys.modules)"
    assert run_python(code) == "False False\n"


def test_without_the_package_onnx():
    code = "import sys; sys.modules['onnx'] = None\ntry: import carousel.onnx\nexcept ImportError as error: print(error)"
    assert (
        run_python(code) == "carousel.onnx needs the package onnx; run pip install 'carousel-lstm[export]'\n"
    )
