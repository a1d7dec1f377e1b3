"""Training with a layer unrolled for K steps at a time, and its loss in segments and over a whole sequence."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss

from carousel.equations.arrays import Array
from carousel.theory.unrolling.borders import segment

State = Tensor | tuple[Tensor, ...] | None


def train_unrolled(
    layer: nn.Module,
    readout: Callable[[Tensor], Tensor],
    x: Tensor,
    y: Tensor,
    K: int,
    *,
    carried: bool,
    updates: int,
    learning_rate: float = 0.01,
) -> None:
    """Train a recurrent layer and its readout, in place, on a long sequence cut into segments of K steps.

    Every segment gives one step of Adam on its mean squared error, in the order of the sequence, at a learning rate
    that falls to zero as a cosine. Behind the last whole segment training goes on at the first.

    Args:
        layer: any recurrent layer of `carousel` or torch with batch_first=False: from input [K, B, d_x] and state to
            output and state.
        readout: from the output to an estimate of y; if it is a module its parameters are trained, too.
        x: [N, B, d_x].
        y: [N, B, d_y], the target at every step.
        K: steps of a segment, at most N.
        carried: start each segment from the last state of the one before, through which no gradient flows. False
            starts each from zero.
        updates: number of segments to train on.
        learning_rate: at the start.

    Raises:
        ValueError: K, updates or a shape does not fit, or the loss becomes NaN or infinite.
    """
    _check(layer, x, y, K)
    if updates < 1:
        raise ValueError(f"updates must be at least 1, got {updates}")
    modules = [part for part in (layer, readout) if isinstance(part, nn.Module)]
    optimizer = torch.optim.Adam([weight for part in modules for weight in part.parameters()], learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, updates)
    segments = len(x) // K
    state: State = None
    for update in range(updates):
        at = update % segments
        if at == 0 or not carried:
            state = None
        steps = slice(at * K, (at + 1) * K)
        output, state = layer(x[steps], state)
        state = _detached(state)
        loss = mse_loss(readout(output), y[steps])
        if not torch.isfinite(loss):
            raise ValueError(
                f"the loss became {loss.item()} at update {update}; make learning_rate smaller than {learning_rate}, "
                "and look for NaN in x and y"
            )
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()


@torch.no_grad()
def segment_losses(
    layer: nn.Module, readout: Callable[[Tensor], Tensor], x: Tensor, y: Tensor, K: int
) -> Array:
    """Mean squared error at each position 0 ... K - 1 of segments that start from a zero state, [K].

    The steps behind the last whole segment are left out. Arguments and errors as for `train_unrolled`.
    """
    _check(layer, x, y, K)
    whole = len(x) // K * K

    def folded(sequence: Tensor) -> Tensor:
        return torch.cat(torch.split(sequence[:whole], K), dim=1)

    output, _ = layer(folded(x))
    losses: Array = (readout(output) - folded(y)).square().double().mean(dim=(1, 2)).numpy(force=True)
    return losses


@torch.no_grad()
def whole_loss(
    layer: nn.Module, readout: Callable[[Tensor], Tensor], x: Tensor, y: Tensor, skip: int = 0
) -> float:
    """Mean squared error over the whole sequence, run once from a zero state, without its first `skip` steps.

    Arguments and errors as for `train_unrolled`.
    """
    _check(layer, x, y, 1)
    if not 0 <= skip < len(x):
        raise ValueError(f"skip must leave at least one of {len(x)} steps, got {skip}")
    output, _ = layer(x)
    return float(mse_loss(readout(output[skip:]).double(), y[skip:].double()))


def echo(D: int, N: int, B: int, noise: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """A task with a dependency over exactly D steps: y[n] = x[n] + x[n - D] + noise.

    x is independent, uniform with mean 0 and variance 1; the noise is normal with the given standard deviation.
    The samples before the start exist, but are not shown.

    Args:
        D: the dependency's length in steps, at least 1.
        N: steps.
        B: sequences.
        noise: standard deviation of the noise.
        generator: what the numbers are drawn from.

    Returns:
        x and y, [N, B, 1] each, float32.

    Raises:
        ValueError: D, N or B is not a positive integer, or the noise is negative.
    """
    for value in (D, N, B):
        segment(value, value)
    if not noise >= 0 or not np.isfinite(noise):
        raise ValueError(f"noise must be a standard deviation >= 0, got {noise}")
    uniform = torch.rand(N + D, B, 1, generator=generator, dtype=torch.float32)
    x = (2 * uniform - 1) * 3**0.5
    return x[D:], x[D:] + x[:N] + noise * torch.randn(N, B, 1, generator=generator, dtype=torch.float32)


def _check(layer: nn.Module, x: Tensor, y: Tensor, K: int) -> None:
    if getattr(layer, "batch_first", False):
        raise ValueError("the layer must have batch_first=False; steps are the first axis here")
    if x.dim() != 3 or y.dim() != 3 or x.shape[:2] != y.shape[:2]:
        raise ValueError(
            f"x and y must be [N, B, features] with equal N and B, got {list(x.shape)} and {list(y.shape)}"
        )
    if segment(K, len(x))[0] != K:
        raise ValueError(f"K must not exceed the {len(x)} steps of x, got {K}")


def _detached(state: State) -> State:
    if isinstance(state, tuple):
        return tuple(part.detach() for part in state)
    return None if state is None else state.detach()
