"""Derivatives of a layer as a user takes them, in float64, against the same taken through PyTorch operations."""

import pytest
import torch
from torch import nn
from torch.autograd import forward_ad, functional
from torch.func import functional_call, grad, hessian, jacfwd, jacrev, jvp, stack_module_state, vmap

import carousel
from helpers import assert_same

pytestmark = pytest.mark.filterwarnings("ignore:`torch.jit.script` is deprecated")  # torch.func.jvp uses it

SETTINGS = {
    "plain": {},
    "whole": dict(
        num_layers=2,
        bidirectional=True,
        proj_size=2,
        peephole="full",
        input_gate=True,
        context=[(1, 1), (0, 1)],
    ),
}


@pytest.fixture(params=SETTINGS.values(), ids=SETTINGS.keys())
def make(request):
    torch.manual_seed(0)
    return lambda: carousel.LSTM(2, 3, dtype=torch.float64, **request.param)


@pytest.fixture
def layer(make):
    return make()


@pytest.fixture
def x():
    torch.manual_seed(1)
    return torch.randn(3, 2, 2, dtype=torch.float64)


def outputs(layer):
    def call(x):
        output, states = layer(x)
        return output, *states

    return call


def error(layer):
    return lambda x: layer(x)[0].square().sum()


def test_of_first_and_second_order_forward_and_batched(layer, x):
    x = x[:2, :1].requires_grad_()
    torch.autograd.gradcheck(outputs(layer), x, check_forward_ad=True, check_batched_grad=True)
    torch.autograd.gradgradcheck(outputs(layer), x, check_batched_grad=True)


def test_of_the_weights_twice(x):
    layer = carousel.LSTM(2, 3, proj_size=2, peephole="full", dtype=torch.float64)
    names, weights = zip(*layer.named_parameters(), strict=True)

    def call(*weights):
        return functional_call(layer, dict(zip(names, weights, strict=True)), (x[:2, :1],))[0].sum()

    torch.autograd.gradgradcheck(call, weights)


WAYS = {
    "jvp": lambda layer, x: jvp(outputs(layer), (x,), (x.cos(),)),
    "jacrev": lambda layer, x: jacrev(outputs(layer))(x),
    "jacfwd": lambda layer, x: jacfwd(outputs(layer))(x),
    "hessian": lambda layer, x: hessian(error(layer))(x),
    "hvp": lambda layer, x: jvp(grad(error(layer)), (x,), (x.cos(),)),
    "functional.hvp": lambda layer, x: functional.hvp(error(layer), x, x.cos()),
    "functional.vhp": lambda layer, x: functional.vhp(error(layer), x, x.cos()),
    "functional.jacobian": lambda layer, x: functional.jacobian(outputs(layer), x),
    "functional.jacobian, vectorized": lambda layer, x: functional.jacobian(
        outputs(layer), x, vectorize=True
    ),
    "functional.hessian, vectorized": lambda layer, x: functional.hessian(error(layer), x, vectorize=True),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_ways_to_take_them(layer, x, way):
    got = way(layer, x)
    with carousel.use_kernel("eager"):
        assert_same(got, way(layer, x))


@pytest.mark.parametrize("name", ["jvp", "jacrev", "jacfwd", "hessian", "hvp"])
def test_ways_to_take_them_as_torch_does(x, name):
    theirs = nn.LSTM(2, 3, dtype=torch.float64)
    assert_same(WAYS[name](carousel.LSTM.from_torch(theirs), x), WAYS[name](theirs, x))


def test_forward_and_reverse_mode_agree(layer, x):
    assert_same(WAYS["jacfwd"](layer, x), WAYS["jacrev"](layer, x))


def test_a_dual_number(layer, x):
    with forward_ad.dual_level():
        output, _ = layer(forward_ad.make_dual(x, x.cos()))
        along = forward_ad.unpack_dual(output).tangent
    assert_same(along, WAYS["jvp"](layer, x)[1][0])


def test_over_a_batch_of_calls(layer, x):
    assert_same(vmap(lambda one: layer(one)[0], in_dims=1, out_dims=1)(x), layer(x)[0])


@pytest.mark.parametrize("form", ["lengths", "mask"])
def test_over_a_batch_of_ragged_calls(layer, x, form):
    xs, lengths = torch.stack([x, -x]), torch.tensor([[3, 1], [2, 3]])
    masks = torch.arange(3).unsqueeze(1) < lengths.unsqueeze(1)
    given = lengths if form == "lengths" else masks
    got = vmap(lambda x, one: layer(x, **{form: one})[0])(xs, given)
    assert_same(got, torch.stack([layer(x, **{form: one})[0] for x, one in zip(xs, given, strict=True)]))


def test_for_each_sequence(layer, x):
    weights = {name: one.detach() for name, one in layer.named_parameters()}
    slope = grad(lambda weights, x: functional_call(layer, weights, (x,))[0].square().sum())
    for_each = vmap(slope, in_dims=(None, 1))(weights, x)
    for b in range(2):
        layer.zero_grad()
        error(layer)(x[:, b]).backward()
        assert_same(
            {n: one[b] for n, one in for_each.items()}, {n: one.grad for n, one in layer.named_parameters()}
        )


def test_an_ensemble(make, x):
    layers = [make() for _ in range(3)]
    weights, buffers = stack_module_state(layers)
    skeleton = make().to("meta")

    def call(weights, buffers):
        return functional_call(skeleton, (weights, buffers), (x,))[0]

    assert_same(vmap(call)(weights, buffers), torch.stack([layer(x)[0] for layer in layers]))
    slopes = vmap(grad(lambda *state: call(*state).square().sum()))(weights, buffers)
    for i, layer in enumerate(layers):
        error(layer)(x).backward()
        assert_same(
            {n: one[i] for n, one in slopes.items()}, {n: one.grad for n, one in layer.named_parameters()}
        )
