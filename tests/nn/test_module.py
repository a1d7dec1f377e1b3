"""A layer is a good torch module: what nn.LSTM's users do to one, beside calling it, works and means the same."""

import copy
import io
import pickle

import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import carousel
from helpers import assert_same

LAYERS = {
    "LSTM": lambda **more: carousel.LSTM(3, 4, num_layers=2, bidirectional=True, **more),
    "augmented": lambda **more: carousel.AugmentedLSTM(3, 4, num_layers=2, proj_size=2, **more),
    "RNN": lambda **more: carousel.RNN(3, 4, canonical=True, **more),
}
each_layer = pytest.mark.parametrize("make", LAYERS.values(), ids=LAYERS.keys())
X = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))


class Residual(carousel.LSTM):
    """What a user may derive."""

    def forward(self, input, hx=None):
        output, state = super().forward(input, hx)
        return output + input.sum(-1, keepdim=True), state


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def weights(layer: nn.Module) -> dict[str, torch.Tensor]:
    return {name: weight.detach().clone() for name, weight in layer.named_parameters()}


def train(layer: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    for _ in range(3):
        optimizer.zero_grad()
        layer(X)[0].square().sum().backward()
        optimizer.step()


@pytest.mark.parametrize(
    ("arguments", "options"),
    [
        ((4, 5), dict(num_layers=2, batch_first=True)),
        ((4, 5), {}),
        ((4, 5, 3, False, True, 0.5, True, 2), {}),
    ],
)
def test_it_prints_as_torchs(arguments, options):
    assert repr(carousel.LSTM(*arguments, **options)) == repr(nn.LSTM(*arguments, **options))


def test_it_prints_what_torch_has_no_word_for():
    assert repr(carousel.LSTM(4, 5, num_layers=2, batch_first=True)) == (
        "LSTM(4, 5, num_layers=2, batch_first=True)"
    )
    assert repr(carousel.AugmentedLSTM(4, 5)) == (
        "LSTM(4, 5, peephole='full', input_gate=True, context=[(1, 1)])"
    )
    assert repr(carousel.RNN(4, 5, canonical=True)) == "RNN(4, 5, canonical=True)"


def test_mode_is_torchs():
    assert carousel.LSTM(3, 4).mode == carousel.AugmentedLSTM(3, 4).mode == nn.LSTM(3, 4).mode
    for nonlinearity in ("tanh", "relu"):
        ours, theirs = (kind(3, 4, nonlinearity=nonlinearity) for kind in (carousel.RNN, nn.RNN))
        assert ours.mode == theirs.mode


def test_it_is_no_instance_of_torchs_layers():
    """By this type torch.compile refuses a module and quantisation replaces it, whatever its cell computes."""
    assert not isinstance(carousel.LSTM(3, 4), (nn.LSTM, nn.RNNBase))
    assert not isinstance(carousel.RNN(3, 4), (nn.RNN, nn.RNNBase))


@pytest.mark.parametrize("options", [{}, dict(proj_size=2, bidirectional=True), dict(bias=False)], ids=str)
def test_parameters_come_in_torchs_order(options):
    ours, theirs = (kind(3, 4, 2, **options) for kind in (carousel.LSTM, nn.LSTM))
    assert [name for name, _ in ours.named_parameters()] == [name for name, _ in theirs.named_parameters()]


@each_layer
def test_all_weights_are_the_parameters_themselves(make):
    layer = make()
    flat = [weight for run in layer.all_weights for weight in run]
    assert [id(weight) for weight in flat] == [id(weight) for weight in layer.parameters()]
    assert len(layer.all_weights) == layer.num_layers * (1 + layer.bidirectional)
    before = [weight.data_ptr() for weight in flat]
    assert layer.flatten_parameters() is None
    assert [weight.data_ptr() for weight in layer.parameters()] == before


@each_layer
def test_a_copy_of_a_trained_layer_is_whole_and_apart(make):
    layer = make()
    train(layer, torch.optim.Adam(layer.parameters()))
    file = io.BytesIO()
    torch.save(layer, file)
    file.seek(0)
    copies = copy.deepcopy(layer), pickle.loads(pickle.dumps(layer)), torch.load(file, weights_only=False)
    wanted = layer(X)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
    for copied in copies:
        assert_same(copied(X), wanted, tolerance=0)
        assert repr(copied) == repr(layer)


@each_layer
def test_a_state_dict_goes_through_a_file_without_pickled_code(make):
    layer, other, file = make(), make(), io.BytesIO()
    torch.save(layer.state_dict(), file)
    file.seek(0)
    before = [id(weight) for weight in other.parameters()]
    other.load_state_dict(torch.load(file, weights_only=True))
    assert_same(other(X), layer(X), tolerance=0)
    assert [id(weight) for weight in other.parameters()] == before


@pytest.mark.parametrize("strict", [True, False])
def test_a_state_dict_that_does_not_fit_is_refused_in_torchs_words(strict):
    theirs, ours = nn.LSTM(3, 4), carousel.LSTM(3, 4)
    state = theirs.state_dict() | dict(weight_ih_l0=torch.zeros(16, 5), more=torch.zeros(1))
    del state["bias_hh_l0"]
    texts = []
    for layer in (theirs, ours):
        with pytest.raises(RuntimeError) as error:
            layer.load_state_dict(state, strict=strict)
        texts.append(str(error.value))
    assert texts[1] == texts[0]
    assert "weight_ih_l0: copying a param with shape torch.Size([16, 5])" in texts[1]
    assert strict == ('Missing key(s) in state_dict: "bias_hh_l0"' in texts[1])
    assert strict == ('Unexpected key(s) in state_dict: "more"' in texts[1])


@each_layer
@pytest.mark.parametrize("change", ["load_state_dict", "load_symbols", "double", "reset_parameters"])
def test_an_optimizer_goes_on_with_the_same_parameters(make, change):
    layer, other = make(), make()
    optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
    train(layer, optimizer)
    if change == "load_state_dict":
        layer.load_state_dict(other.state_dict())
    elif change == "load_symbols":
        layer.load_symbols(other.symbols())
    elif change == "double":
        layer.double().float()
    else:
        layer.reset_parameters()
    if change.startswith("load"):
        assert_same(layer.symbols(), other.symbols())
    before = weights(layer)
    train(layer, optimizer)
    assert all(not torch.equal(weight, before[name]) for name, weight in layer.named_parameters())


@each_layer
@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_moves_between_dtypes(make, dtype):
    layer = make()
    wanted, _ = layer(X)
    output, last = layer.to(dtype)(X.to(dtype))
    states = last if isinstance(last, tuple) else (last,)
    assert {part.dtype for part in (output, *states)} == {dtype}
    assert_same(output.float(), wanted, tolerance=1e-6 if dtype == torch.float64 else 2e-2)
    output.float().sum().backward()
    assert {weight.grad.dtype for weight in layer.parameters()} == {dtype}


@each_layer
def test_a_conversion_may_swap_the_parameters(make):
    layer = make()
    before = [id(weight) for weight in layer.parameters()]
    torch.__future__.set_swap_module_params_on_conversion(True)
    try:
        layer.double()
    finally:
        torch.__future__.set_swap_module_params_on_conversion(False)
    assert [id(weight) for weight in layer.parameters()] == before
    assert layer(X.double())[0].dtype == torch.float64


@each_layer
def test_is_made_without_memory_and_filled_later(make):
    torch.manual_seed(3)
    wanted = make()
    with torch.device("meta"):
        layer = make()
    assert {weight.device.type for weight in layer.parameters()} == {"meta"}
    output, _ = layer(X.to("meta"))
    assert output.shape == wanted(X)[0].shape and output.is_meta
    torch.manual_seed(3)
    layer.to_empty(device="cpu").reset_parameters()
    assert_same(weights(layer), weights(wanted), tolerance=0)
    assert_same(layer(X), wanted(X), tolerance=0)


def test_lengths_and_masks_without_memory():
    layer, x = carousel.AugmentedLSTM(3, 4, device="meta"), X.to("meta")
    assert layer(x, lengths=[5, 2])[0].shape == (5, 2, 4)
    assert layer(x, lengths=torch.tensor([5, 2], device="meta"))[0].shape == (5, 2, 4)
    assert layer(x, mask=torch.ones(5, 2, dtype=torch.bool, device="meta"))[0].shape == (5, 2, 4)


def test_takes_the_weights_of_a_state_dict_for_its_own():
    theirs = nn.LSTM(3, 4)
    layer = carousel.LSTM(3, 4, device="meta")
    layer.load_state_dict(theirs.state_dict(), assign=True)
    assert layer.weight_hh_l0.data_ptr() == theirs.weight_hh_l0.data_ptr()
    assert_same(layer(X)[0], theirs(X)[0])


def test_skip_init():
    layer = nn.utils.skip_init(carousel.LSTM, 3, 4, num_layers=2)
    theirs = nn.LSTM(3, 4, num_layers=2)
    layer.load_state_dict(theirs.state_dict())
    assert_same(layer(X)[0], theirs(X)[0])


def test_a_default_dtype_and_device_are_obeyed():
    torch.set_default_dtype(torch.float64)
    try:
        assert carousel.LSTM(3, 4).weight_ih_l0.dtype == torch.float64
    finally:
        torch.set_default_dtype(torch.float32)


@each_layer
def test_frozen_weights_get_no_gradient_and_change_no_other(make):
    layer = make()
    layer(X)[0].square().sum().backward()
    wanted = {name: weight.grad for name, weight in layer.named_parameters()}
    for frozen in ("weight_hh_l0", "bias_ih_l0"):
        layer.zero_grad()
        layer.get_parameter(frozen).requires_grad_(False)
        layer(X)[0].square().sum().backward()
        assert layer.get_parameter(frozen).grad is None
        got = {name: weight.grad for name, weight in layer.named_parameters() if weight.requires_grad}
        assert_same(got, {name: wanted[name] for name in got})
    layer.requires_grad_(False)
    assert not layer(X)[0].requires_grad


@each_layer
@pytest.mark.parametrize("use_reentrant", [True, False])
def test_gradient_checkpointing(make, use_reentrant):
    layer, x = make(), X.clone().requires_grad_()
    layer(x)[0].square().sum().backward()
    wanted = {"x": x.grad} | {name: weight.grad for name, weight in layer.named_parameters()}
    layer.zero_grad()
    x.grad = None
    output, _ = checkpoint(layer, x, use_reentrant=use_reentrant)
    output.square().sum().backward()
    assert_same({"x": x.grad} | {name: w.grad for name, w in layer.named_parameters()}, wanted, tolerance=0)


def test_checkpointing_repeats_the_dropout():
    layer, x = carousel.LSTM(3, 4, 2, dropout=0.5), X.clone().requires_grad_()
    torch.manual_seed(1)
    layer(x)[0].square().sum().backward()
    wanted, x.grad = x.grad, None
    torch.manual_seed(1)
    checkpoint(layer, x, use_reentrant=False)[0].square().sum().backward()
    assert_same(x.grad, wanted, tolerance=0)


def test_hooks_see_what_they_see_of_torchs():
    seen = {}
    theirs = nn.LSTM(3, 4)
    for layer in (theirs, carousel.LSTM.from_torch(theirs)):
        calls = seen[type(layer)] = []
        layer.register_forward_pre_hook(lambda _, given, calls=calls: calls.append(given[0].shape))
        layer.register_forward_hook(lambda _, given, got, calls=calls: calls.append(got[1][1].shape))
        layer.register_full_backward_hook(
            lambda _, inner, outer, calls=calls: calls.append((inner[0].norm(), len(outer)))
        )
        layer.register_full_backward_pre_hook(lambda _, outer, calls=calls: calls.append(outer[0].sum()))
        layer(X.clone().requires_grad_())[0].sum().backward()
    wanted, got = seen.values()
    assert got[:2] == wanted[:2] == [(5, 2, 3), (1, 2, 4)]
    assert_same(got[2], wanted[2])
    assert_same(got[3][0], wanted[3][0])
    assert got[3][1] == wanted[3][1]


def test_a_forward_hook_may_change_the_output():
    layer = carousel.LSTM(3, 4)
    wanted = layer(X)[0] * 2
    layer.register_forward_hook(lambda _, given, got: (got[0] * 2, got[1]))
    assert_same(layer(X)[0], wanted, tolerance=0)


def test_clipped_gradients_are_torchs():
    theirs = nn.LSTM(3, 4)
    ours = carousel.LSTM.from_torch(theirs)
    norms = []
    for layer in (theirs, ours):
        layer(X)[0].square().sum().backward()
        norms.append(nn.utils.clip_grad_norm_(layer.parameters(), 0.01))
    assert_same(norms[1], norms[0])
    assert_same([w.grad for w in ours.parameters()], [w.grad for w in theirs.parameters()])


def test_settings_that_are_changed_afterwards_act():
    """As Monte Carlo dropout and wrappers do it."""
    theirs = nn.LSTM(3, 4, num_layers=2)
    ours = carousel.LSTM.from_torch(theirs)
    found = []
    for layer in (theirs, ours):
        layer.dropout, layer.batch_first = 0.5, True
        torch.manual_seed(1)
        found.append(layer(X))
    assert_same(found[1], found[0])


def test_a_subclass():
    layer = Residual(3, 4, batch_first=True)
    assert repr(layer) == "Residual(3, 4, batch_first=True)"
    plain = carousel.LSTM(3, 4, batch_first=True)
    plain.load_state_dict(layer.state_dict())
    assert_same(layer(X)[0], plain(X)[0] + X.sum(-1, keepdim=True))
    assert_same(pickle.loads(pickle.dumps(layer))(X), layer(X), tolerance=0)
    assert type(Residual.from_torch(nn.LSTM(3, 4))) is Residual


def test_in_a_larger_model():
    model = nn.ModuleDict({"encoder": carousel.LSTM(3, 4), "head": nn.Linear(4, 1)})
    assert [name for name in model.state_dict() if name.startswith("encoder")] == [
        f"encoder.{name}" for name in nn.LSTM(3, 4).state_dict()
    ]
    model.apply(lambda module: module.reset_parameters() if hasattr(module, "reset_parameters") else None)
    model.eval()
    assert not model["encoder"].training


@each_layer
def test_shares_its_memory(make):
    layer = make()
    wanted = layer(X)
    assert all(weight.is_shared() for weight in layer.share_memory().parameters())
    assert_same(layer(X), wanted, tolerance=0)
