"""What a cell does with an error signal: how much of it arrives, and how fast it grows or dies."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from carousel.theory.evolution.scan import Cell


def carried_error(
    cell: Cell, x: Tensor, state: tuple[Tensor, Tensor] | None = None, error: Tensor | None = None
) -> Tensor:
    """The error signal dE/ds[T-1-lag] for lag = 0 .. T-1, where E is the product of `error` and the last state.

    Args:
        cell: any step of the road.
        x: [T, *R, B, d_x].
        state: s[-1] and v[-1], [*R, B, d_s] each; zeros if None.
        error: dE/ds[T-1], broadcast to [*R, B, d_s]; 1 / sqrt(d_s) everywhere if None, which has norm 1.

    Returns:
        [T, *R, B, d_s]; index 0 is the error itself.

    Raises:
        ValueError: a shape does not fit, or a number is NaN or infinite.

    Source: psi of the training equations, by automatic differentiation.
    """
    states = [s for s, _ in cell.signals(x, state)]
    if error is None:
        error = torch.full_like(states[-1], cell.state_size**-0.5)
    try:
        error = error.expand_as(states[-1])
    except RuntimeError:
        raise ValueError(f"error must fit shape {list(states[-1].shape)}, got {list(error.shape)}") from None
    return torch.stack(torch.autograd.grad(states[-1], states[::-1], error))


def growth_rate(errors: Tensor) -> NDArray[np.float64]:
    """The factor by which the norm of an error signal grows a step, fitted over the later half of the lags.

    Args:
        errors: [T, ..., d_s], as `carried_error` returns it; T >= 4, no error all zero.

    Returns:
        [...].

    Raises:
        ValueError: there are fewer than 4 lags, or an error is zero, NaN or infinite.
    """
    norms = errors.detach().double().norm(dim=-1)
    late = norms[len(norms) // 2 :]
    if len(norms) < 4 or not (late.isfinite() & (late > 0)).all():
        raise ValueError(
            "errors must be finite, nonzero and reach over at least 4 lags; shorten or rescale them"
        )
    lags = torch.arange(len(late), dtype=torch.float64)
    lags = (lags - lags.mean()).view(-1, *[1] * (late.dim() - 1))
    slope: Tensor = (lags * late.log()).sum(0) / lags.square().sum()
    return slope.exp().numpy()
