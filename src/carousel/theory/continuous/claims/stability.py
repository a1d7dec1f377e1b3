"""The eigenvalues of W_s + W_r say whether a small perturbation dies out, and where they stop saying it."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from carousel.equations.arrays import Array
from carousel.style import BLUE, INK, MUTED, ORANGE, PALE, heading, house_style
from carousel.theory.claim import Claim, Verdict
from carousel.theory.continuous.claims.canvas import canvas
from carousel.theory.continuous.discretize import discretize
from carousel.theory.continuous.lagged import CanonicalRNN
from carousel.theory.continuous.stability import eigenvalues, perturb

CLAIM = Claim(
    name="continuous.stability",
    title="Stable if the eigenvalues of W_s + W_r lie inside the unit circle",
    paragraph=(
        "Near s = 0 the warping function has slope 1 and the canonical RNN is linear: a small perturbation grows or "
        "shrinks at every step by the largest modulus among the eigenvalues of W_s + W_r. Public notes on the paper "
        "confirm this criterion. It is tested on 1,000 random systems, and then on ever larger perturbations, where "
        "linearisation has its edge: far out the readout saturates and W_s is left alone, so a system that only its "
        "feedback stabilises (W_s by itself has an eigenvalue outside the circle) runs away. That edge is derived here."
    ),
    equation=r"\hat W = W_s + W_r, \qquad |\lambda_i(\hat W)| < 1 \ \text{for all } i",
    status="confirmed",
)

SIZES = (2, 4, 8)
COUNTS = (334, 333, 333)
DT = 0.25
TINY = 1e-100
"""A perturbation that grows or shrinks for many steps before it leaves the small-signal regime or underflows."""
BACK = 0.01
"""A perturbation has died out once it is below this share of itself, or of 1 if it was larger."""
CLOSE = 0.005
"""Nearer to the circle than this a thousand steps need not decide."""


@dataclass(frozen=True)
class Predicted:
    """For 1,000 systems: growth of a small perturbation in a step, and of a huge one."""

    small: Array
    """Largest modulus among the eigenvalues of W_s + W_r, [1000]."""
    large: Array
    """The same of W_s alone, [1000]."""

    @property
    def stable(self) -> npt.NDArray[np.bool_]:
        """By the criterion, [1000]."""
        return self.small < 1

    @property
    def only_near(self) -> npt.NDArray[np.bool_]:
        """Systems that are stable for small perturbations only, [1000]."""
        return self.stable & (self.large > 1)


@dataclass(frozen=True)
class Measured:
    """What perturbations did."""

    growth: Array
    """Of a tiny perturbation in a step, [1000]."""
    sizes: Array
    """Norms of the larger perturbations, [P]."""
    back: npt.NDArray[np.bool_]
    """Which of them died out, [P, 1000]."""


def predict(quick: bool = False) -> Predicted:
    """The eigenvalues."""
    systems = [system for group in _systems() for system in group]
    small = [np.abs(eigenvalues(system)[0]) for system in systems]
    large = [np.abs(np.linalg.eigvals(system.W_s)).max() for system in systems]
    return Predicted(np.array(small), np.array(large))


def measure(quick: bool = False) -> Measured:
    """A tiny and some larger perturbations, in random directions."""
    sizes = np.logspace(-2, 4, 4 if quick else 13, dtype=np.float64)
    steps = 1000 if quick else 2000
    generator = np.random.default_rng(11)
    growth, back = [], []
    for group in _systems():
        W_s = np.stack([system.W_s for system in group])
        W_r = np.stack([system.W_r for system in group])
        s = generator.normal(size=W_s.shape[:2])
        s /= np.linalg.norm(s, axis=1, keepdims=True)
        growth.append(_growth(perturb(W_s, W_r, TINY * s, 1000)))
        last = [perturb(W_s, W_r, size * s, steps)[-1] for size in sizes]
        back.append(np.stack(last) < BACK * np.minimum(sizes, 1)[:, None])
    return Measured(np.concatenate(growth), sizes, np.concatenate(back, axis=1))


def compare(predicted: Predicted, measured: Measured) -> Verdict:
    """Small perturbations do as predicted except beside the circle, huge ones except in the predicted systems."""
    agree = (measured.growth < 1) == predicted.stable
    beside = np.abs(predicted.small - 1) < CLOSE
    off = float(np.median(np.abs(measured.growth / predicted.small - 1)))
    failing = measured.back != predicted.stable
    # Where W_s alone is beside the circle, a huge perturbation takes its thousands of steps to come near.
    decided = ~beside & (np.abs(predicted.large - 1) > CLOSE)
    huge = failing[-1]
    explained = float((huge == predicted.only_near)[decided].mean())
    holds = bool(agree[~beside].all() and not failing[0][~beside].any() and off < 0.01 and explained >= 0.99)
    expected = predicted.only_near
    return Verdict(
        holds,
        f"Growth or decay of a small perturbation is as predicted in {agree.sum()} of {len(agree)} systems, and its "
        f"rate within {off:.1%} (median); where not, the largest eigenvalue is within {CLOSE:g} of the circle. "
        f"Perturbations of norm {measured.sizes[-1]:g} contradict it in {huge.sum()} systems; predicted were the "
        f"{expected.sum()} that only their feedback makes stable, of which {(huge & expected).sum()} are among them.",
    )


@house_style
def plot(predicted: Predicted, measured: Measured) -> Figure:
    """Growth in a step, and the share of right predictions against the size of the perturbation."""
    figure, (growth, edge) = canvas("Eigenvalues tell which small perturbations die out", [1, 1])
    _draw_growth(growth, predicted, measured)
    _draw_edge(edge, predicted, measured)
    return figure


def _draw_growth(axes: Axes, predicted: Predicted, measured: Measured) -> None:
    ends = np.array([predicted.small.min(), predicted.small.max()])
    axes.plot(
        predicted.small, measured.growth, "o", color=BLUE, markersize=2.2, alpha=0.6, markeredgewidth=0,
        label="measured, one point a system",
    )  # fmt: skip
    axes.plot(ends, ends, color=INK, linewidth=1, label="predicted")
    for line in (axes.axvline, axes.axhline):
        line(1, color=MUTED, linewidth=0.8, linestyle=(0, (4, 2)), zorder=0)
    agree = int(((measured.growth < 1) == predicted.stable).sum())
    heading(axes, "a tiny perturbation", f"{agree} of {len(measured.growth)} right")
    axes.set_xlabel(r"largest $|\lambda|$ of $W_s + W_r$")
    axes.set_ylabel("measured growth in a step")
    axes.legend(loc="upper left", frameon=False, fontsize=8, labelcolor=INK)


def _draw_edge(axes: Axes, predicted: Predicted, measured: Measured) -> None:
    right = 100 * (measured.back == predicted.stable).mean(axis=1)
    floor = 100 * (1 - predicted.only_near.mean())
    axes.axhline(100, color=INK, label="predicted, small perturbation")
    axes.axhline(floor, color=ORANGE, linestyle=(0, (4, 2)), label="predicted, huge perturbation")
    axes.plot(measured.sizes, right, "o", color=BLUE, markersize=4, label="measured")
    axes.set_xscale("log")
    axes.set_ylim(floor - 0.35 * (100 - floor), 100 + 0.12 * (100 - floor))
    heading(axes, "the linearisation's edge", "G saturates near 1")
    axes.set_xlabel("norm of the perturbation")
    axes.set_ylabel("eigenvalues are right in (%)")
    axes.axvline(1, color=PALE, linewidth=0.8, zorder=0)
    axes.legend(loc="lower left", frameon=False, fontsize=8, labelcolor=INK)


@cache
def _systems() -> list[list[CanonicalRNN]]:
    """Random differential equations of three sizes, sampled; with stable and unstable A, and B of either sign."""
    generator = np.random.default_rng(1)
    groups = []
    for d, count in zip(SIZES, COUNTS, strict=True):
        identity, group = np.eye(d), []
        for _ in range(count):
            A = 0.5 * generator.normal(size=(d, d)) / np.sqrt(d) - generator.uniform(-0.5, 2) * identity
            spread, shift = generator.uniform(0, 2.5), generator.uniform(-3, 1)
            B = spread * generator.normal(size=(d, d)) / np.sqrt(d) + shift * identity
            group.append(discretize(A, B, np.zeros((d, 1)), np.zeros(d), DT))
        groups.append(group)
    return groups


def _growth(norms: Array) -> Array:
    """Geometric mean of the growth in a step while the perturbation is small, from [steps + 1, N]."""
    outside = (norms < 1e-150) | (norms > 1e-3)
    last = np.where(outside.any(axis=0), outside.argmax(axis=0), len(norms) - 1)
    reached = np.take_along_axis(norms, last[None], axis=0)[0]
    return np.asarray(np.exp(np.log(reached / norms[0]) / last))
