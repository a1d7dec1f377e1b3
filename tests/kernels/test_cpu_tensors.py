"""The C++ kernel on tensors that lie oddly in memory, and on numbers that are huge, infinite or none."""

from dataclasses import replace

import pytest
import torch
from scans import CELLS, LEVELS, SOURCES, infer, make, name_of, run, run_eager

from carousel import kernels

pytestmark = pytest.mark.usefixtures("poisoned_memory")


def transposed(tensor):
    return tensor.transpose(0, -1).contiguous().transpose(0, -1)


def every_second(tensor):
    return torch.stack([tensor, torch.full_like(tensor, torch.nan)], dim=-1)[..., 0]


def misaligned(tensor):
    """Not where a vector would want to lie, but one number beyond."""
    room = torch.full((tensor.numel() + 1,), torch.nan, dtype=tensor.dtype)
    return room[1:].view(tensor.shape).copy_(tensor)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
@pytest.mark.parametrize("change", [transposed, every_second, misaligned])
@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_where_tensors_lie_changes_nothing(cell, change, dtype, use_threads):
    use_threads(2)
    scan = make(cell, 12, 7, 20, 33, dtype=dtype, reverse=True)
    odd = scan.map(change)
    assert odd.x.data_ptr() % 64 or not odd.x.is_contiguous()
    got, wanted = run(odd), run(scan)
    assert all(torch.equal(got[name], wanted[name]) for name in wanted)
    assert all(gradient.is_contiguous() for gradient in got.values())
    assert all(torch.equal(one, got[name]) for name, one in infer(odd).items())


def test_expanded_tensors():
    """Errors as v.sum() sends them back, and an input that repeats one step: no stride at all."""
    scan = make(CELLS[-1], 12, 7, 20, 33)
    one = replace(
        scan,
        x=scan.x[:1, :1].expand(12, 7, 20),
        errors=tuple(torch.tensor(0.5).double().expand(error.shape) for error in scan.errors),
    )
    got, wanted = run(one), run(one.map(torch.clone))
    assert one.errors[0].stride() == (0, 0, 0)
    assert all(torch.equal(got[name], wanted[name]) for name in wanted)


@pytest.mark.parametrize("only", range(3))
def test_an_error_that_is_missing_is_zero(only):
    scan = make(CELLS[-1], 12, 7, 20, 33, ragged=True)
    leaves = [tensor.detach().requires_grad_() for tensor in scan.sources.values()]
    v, last = kernels.scan(
        scan.cell, leaves[0], tuple(leaves[1:3]), type(scan.weights)(*leaves[3:]), scan.lengths
    )
    got = torch.autograd.grad((v, *last)[only], leaves, scan.errors[only])
    zeroed = tuple(error if i == only else torch.zeros_like(error) for i, error in enumerate(scan.errors))
    wanted = run(replace(scan, errors=zeroed))
    for name, gradient in zip(scan.sources, got, strict=True):
        assert torch.equal(gradient, wanted[f"d{name}"])


@pytest.mark.parametrize("wanted_one", SOURCES)
def test_a_gradient_alone_is_the_same(wanted_one):
    scan = make(CELLS[-1], 12, 7, 20, 33, ragged=True)
    every = run(scan)
    given = {name: tensor.clone().requires_grad_(name == wanted_one) for name, tensor in scan.sources.items()}
    weights = type(scan.weights)(*[given[name] for name in SOURCES[3:]])
    v, last = kernels.scan(scan.cell, given["x"], (given["v_init"], given["s_init"]), weights, scan.lengths)
    (got,) = torch.autograd.grad((v, *last), given[wanted_one], scan.errors)
    assert torch.equal(got, every[f"d{wanted_one}"])


def assert_as_eager(scan, tolerance):
    """Numbers within tolerance of each tensor's largest; infinities and NaN at the same places."""
    got, wanted = run(scan), run_eager(scan)
    for name, tensor in wanted.items():
        odd = ~tensor.isfinite()
        assert torch.equal(odd, ~got[name].isfinite()), name
        torch.testing.assert_close(got[name][odd], tensor[odd], rtol=0, atol=0, equal_nan=True, msg=name)
        size = tensor[~odd].abs().max().clamp(min=1).item() if not odd.all() else 1
        torch.testing.assert_close(got[name][~odd], tensor[~odd], rtol=0, atol=tolerance * size)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-3), (torch.float64, 1e-12)])
@pytest.mark.parametrize("size", [1e4, 1e30])
@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_huge_inputs(cell, size, dtype, tolerance, use_level):
    """At 1e4, numbers of float32 lie a thousandth apart: an accumulation node's sum is no better known than that."""
    scan = make(cell, 6, 5, 3, 17, dtype=dtype)
    for level in LEVELS:
        use_level(level)
        assert_as_eager(replace(scan, x=scan.x * size), tolerance)


@pytest.mark.parametrize("place", ["x", "v_init", "s_init", "hh", "bias"])
@pytest.mark.parametrize("odd", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("cell", CELLS, ids=name_of)
def test_nan_and_infinities(cell, odd, place, use_level):
    """Only where they reach: another sequence of the batch, and other steps before, never see them."""
    for level in LEVELS:
        use_level(level)
        scan = make(cell, 6, 5, 3, 17).map(torch.clone)
        scan.sources[place].view(-1)[7] = odd
        assert_as_eager(scan, 1e-12)
