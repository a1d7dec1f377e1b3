"""The operators carousel::lstm and carousel::lstm_backward: as torch sees them, and where eager takes their place."""

import subprocess
import sys

import pytest
import torch
from scans import CELLS, make, name_of, run, run_eager

import carousel
from carousel import kernels
from carousel.kernels import LSTMCell, Weights, cpu
from carousel.kernels.cells import NO_MASKS
from carousel.kernels.cpu import PEEPHOLES, TENSORS, Arguments
from helpers import assert_same

pytestmark = pytest.mark.usefixtures("native")


def arguments(scan):
    """Those of the operator, each with a gradient."""
    given = scan.arguments
    tensors = [None if tensor is None else tensor.clone().requires_grad_() for tensor in given.tensors]
    return Arguments(*tensors, *given[TENSORS:])


SCANS = [
    make(cell, 4, 3, 2, 5, ragged=i % 2 == 0, reverse=i % 3 == 0, masked=i // 2 % 2 == 0)
    for i, cell in enumerate(CELLS)
]


@pytest.mark.parametrize("scan", SCANS, ids=lambda scan: name_of(scan.cell))
def test_the_forward_operator(scan):
    given = arguments(scan)
    for keep in (False, True):
        tests = ("test_schema", "test_faketensor")
        torch.library.opcheck(
            torch.ops.carousel.lstm.default,
            (*given, keep),
            test_utils=(*tests, "test_autograd_registration") if keep else tests,
        )


@pytest.mark.parametrize("scan", SCANS, ids=lambda scan: name_of(scan.cell))
def test_the_backward_operator(scan):
    transposed = scan.map(lambda tensor: tensor.transpose(0, -1).contiguous().transpose(0, -1))
    for one, wanted in ((scan, [True] * 8), (scan, [True, False] * 4), (transposed, [True] * 8)):
        given = arguments(one)
        v, _, _, kept = cpu.forward(given, keep=True)
        torch.library.opcheck(
            torch.ops.carousel.lstm_backward.default,
            (*given, *kept[:3], *one.errors, wanted),
            test_utils=("test_schema", "test_faketensor"),
        )


def through_the_operator(cell, x, state, weights, lengths, reverse, masks=NO_MASKS):
    settings = masks.v, PEEPHOLES.index(cell.peephole), cell.input_gate, reverse
    v, *last, _, _ = torch.ops.carousel.lstm(x, *state, *weights, lengths, *settings, True)
    return v, tuple(last)


@pytest.mark.parametrize("scan", SCANS, ids=lambda scan: name_of(scan.cell))
def test_the_operator_computes_what_a_direct_call_does(scan):
    got, wanted = run(scan, through_the_operator), run(scan)
    assert all(torch.equal(got[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("cell", [CELLS[0], CELLS[5], CELLS[11]], ids=name_of)
@pytest.mark.parametrize("ragged", [False, True])
def test_first_and_second_derivatives(cell, ragged):
    scan = make(cell, 3, 2, 2, 2, ragged=ragged, reverse=True, masked=ragged)
    given = {name: tensor.clone().requires_grad_() for name, tensor in scan.sources.items()}

    def outputs(*sources):
        x, v_init, s_init, *_ = sources
        weights = Weights(**dict(zip(list(given)[3:], sources[3:], strict=True)))
        v, last = kernels.scan(cell, x, (v_init, s_init), weights, *scan.settings)
        return v, *last

    torch.autograd.gradcheck(outputs, tuple(given.values()))
    torch.autograd.gradgradcheck(outputs, tuple(given.values()))


@pytest.mark.parametrize("scan", SCANS, ids=lambda scan: name_of(scan.cell))
def test_slopes_that_can_be_differentiated_again_are_the_same(scan, monkeypatch):
    """They come from eager."""
    wanted, grad = run(scan), torch.autograd.grad
    monkeypatch.setattr(torch.autograd, "grad", lambda *of, **how: grad(*of, **{"create_graph": True} | how))
    assert_same({name: one.detach() for name, one in run(scan).items()}, wanted)


@pytest.fixture
def layer():
    torch.manual_seed(0)
    return carousel.LSTM(
        3, 4, peephole="full", input_gate=True, proj_size=2, bidirectional=True, dtype=torch.float64
    )


@pytest.fixture
def x():
    return torch.randn(5, 2, 3, dtype=torch.float64, requires_grad=True)


def test_derivatives_of_a_layer(layer, x):
    def outputs(x):
        output, (v, s) = layer(x)
        return output, v, s

    torch.autograd.gradcheck(outputs, x)
    torch.autograd.gradgradcheck(outputs, x)


def test_second_derivatives_of_one_output(layer, x):
    """Where an output has no error, or the error has no gradient."""

    def curvature():
        output, _ = layer(x)
        (slope,) = torch.autograd.grad(output.square().sum(), x, create_graph=True)
        return torch.autograd.grad(slope.square().sum(), [x, *layer.parameters()])

    got = curvature()
    with kernels.use_kernel("eager"):
        assert_same(got, curvature())


@pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # torch.func.jvp uses it
def test_transforms_of_functions(layer, x):
    x = x.detach()
    parameters = {name: one.detach() for name, one in layer.named_parameters()}

    def output(parameters, x):
        return torch.func.functional_call(layer, parameters, (x,))[0]

    def error(parameters, x):
        return output(parameters, x).square().sum()

    batch = torch.stack([x, 2 * x, -x])
    assert_same(
        torch.func.vmap(output, (None, 0))(parameters, batch),
        torch.stack([output(parameters, one) for one in batch]),
    )
    slopes = torch.func.grad(error)(parameters, x)
    layer(x)[0].square().sum().backward()
    assert_same(slopes, {name: one.grad for name, one in layer.named_parameters()})
    for_each = torch.func.vmap(torch.func.grad(error), (None, 0))(parameters, batch)
    assert_same({name: one[0] for name, one in for_each.items()}, slopes)
    direction = torch.randn_like(x)
    _, along = torch.func.jvp(lambda x: output(parameters, x), (x,), (direction,))
    step = 1e-6
    ahead, behind = (output(parameters, x + sign * step * direction) for sign in (1, -1))
    assert_same(along, (ahead - behind) / (2 * step), 1e-8)


def test_no_gradient_where_none_is_wanted(layer, x):
    output, _ = layer(x.detach())
    assert output.requires_grad
    layer.requires_grad_(False)
    output, _ = layer(x.detach())
    assert not output.requires_grad
    with torch.no_grad():
        assert not layer(x)[0].requires_grad
    with torch.inference_mode():
        assert torch.equal(layer(x)[0], output)


FULL = dict(lengths=None, v_mask=None, peephole=PEEPHOLES.index("full"), input_gate=True, reverse=False)
MISFITS = {
    "a state of another batch": (dict(v_init=torch.zeros(5, 2)), "v_init must have shape [3, 2], got [5, 2]"),
    "other weights": (dict(ih=torch.zeros(25, 3)), "ih must have shape [20, 3], got [25, 3]"),
    "no peepholes": (dict(ch=None), "ch must have shape [16, 4], got none"),
    "too few lengths": (
        dict(lengths=torch.ones(2, dtype=torch.int64)),
        "lengths must have shape [3], got [2]",
    ),
    "lengths that are no integers": (
        dict(lengths=torch.ones(3)),
        "lengths must be integers, got torch.float32",
    ),
    "a mask of another size": (
        dict(v_mask=torch.ones(3, 4)),
        "v_mask must have shape [3, 2], got [3, 4]",
    ),
    "another dtype": (
        dict(hh=torch.zeros(20, 2).double()),
        "hh must be torch.float32, as x is, got torch.float64",
    ),
    "no projection": (dict(hr=None), "v_init has 2 values and s_init 4 units, which takes a projection hr"),
}


def zeros():
    shapes = dict(
        x=(6, 3, 3), v_init=(3, 2), s_init=(3, 4), ih=(20, 3), hh=(20, 2), ch=(16, 4), bias=(20,), hr=(2, 4)
    )
    return Arguments(**{name: torch.zeros(shape) for name, shape in shapes.items()}, **FULL)


@pytest.mark.parametrize(("change", "text"), MISFITS.values(), ids=MISFITS.keys())
def test_who_calls_the_operator_by_hand_is_checked(change, text):
    given = zeros()
    torch.ops.carousel.lstm(*given, False)
    with pytest.raises(ValueError) as error:
        torch.ops.carousel.lstm(*given._replace(**change), False)
    assert str(error.value) == f"carousel::lstm: {text}"


@pytest.mark.parametrize(
    ("place", "text"),
    [
        (0, "v must be [6, 3, 2] of torch.float32, got [1, 3, 2] of torch.float32"),
        (1, "s must be [6, 3, "),
        (2, "gates must be [6, 3, "),
        (3, "dv must be [6, 3, 2] of torch.float32, got [1, 3, 2] of torch.float32"),
        (4, "dv_last must be [3, 2] of torch.float32, got [1, 2] of torch.float32"),
        (5, "ds_last must be [3, 4] of torch.float32, got [1, 4] of torch.float32"),
    ],
)
def test_who_calls_the_backward_operator_by_hand_is_checked(place, text):
    given = zeros()
    v, v_last, s_last, s, gates = torch.ops.carousel.lstm(*given, True)
    backward = [v, s, gates, v, v_last, s_last]
    torch.ops.carousel.lstm_backward(*given, *backward, [True] * 8)
    with pytest.raises(ValueError, match="wanted must have 8 values, got 7"):
        torch.ops.carousel.lstm_backward(*given, *backward, [True] * 7)
    backward[place] = backward[place][:1].clone()
    with pytest.raises(ValueError) as error:
        torch.ops.carousel.lstm_backward(*given, *backward, [True] * 8)
    assert str(error.value).startswith(f"carousel::lstm_backward: {text}")


COMPILED = """
import torch, carousel

torch.manual_seed(0)
layer = carousel.LSTM(3, 4, peephole="full", input_gate=True, proj_size=2, bidirectional=True)
x = torch.randn(5, 2, 3, requires_grad=True)

def step(model):
    output, (v, s) = model(x)
    error = output.square().sum() + v.sin().sum() + s.cos().sum()
    return output, v, s, *torch.autograd.grad(error, [x, *layer.parameters()])

graphs = []

def backend(graph, _):
    graphs.append(graph.code)
    return graph

for backend in (backend, "aot_eager"):
    compiled = torch.compile(layer, fullgraph=True, backend=backend)
    for got, wanted in zip(step(compiled), step(layer), strict=True):
        assert torch.equal(got, wanted)
assert len(graphs) == 1 and graphs[0].count("torch.ops.carousel.lstm(") == 2, graphs
"""


def test_compiled():
    """In one graph, forward and backward; in a process of its own, for no type checker to be traced too."""
    subprocess.run([sys.executable, "-c", COMPILED], check=True)


def test_what_runs_on_eager_agrees():
    scan = make(LSTMCell("full", True, True), 5, 3, 2, 4, ragged=True)
    with kernels.use_kernel("eager"):
        got = run(scan)
    assert_same(got, run_eager(scan), 0.0)
    assert_same(got, run(scan))
