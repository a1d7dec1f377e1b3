"""The one comparison of the test suite: kind, shape, dtype, NaN, then values against a table of tolerances."""

from collections.abc import Mapping

import numpy as np
import torch

TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}
"""Largest error allowed, relative to the largest wanted value (at least 1), where a test names no other."""


def assert_same(got, wanted, tolerance: float | None = None, what: str = "value") -> None:
    """Demand equal structure, shape and dtype, no NaN, and values within tolerance. NumPy and torch may mix."""
    if isinstance(wanted, Mapping):
        assert got.keys() == wanted.keys(), f"{what}: keys {sorted(got)} instead of {sorted(wanted)}"
        for name in wanted:
            assert_same(got[name], wanted[name], tolerance, f"{what}[{name}]")
        return
    if isinstance(wanted, (tuple, list)):
        assert len(got) == len(wanted), f"{what}: {len(got)} parts instead of {len(wanted)}"
        for i, (one, other) in enumerate(zip(got, wanted, strict=True)):
            assert_same(one, other, tolerance, f"{what}[{i}]")
        return
    got, wanted = torch.as_tensor(got).detach(), torch.as_tensor(wanted).detach()
    assert got.shape == wanted.shape, f"{what}: shape {tuple(got.shape)} instead of {tuple(wanted.shape)}"
    assert got.dtype == wanted.dtype, f"{what}: {got.dtype} instead of {wanted.dtype}"
    assert not got.isnan().any(), f"{what}: has NaN"
    assert not wanted.isnan().any(), f"{what}: the wanted value has NaN"
    error = relative_error(got, wanted)
    limit = TOLERANCE[wanted.dtype] if tolerance is None else tolerance
    assert error <= limit, f"{what}: error {error:.2e} above {limit:.0e}"


def relative_error(got: torch.Tensor, wanted: torch.Tensor) -> float:
    """Largest absolute difference over the largest wanted magnitude, or over 1 where that is smaller."""
    if wanted.numel() == 0:
        return 0.0
    return ((got - wanted).abs().max() / wanted.abs().max().clamp(min=1.0)).item()


def as_numpy(tensors: Mapping[str, torch.Tensor]) -> dict[str, np.ndarray]:
    return {name: tensor.detach().numpy() for name, tensor in tensors.items()}
