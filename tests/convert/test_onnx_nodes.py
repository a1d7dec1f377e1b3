"""LSTM nodes of ONNX, as onnxruntime and ONNX's own evaluator compute them."""

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from onnx.helper import make_graph, make_model, make_node, make_opsetid, make_tensor_value_info
from onnx.numpy_helper import from_array
from onnx.reference import ReferenceEvaluator
from peers import FEATURES, B, H, T, answer, inputs, randomized, weights
from torch import nn

import carousel
import carousel.onnx
from carousel.convert import from_onnx
from helpers import assert_same


def model_of(D=1, dtype=np.float32, without="", computed="", constant="", levels=1, **attributes):
    """A model of LSTM nodes n0, n1, ... side by side, all fed with x and states; weights W, R, B, P are random."""
    random = np.random.default_rng(6)
    attributes = dict(hidden_size=H, direction="bidirectional" if D == 2 else "forward") | attributes
    nodes, stored, outputs = [], [], []
    given = {
        name: make_tensor_value_info(name, onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype)), None)
        for name in ("x", "h", "c")
    }
    for k in range(levels):
        shapes = dict(W=(D, 4 * H, D * H if k else FEATURES), R=(D, 4 * H, H), B=(D, 8 * H), P=(D, 3 * H))
        names = {}
        for name, shape in shapes.items():
            names[name] = "" if name in without else f"{name}{k}"
            value = from_array(random.normal(0, 0.5, shape).astype(dtype), f"{name}{k}")
            if name in constant:
                nodes.append(make_node("Constant", [], [f"{name}{k}_"], value=value))
                nodes.append(make_node("Identity", [f"{name}{k}_"], [f"{name}{k}"]))
            elif name in computed:
                stored.append(from_array(onnx.numpy_helper.to_array(value), f"{name}{k}_"))
                nodes.append(make_node("Neg", [f"{name}{k}_"], [f"{name}{k}"]))
            elif name not in without:
                stored.append(value)
        outputs += [f"y{k}", f"h{k}", f"c{k}"]
        order = ["x", names["W"], names["R"], names["B"], "", "h", "c", names["P"]]
        nodes.append(make_node("LSTM", order, outputs[-3:], f"n{k}", **attributes))
    kind = given["x"].type.tensor_type.elem_type
    results = [make_tensor_value_info(name, kind, None) for name in outputs]
    graph = make_graph(nodes, "lstm", [*given.values()], results, stored)
    return make_model(graph, opset_imports=[make_opsetid("", 14)], ir_version=8)


def node_answer(run, x, states):
    """[output, h_n, c_n] of the first node, shaped as a layer's."""
    y, *last = map(
        torch.from_numpy,
        run(None, dict(zip("xhc", (part.numpy() for part in (x, *states)), strict=True)))[:3],
    )
    return [y.transpose(1, 2).flatten(2), *last]  # [T, D, B, H] to [T, B, D * H]


@pytest.mark.parametrize("without", ["", "B", "P", "BP"])
@pytest.mark.parametrize("D", [1, 2])
def test_outputs_and_states(D, without):
    model = model_of(D, without=without)
    layer = from_onnx(model)
    x, states = inputs(1, D, torch.float32)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    assert_same(answer(layer, x, states), node_answer(session.run, x, states))
    assert layer.bias == ("B" not in without)
    assert layer.cell.peephole == ("none" if "P" in without else "diagonal")
    assert not layer.batch_first


@pytest.mark.parametrize("without", ["", "B", "P"])
@pytest.mark.parametrize("layout", [0, 1], ids=["time first", "batch first"])
@pytest.mark.parametrize("D", [1, 2])
def test_outputs_and_states_in_float64(D, layout, without):
    model = model_of(D, dtype=np.float64, without=without, layout=layout)
    layer = from_onnx(model)
    x, states = inputs(1, D, torch.float64)
    run = ReferenceEvaluator(model).run
    if layout == 0:
        got = node_answer(run, x, states)
    else:  # [B, T, D, H], and [B, D, H] for the states
        swapped = [part.transpose(0, 1).contiguous() for part in (x, *states)]
        y, *last = run(None, dict(zip("xhc", (part.numpy() for part in swapped), strict=True)))
        got = [
            torch.tensor(y).flatten(2).transpose(0, 1),
            *(torch.tensor(part).transpose(0, 1) for part in last),
        ]
    assert_same(answer(layer, x, states), got)
    assert layer.batch_first == (layout == 1)


def test_lengths_are_given_in_the_call():
    model = model_of(2)
    model.graph.node[0].input[4] = "lengths"
    model.graph.input.append(make_tensor_value_info("lengths", onnx.TensorProto.INT32, None))
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    x, (h, c) = inputs(1, 2, torch.float32)
    lengths = np.array([7, 2, 5, 1], np.int32)
    feed = dict(x=x.numpy(), h=h.numpy(), c=c.numpy(), lengths=lengths)
    y, *last = map(torch.from_numpy, session.run(None, feed))
    output, state = from_onnx(model)(x, (h, c), lengths=lengths.tolist())
    assert_same([output, *state], [y.transpose(1, 2).flatten(2), *last])


@pytest.mark.parametrize("peephole", ["none", "diagonal"])
@pytest.mark.parametrize("bidirectional", [False, True])
@pytest.mark.parametrize("layers", [1, 2])
def test_a_layer_comes_back_from_its_own_file(layers, bidirectional, peephole, tmp_path):
    layer = randomized(carousel.LSTM(FEATURES, H, layers, bidirectional=bidirectional, peephole=peephole))
    carousel.onnx.export(layer, tmp_path / "layer.onnx")
    nodes = [node.name for node in onnx.load(tmp_path / "layer.onnx").graph.node if node.op_type == "LSTM"]
    again = from_onnx(tmp_path / "layer.onnx", nodes)
    for k in range(layers):
        for reverse in (False, True)[: 1 + bidirectional]:
            assert_same(again.symbols(k, reverse), layer.symbols(k, reverse), 0.0)
    x, states = inputs(layers, 1 + bidirectional, torch.float32)
    assert_same(answer(again, x, states), answer(layer, x, states), 0.0)


@pytest.mark.filterwarnings("ignore")  # PyTorch's exporter warns of itself
def test_a_module_comes_back_from_the_file_that_pytorch_writes(tmp_path):
    module = randomized(nn.LSTM(FEATURES, H, 2, bidirectional=True)).eval()
    torch.onnx.export(module, (torch.zeros(T, B, FEATURES),), str(tmp_path / "torch.onnx"), dynamo=False)
    nodes = [node.name for node in onnx.load(tmp_path / "torch.onnx").graph.node if node.op_type == "LSTM"]
    assert_same(weights(from_onnx(str(tmp_path / "torch.onnx"), nodes)), weights(module), 0.0)


def test_nodes_go_by_name_or_output():
    model = model_of(levels=2)
    wanted = weights(from_onnx(model, ["n0", "n1"]))
    assert_same(weights(from_onnx(model, ["y0", "c1"])), wanted, 0.0)
    assert_same(weights(from_onnx(model, "n0"))["weight_ih_l0"], wanted["weight_ih_l0"], 0.0)
    with pytest.raises(ValueError, match="several LSTM nodes, say which: node= one of n0, n1, or a list of"):
        from_onnx(model)
    for node in model.graph.node:
        node.name = ""
    with pytest.raises(ValueError, match="no LSTM node is called n0, n3; there is y0, y1$"):
        from_onnx(model, ["n0", "n3"])
    with pytest.raises(ValueError, match=r"^from_onnx: node= names no LSTM node; there is y0, y1$"):
        from_onnx(model, [])


def test_weights_in_constant_nodes():
    assert_same(weights(from_onnx(model_of(constant="WRBP"))), weights(from_onnx(model_of())), 0.0)


@pytest.mark.parametrize("name", ["W", "R", "B", "P"])
def test_weights_that_the_model_computes_are_refused(name):
    with pytest.raises(
        ValueError,
        match=f"^from_onnx: {name} of n0 is no constant of the model; fold its constants first$",
    ):
        from_onnx(model_of(computed=name))


def test_a_node_that_runs_backwards_comes_over_as_its_refusal_says():
    model = model_of(dtype=np.float64, direction="reverse")
    x, states = inputs(1, 1, torch.float64)
    wanted = node_answer(ReferenceEvaluator(model).run, x, states)
    with pytest.raises(
        ValueError,
        match="^from_onnx: n0 has direction=reverse, .*; set the attribute to forward, convert it, and flip",
    ):
        from_onnx(model)
    (direction,) = (part for part in model.graph.node[0].attribute if part.name == "direction")
    direction.s = b"forward"
    output, *last = answer(from_onnx(model), x.flip(0), states)
    assert_same([output.flip(0), *last], wanted)


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        (
            dict(activations=["HardSigmoid", "Tanh", "Tanh"]),
            "must have the activations Sigmoid, Tanh, Tanh, .*got HardSigmoid, Tanh, Tanh$",
        ),
        (dict(clip=3.5), "has clip=3.5, which carousel.LSTM lacks$"),
        (dict(input_forget=1), "has input_forget=1, which carousel.LSTM lacks$"),
    ],
)
def test_what_is_not_equal_is_refused(attributes, message):
    with pytest.raises(ValueError, match="^from_onnx: n0 " + message):
        from_onnx(model_of(**attributes))


def test_defaults_that_are_spelled_out_are_no_hindrance():
    spelled = model_of(2, activations=["sigmoid", "Tanh", "tanh"] * 2, input_forget=0, layout=0)
    assert_same(weights(from_onnx(spelled)), weights(from_onnx(model_of(2))), 0.0)


def test_what_makes_no_stack_is_refused():
    model = model_of(levels=2)
    with pytest.raises(ValueError, match=r"^from_onnx: weight_ih of layer 1 must have shape \[20, 5\], got"):
        from_onnx(model, ["n0", "n0"])
    model.graph.node[1].attribute.append(onnx.helper.make_attribute("layout", 1))
    with pytest.raises(
        ValueError, match="^from_onnx: the nodes of a stack must all have layout=0 or all have"
    ):
        from_onnx(model, ["n0", "n1"])


def test_what_is_no_model_is_refused(tmp_path):
    with pytest.raises(TypeError, match=r"^from_onnx takes a path or an onnx.ModelProto, got GraphProto$"):
        from_onnx(model_of().graph)
    with pytest.raises(FileNotFoundError):
        from_onnx(tmp_path / "absent.onnx")
    (tmp_path / "text.onnx").write_text("no model")
    with pytest.raises(ValueError, match=r"^from_onnx: .*text.onnx is no ONNX file$"):
        from_onnx(tmp_path / "text.onnx")
    with pytest.raises(ValueError, match="^from_onnx: the model has no LSTM node$"):
        from_onnx(onnx.ModelProto())
