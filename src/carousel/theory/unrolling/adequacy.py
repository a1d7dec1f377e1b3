"""Claim: a cell unrolled for K < N steps can learn the whole sequence, once K is adequate for the dependencies."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carousel.equations.arrays import Array
from carousel.nn import RNN
from carousel.style import BLUE, INK, MUTED, ORANGE, PALE, heading, house_style, whole_numbers
from carousel.theory.claim import Claim, Verdict
from carousel.theory.unrolling.canvas import canvas
from carousel.theory.unrolling.training import echo, segment_losses, train_unrolled, whole_loss

CLAIM = Claim(
    name="unrolling.adequacy",
    title="K steps are enough, or not",
    paragraph=(
        "The Proposition of the paper says, as this library reads it, that one cell unrolled for K < N steps and "
        "trained over the segments suffices for the whole sequence if K is adequate for the dependencies in the data. "
        "Here y[n] = x[n] + x[n - D] + noise, with x of variance 1. From a zero state, step i of a segment has not "
        "seen x[n - D] before i = D: whatever the cell, its loss there is at least that of the noise plus 1. The last "
        "step of a segment so stays on a plateau up to K = D and reaches the noise from K = D + 1 on; "
        "the mean over a segment falls as min(D, K) / K. "
        "With the state carried, but no gradient through it, the first step's gradient of W_r sees r[n - 1], "
        "which holds the sample before the segment: one step less, K = D, is enough. For smaller K the state may still "
        "hold an echo of x[n - D], which the gradient can teach the cell to read, but not to keep: the loss "
        "then lies anywhere between plateau and noise. "
        "No theorem covers a cell trained from zero states that is run on without a reset: what is older than K "
        "steps was never in its state, and it has not learned to ignore it."
    ),
    equation=(
        r"E_{\mathrm{zero}}[i] \ge \sigma^2 + [\,i < D\,], \qquad "
        r"\frac{1}{K}\sum_{i<K} E_{\mathrm{zero}}[i] \ge \sigma^2 + \frac{\min(D, K)}{K}"
    ),
    status="reading",
)
D, NOISE = 4, 0.3
TOLERANCE = 0.1
"""Of the loss, in units of the variance of x: a trained tanh network is no exact delay line."""


def predict(quick: bool = False) -> dict[str, Any]:
    """For K from 1 to 2 D: losses from zero states, and the range of the loss of a carried state."""
    return predicted_losses(D, NOISE, steps(quick))


def steps(quick: bool) -> list[int]:
    """All K from 1 to 2 D; if quick, the ends and those around D."""
    K = range(1, 2 * D + 1)
    return [k for k in K if k in (1, D - 1, D, D + 1, 2 * D)] if quick else list(K)


def predicted_losses(D: int, noise: float, K: npt.ArrayLike) -> dict[str, Any]:
    """Best possible losses on the task `echo` for each K, [len(K)] each.

    Args:
        D: the dependency's length in steps.
        noise: standard deviation of the noise.
        K: numbers of unrolled steps.

    Returns:
        `last`: at the last step of segments from zero states; `mean`: over such segments; `carried_least` and
        `carried_most`: range of the loss over the whole sequence with carried states; `floor`, `plateau`; and D, K.
    """
    K = np.asarray(K)
    floor, plateau = noise**2, noise**2 + 1.0
    return {
        "D": D,
        "K": K,
        "last": np.where(K <= D, plateau, floor),
        "mean": floor + np.minimum(D, K) / K,
        "carried_least": np.full(len(K), floor),
        "carried_most": np.where(K < D, plateau, floor),
        "floor": floor,
        "plateau": plateau,
    }


def measure(quick: bool = False) -> dict[str, Any]:
    """Test losses of trained RNNs, [seeds, len(K)] each, for the same K; see `measured_losses`."""
    seeds, updates = (1, 250) if quick else (3, 800)
    with one_thread():
        runs = [
            [measured_losses(D, NOISE, K, seed=seed, updates=updates) for K in steps(quick)]
            for seed in range(seeds)
        ]
    return {name: np.array([[run[name] for run in row] for row in runs]) for name in runs[0][0]}


def measured_losses(D: int, noise: float, K: int, *, seed: int, updates: int) -> dict[str, float]:
    """Train a standard RNN of 16 units on the task `echo`, unrolled for K steps, from zero and from carried states.

    Returns:
        Test losses: `last` and `mean`, of the one from zero states in such segments; `whole_zero` and
        `whole_carried`, of both over the whole sequence.
    """
    generator = torch.Generator().manual_seed(seed)
    x, y = echo(D, updates * K, 64, noise, generator)
    test = echo(D, 40 * D + 20 * K, 100, noise, generator)
    losses = {}
    for name, carried in (("whole_zero", False), ("whole_carried", True)):
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layer, readout = RNN(1, 16, dtype=torch.float32), torch.nn.Linear(16, 1, dtype=torch.float32)
        train_unrolled(layer, readout, x, y, K, carried=carried, updates=updates)
        losses[name] = whole_loss(layer, readout, *test, skip=2 * D)
        if not carried:
            by_position = segment_losses(layer, readout, *test, K)
            losses |= {"last": float(by_position[-1]), "mean": float(by_position.mean())}
    return losses


def compare(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Verdict:
    """Hold if the losses from zero states are as predicted, and with carried states in their range."""
    off = max(float(np.abs(measured[name] - predicted[name]).max()) for name in ("last", "mean"))
    carried, least, most = measured["whole_carried"], predicted["carried_least"], predicted["carried_most"]
    within = (least - TOLERANCE <= carried) & (carried <= most + TOLERANCE)
    K, floor, plateau = predicted["K"], predicted["floor"], predicted["plateau"]
    middle = (floor + plateau) / 2
    enough = most < middle
    worst = [carried[:, kept].max(initial=-np.inf) for kept in (enough, ~enough)]
    return Verdict(
        bool(off <= TOLERANCE and within.all()),
        f"From zero states K = {_first(K, predicted['last'] < middle)} steps are predicted to be the first to be "
        f"enough, and K = {_first(K, measured['last'].max(axis=0) < middle)} are measured to be; the loss at a "
        f"segment's last step is predicted to fall there from {plateau:.2f} to {floor:.2f}, and all losses are within "
        f"{off:.3f} of prediction. With carried states K = {_first(K, enough)} are predicted to be enough: from there "
        f"on the loss over the whole sequence is measured as {worst[0]:.3f} at most, while with fewer "
        f"steps it goes up to {worst[1]:.2f}.",
    )


@contextmanager
def one_thread() -> Iterator[None]:
    """Small layers train ten times faster without a second thread to wait for."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


@house_style
def plot(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Figure:
    """Test loss against K: in segments from zero states on the left, over the whole sequence on the right."""
    figure, [left, right] = canvas(
        "Enough steps to unroll: K = D + 1 from zero states, K = D with carried states", panels=2
    )
    K, D = predicted["K"], predicted["D"]
    left.step(K, predicted["last"], where="mid", color=INK, label="prediction, last step")
    left.plot(K, predicted["mean"], color=INK, linestyle=(0, (3, 1.5)), label="prediction, mean of segment")
    _points(left, K, measured["last"], "o", BLUE, BLUE, "measured, last step")
    _points(left, K, measured["mean"], "s", ORANGE, "white", "measured, mean of segment")
    heading(left, "segments from zero states", rf"$y[n] = x[n] + x[n-{D}]$ + noise")
    right.fill_between(
        K, predicted["carried_least"], predicted["carried_most"], step="mid", color=PALE, alpha=0.5, linewidth=0,
        label="prediction, carried state: within",
    )  # fmt: skip
    right.step(K, predicted["carried_most"], where="mid", color=INK)
    right.step(K, predicted["carried_least"], where="mid", color=INK)
    _points(right, K, measured["whole_carried"], "o", BLUE, BLUE, "measured, trained with carried state")
    _points(right, K, measured["whole_zero"], "x", MUTED, MUTED, "trained from zero: no prediction")
    heading(right, "the whole sequence in one run", f"D = {D}")
    for axes in (left, right):
        axes.xaxis.set_major_locator(whole_numbers())
        axes.set_xlabel("K, steps unrolled")
        axes.set_ylim(0, 1.3 * max(losses.max() for losses in measured.values()))
        axes.legend(loc="upper right", frameon=False, fontsize=7.5, labelcolor=MUTED)
    left.set_ylabel(f"test loss (mean squared error; the noise alone gives {predicted['floor']:.2f})")
    figure.set_label(
        "Test loss against the number of unrolled steps K. From zero states the loss at a segment's last step falls "
        "from a plateau to the noise at K = D + 1; with carried states the loss over the whole sequence is at the "
        "noise from K = D on and in between before."
    )
    return figure


def _points(axes: Axes, K: Array, losses: Array, marker: str, color: str, face: str, label: str) -> None:
    """One point for each seed."""
    for i, row in enumerate(losses):
        axes.plot(
            K, row, linestyle="none", marker=marker, markersize=4.5, color=color, markerfacecolor=face,
            label=label if i == 0 else None,
        )  # fmt: skip


def _first(K: Array, enough: Array) -> str:
    return str(int(K[enough][0])) if enough.any() else "none"
