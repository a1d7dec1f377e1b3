"""Weights that are no longer plain parameters: parametrised, normed, pruned, dropped, handed in for one call."""

import copy
import itertools

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils import parametrizations, parametrize, prune

import carousel
from helpers import assert_same

# torch's own remark on its older functions.
pytestmark = pytest.mark.filterwarnings("ignore:.*torch.nn.utils.weight_norm.* is deprecated:FutureWarning")

X = torch.randn(5, 2, 3, generator=torch.Generator().manual_seed(0))
EVERY = ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0", "weight_ih_l1", "weight_hh_l1_reverse")
TORCHS = {
    "weight_norm": parametrizations.weight_norm,
    "older weight_norm": nn.utils.weight_norm,
    "spectral_norm": parametrizations.spectral_norm,
    "older spectral_norm": nn.utils.spectral_norm,
    "orthogonal": parametrizations.orthogonal,
    "pruned": lambda layer, name: prune.l1_unstructured(layer, name, 0.5),
}
FOR_MATRICES = ("spectral_norm", "older spectral_norm", "orthogonal")


class Halved(nn.Module):
    def forward(self, weight: torch.Tensor) -> torch.Tensor:
        return weight / 2

    def right_inverse(self, weight: torch.Tensor) -> torch.Tensor:
        return weight * 2


def pair() -> tuple[nn.LSTM, carousel.LSTM]:
    torch.manual_seed(0)
    theirs = nn.LSTM(3, 4, num_layers=2, bidirectional=True)
    return theirs, carousel.LSTM.from_torch(theirs)


def outcome(layer: nn.Module) -> dict[str, torch.Tensor]:
    """Output and all gradients."""
    layer.zero_grad()
    output, _ = layer(X)
    output.square().sum().backward()
    return {"output": output} | {name: weight.grad for name, weight in layer.named_parameters()}


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (change, name)
        for change, name in itertools.product(TORCHS, EVERY)
        if change not in FOR_MATRICES or name.startswith("weight")
    ],
)
def test_torchs_parametrizations(change, name):
    found = []
    for layer in pair():
        torch.manual_seed(1)
        TORCHS[change](layer, name)
        layer.eval()  # the spectral norms else take a step with every look at the weight
        found.append(outcome(layer))
    assert_same(found[1], found[0], tolerance=1e-5)
    assert len(found[1]) >= 17


@pytest.mark.parametrize("name", ["weight_ch_l0", "weight_hr_l0", "weight_ih_l0"])
@pytest.mark.parametrize("kernel", ["auto", "eager"])
def test_a_parametrization_of_a_weight_that_torch_lacks(name, kernel):
    layer = carousel.AugmentedLSTM(3, 4, proj_size=2)
    plain = copy.deepcopy(layer)
    parametrize.register_parametrization(layer, name, Halved())
    with carousel.use_kernel(kernel):
        got, wanted = outcome(layer), outcome(plain)
    original = got.pop(f"parametrizations.{name}.original")
    assert_same(original * 2, wanted.pop(name))
    assert_same(got, wanted)
    assert_same(copy.deepcopy(layer)(X)[0], got["output"])
    parametrize.remove_parametrizations(layer, name)
    assert_same(layer(X)[0], got["output"])


def test_weight_norm_trains_and_is_taken_off():
    for layer in (carousel.LSTM(3, 4), carousel.RNN(3, 4)):
        nn.utils.weight_norm(layer, "weight_hh_l0")
        before = layer(X)[0]
        optimizer = torch.optim.SGD(layer.parameters(), lr=0.1)
        before.square().sum().backward()
        optimizer.step()
        after = layer(X)[0]
        assert not torch.allclose(after, before)
        nn.utils.remove_weight_norm(layer, "weight_hh_l0")
        assert_same(layer(X)[0], after)
        assert sorted(layer.state_dict()) == sorted(carousel.LSTM(3, 4).state_dict())


def test_pruned_and_made_permanent():
    layer = carousel.LSTM(3, 4)
    prune.random_unstructured(layer, "weight_hh_l0", 0.5)
    wanted = layer(X)[0]
    wanted.square().sum().backward()
    assert layer.weight_hh_l0_orig.grad[layer.weight_hh_l0_mask == 0].abs().max() == 0
    prune.remove(layer, "weight_hh_l0")
    assert (layer.weight_hh_l0 == 0).sum() == 32
    assert_same(layer(X)[0], wanted, tolerance=0)


def dropconnect(layer: nn.Module, name: str) -> None:
    """The weight drop of AWD-LSTM, as its users write it."""
    raw = layer._parameters.pop(name)
    layer.register_parameter(f"{name}_raw", nn.Parameter(raw.detach()))
    setattr(layer, name, F.dropout(raw.detach(), 0.5))

    def drop(module: nn.Module, _: object) -> None:
        setattr(module, name, F.dropout(getattr(module, f"{name}_raw"), 0.5, module.training))

    layer.register_forward_pre_hook(drop)


@pytest.mark.parametrize("name", ["weight_hh_l0", "weight_hh_l1_reverse", "weight_ih_l1"])
def test_weight_drop(name):
    theirs, ours = pair()
    for layer in (theirs, ours):
        dropconnect(layer, name)
    found = []
    for layer in (theirs, ours):
        torch.manual_seed(2)
        found += [outcome(layer), outcome(layer)]
    assert not torch.allclose(found[2]["output"], found[3]["output"])
    assert_same(found[2:], found[:2])
    assert_same(ours.eval()(X)[0], theirs.eval()(X)[0])


def test_a_call_with_other_weights():
    layer, other = carousel.AugmentedLSTM(3, 4), carousel.AugmentedLSTM(3, 4)
    before = layer(X)[0]
    assert_same(torch.func.functional_call(layer, dict(other.named_parameters()), X)[0], other(X)[0])
    assert_same(layer(X)[0], before, tolerance=0)


def test_tied_weights():
    theirs, ours = pair()
    for layer in (theirs, ours):
        layer.weight_hh_l1 = layer.weight_hh_l0
    found = outcome(theirs), outcome(ours)
    assert len(list(ours.parameters())) == 15
    assert_same(found[1], found[0])


def test_swapped_tensors_are_seen():
    layer, other = carousel.LSTM(3, 4), carousel.LSTM(3, 4)
    with torch.no_grad():
        wanted = other(X)[0]
    for name in list(layer.state_dict()):
        torch.utils.swap_tensors(layer.get_parameter(name), other.get_parameter(name))
    assert_same(layer(X)[0], wanted, tolerance=0)


REPLACED = {
    "shape": (torch.ones(3, 4), r"LSTM: weight_hh_l0 must have shape \[16, 4\], got \[3, 4\]$"),
    "dtype": (
        torch.ones(16, 4).double(),
        "LSTM: weight_hh_l0 is torch.float64, weight_ih beside it torch.float32; a tensor in the place of a parameter "
        "is not converted with the layer, so convert it too$",
    ),
    "device": (
        torch.ones(16, 4, device="meta"),
        "LSTM: weight_hh_l0 is on meta, weight_ih beside it on cpu; a tensor in the place of a parameter does not "
        "move with the layer, so move it too$",
    ),
}


@pytest.mark.parametrize(("weight", "text"), REPLACED.values(), ids=REPLACED.keys())
def test_what_does_not_fit_is_refused_before_a_kernel_reads_it(weight, text):
    layer = carousel.LSTM(3, 4)
    layer.weight_hh_l0 = None
    del layer._parameters["weight_hh_l0"]
    layer.weight_hh_l0 = weight
    for call in (lambda: layer(X), lambda: layer.trace(X), layer.stream):
        with pytest.raises(RuntimeError, match=text):
            call()
