"""The gate before the timing."""

import pytest
import torch

from carousel.benchmarks.agreement import difference, disagreement

VALUES = {"output": torch.tensor([2.0, -4.0]), "s": torch.tensor([1.0])}


def changed(**values):
    return VALUES | values


def test_small_differences_relative_to_the_largest_value_pass():
    assert disagreement(changed(output=torch.tensor([2.00003, -4.0])), VALUES) is None
    assert difference(torch.tensor([2.0, -4.4]), VALUES["output"]) == pytest.approx(0.1)


@pytest.mark.parametrize(
    "found, reason",
    [
        (changed(output=torch.tensor([2.1, -4.0])), "disagrees by 2.5e-02 in output"),
        (changed(output=torch.tensor([2.0, -4.0001])), "disagrees by 2.5e-05 in output"),
        (changed(s=torch.tensor([float("nan")])), "disagrees by inf in s"),
        (changed(s=torch.tensor([[1.0]])), "s is [1, 1] torch.float32 instead of [1] torch.float32"),
        (changed(s=VALUES["s"].double()), "s is [1] torch.float64 instead of [1] torch.float32"),
        ({"s": VALUES["s"]}, "computes s instead of output, s"),
        (changed(more=VALUES["s"]), "computes output, s, more instead of output, s"),
    ],
)
def test_whatever_else_differs_is_told(found, reason):
    assert disagreement(found, VALUES) == reason


def test_float64_is_held_to_more():
    wanted = {"v": torch.ones(1, dtype=torch.float64)}
    assert disagreement({"v": wanted["v"] + 1e-11}, wanted) == "disagrees by 1.0e-11 in v"
    assert disagreement({"v": wanted["v"] + 1e-13}, wanted) is None


def test_nothing_but_zeros_agrees_with_zeros():
    zeros = {"v": torch.zeros(2)}
    assert disagreement({"v": torch.zeros(2)}, zeros) is None
    assert disagreement({"v": torch.tensor([0.0, 1e-9])}, zeros) == "disagrees by inf in v"
