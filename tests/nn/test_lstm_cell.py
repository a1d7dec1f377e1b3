"""carousel.LSTMCell: with its defaults torch's, beyond them a step of carousel.LSTM."""

import itertools
import pickle

import pytest
import torch
from torch import nn

import carousel
from helpers import assert_same

FEATURES, H, B, T = 3, 5, 4, 6
BEYOND = [
    dict(peephole=peephole, input_gate=input_gate, proj_size=proj_size, bias=bias)
    for peephole, input_gate, proj_size, bias in itertools.product(
        ("none", "diagonal", "full"), (False, True), (0, 2), (True, False)
    )
]


@pytest.fixture(params=["auto", "eager"], autouse=True)
def kernel(request):
    torch.manual_seed(0)
    with carousel.use_kernel(request.param):
        yield


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("batch", [(B,), (1,), (0,), ()], ids=str)
def test_it_is_torchs(batch, bias, dtype):
    theirs, ours = (kind(FEATURES, H, bias, dtype=dtype) for kind in (nn.LSTMCell, carousel.LSTMCell))
    assert list(ours.state_dict()) == list(theirs.state_dict())
    assert repr(ours) == repr(theirs)
    ours.load_state_dict(theirs.state_dict())
    leaves = [torch.randn(*batch, size, dtype=dtype, requires_grad=True) for size in (FEATURES, H, H)]
    found = []
    for cell in (theirs, ours):
        h, c = cell(leaves[0], tuple(leaves[1:]))
        h, c = cell(leaves[0], (h, c))
        E = h.sin().sum() + c.square().sum()
        found.append([h, c, *torch.autograd.grad(E, [*leaves, *cell.parameters()])])
        found[-1] += cell(leaves[0])
    assert_same(found[1], found[0])


def test_the_same_seed_draws_the_same_weights():
    drawn = []
    for kind in (nn.LSTMCell, carousel.LSTMCell):
        torch.manual_seed(3)
        drawn.append(dict(kind(FEATURES, H).state_dict()))
    assert_same(drawn[1], drawn[0], tolerance=0)


@pytest.mark.parametrize("options", BEYOND, ids=str)
def test_a_loop_over_it_is_a_call_of_the_layer(options):
    layer = carousel.LSTM(FEATURES, H, dtype=torch.float64, **options)
    cell = carousel.LSTMCell(FEATURES, H, dtype=torch.float64, **options)
    cell.load_state_dict({name.removesuffix("_l0"): weight for name, weight in layer.state_dict().items()})
    x = torch.randn(T, B, FEATURES, dtype=torch.float64, requires_grad=True)

    def loop():
        hx, outputs = None, []
        for x_n in x:
            hx = cell(x_n, hx)
            outputs.append(hx[0])
        return torch.stack(outputs), hx

    found = []
    for (output, (v, s)), weights in ((loop(), cell.parameters()), (layer(x), layer.parameters())):
        v, s = v.view(B, -1), s.view(B, H)
        E = output.square().sum() + v.sin().sum() + s.cos().sum()
        found.append([output, v, s, *torch.autograd.grad(E, [x, *weights])])
    assert_same(found[0], found[1])


@pytest.mark.parametrize("options", BEYOND[::5], ids=str)
def test_symbols_are_the_layers(options):
    layer, cell = carousel.LSTM(FEATURES, H, **options), carousel.LSTMCell(FEATURES, H, **options)
    cell.load_symbols(layer.symbols())
    assert_same(cell.symbols(), layer.symbols())
    x = torch.randn(B, FEATURES)
    assert_same(cell(x)[0], layer(x.unsqueeze(0))[0][0])
    with pytest.raises(IndexError, match=r"layer must lie in 0..0, got 1"):
        cell.symbols(1)
    with pytest.raises(IndexError, match="no reverse direction"):
        cell.symbols(reverse=True)


def test_it_is_a_module():
    cell = carousel.LSTMCell(FEATURES, H, peephole="full", input_gate=True, proj_size=2, bias=False)
    assert repr(cell) == "LSTMCell(3, 5, bias=False, proj_size=2, peephole='full', input_gate=True)"
    x = torch.randn(B, FEATURES)
    assert_same(pickle.loads(pickle.dumps(cell))(x), cell(x), tolerance=0)
    assert cell.double()(x.double())[1].dtype == torch.float64
    meta = nn.utils.skip_init(carousel.LSTMCell, FEATURES, H, device="cpu")
    assert [tuple(weight.shape) for weight in meta.parameters()] == [(20, 3), (20, 5), (20,), (20,)]
    with torch.autocast("cpu", torch.bfloat16):
        hx = carousel.LSTMCell(FEATURES, H)(x)
        assert carousel.LSTMCell(FEATURES, H)(x, hx)[0].shape == (B, H)


X, V, S = torch.ones(B, FEATURES), torch.ones(B, H), torch.ones(B, H)
BAD = [
    ((X.numpy(),), TypeError, "LSTMCell: input must be a Tensor, got ndarray"),
    ((torch.ones(1, B, FEATURES),), ValueError, "LSTMCell: Expected input to be 1D or 2D, got 3D instead"),
    (
        (torch.ones(B, 7),),
        RuntimeError,
        "LSTMCell: input.size(-1) must be equal to input_size. Expected 3, got 7 in an input of shape [4, 7]",
    ),
    (
        (X.double(),),
        ValueError,
        "LSTMCell: input dtype (torch.float64) does not match weight dtype (torch.float32); convert the input: "
        "input.to(torch.float32), or the layer: layer.to(torch.float64)",
    ),
    (
        (X.to("meta"),),
        RuntimeError,
        "LSTMCell: input is on meta, the weights are on cpu; move one: input.to('cpu') or layer.to('meta')",
    ),
    ((X, V), RuntimeError, "LSTMCell: hx must be a pair (h_0, c_0) of tensors, got one tensor"),
    ((X, (V,)), TypeError, "LSTMCell: hx must be a pair (h_0, c_0) of tensors, got ['Tensor']"),
    ((X, (V[:2], S)), RuntimeError, "LSTMCell: Expected hx[0] size (4, 5), got [2, 5]"),
    ((X, (V, S[:, :4])), RuntimeError, "LSTMCell: Expected hx[1] size (4, 5), got [4, 4]"),
    ((X[0], (V, S)), RuntimeError, "LSTMCell: Expected hx[0] size (5,), got [4, 5]"),
    (
        (X, (V, S.double())),
        RuntimeError,
        "LSTMCell: hx[1] dtype (torch.float64) does not match weight dtype (torch.float32); convert it: "
        "hx[1].to(torch.float32)",
    ),
    (
        (X, (V.to("meta"), S)),
        RuntimeError,
        "LSTMCell: hx[0] is on meta, the weights are on cpu; move it: hx[0].to('cpu')",
    ),
]


@pytest.mark.parametrize(("arguments", "kind", "text"), BAD)
def test_what_does_not_fit(arguments, kind, text):
    with pytest.raises(kind) as error:
        carousel.LSTMCell(FEATURES, H)(*arguments)
    assert str(error.value) == text


@pytest.mark.parametrize(
    ("arguments", "options", "kind", "text"),
    [
        ((0, 3), {}, ValueError, "input_size must be greater than zero, got 0"),
        ((3, 2.0), {}, TypeError, "hidden_size should be of type int, got: float"),
        ((3, 4), dict(bias=1), TypeError, "bias should be of type bool, got: int"),
        ((3, 4), dict(proj_size=4), ValueError, "proj_size has to be smaller than hidden_size, got 4 and 4"),
        ((3, 4), dict(peephole="half"), ValueError, "peephole must be one of 'none', 'diagonal', 'full', got 'half'"),
        ((3, 4), dict(input_gate=0), TypeError, "input_gate should be of type bool, got: int"),
    ],
)  # fmt: skip
def test_arguments_that_do_not_fit(arguments, options, kind, text):
    with pytest.raises(kind) as error:
        carousel.LSTMCell(*arguments, **options)
    assert str(error.value) == text
