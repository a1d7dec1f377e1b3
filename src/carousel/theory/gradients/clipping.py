"""Claim: clipping the norm tames an exploding gradient and keeps its direction."""

from dataclasses import dataclass

import numpy as np
import torch
from matplotlib.figure import Figure

from carousel.equations.arrays import Array
from carousel.style import BLUE, INK, house_style
from carousel.theory.claim import Claim, Verdict
from carousel.theory.gradients.drawing import one_panel
from carousel.theory.gradients.systems import inputs, orthogonal, standard_rnn

CLAIM = Claim(
    name="gradients.clipping",
    title="Clipping, the remedy for exploding gradients",
    paragraph=(
        "A gradient whose norm exceeds a limit is scaled back to the limit. However large the product of Jacobians "
        "has grown, the step then has a bounded length, and it points where it pointed before. Nothing of the kind "
        "helps a gradient that has vanished: what has lost its share of the direction is not brought back, which is "
        "why vanishing needs another cell. Clipping as the remedy is this library's reading of the paper."
    ),
    equation=r"g \leftarrow g \cdot \min\!\left(1, \frac{c}{\|g\|}\right)",
    status="reading",
)
LIMIT = 1.0
D, T = 16, 40


@dataclass(frozen=True)
class Prediction:
    """Norm after clipping as a function of the norm before."""

    before: Array
    after: Array


@dataclass(frozen=True)
class Clipped:
    """Over norms of W_r: the gradient's norm before and after, and the cosine between the two."""

    before: Array
    after: Array
    cosine: Array


def predict(quick: bool = False) -> Prediction:
    before = 10.0 ** np.linspace(-5, 6, 111, dtype=np.float64)
    return Prediction(before, before * np.minimum(1.0, LIMIT / before))


def measure(quick: bool = False) -> Clipped:
    """The gradient by W_r of the last readout of RNNs with small signals, clipped by torch."""
    rows = [_clipped(norm) for norm in np.linspace(0.8, 1.4, 4 if quick else 13).tolist()]
    return Clipped(*np.array(rows).T)


def _clipped(norm: float) -> tuple[float, float, float]:
    layer = standard_rnn(orthogonal(D, norm, seed=17)).requires_grad_()
    r, _ = layer(torch.from_numpy(inputs(T, D, 1e-3, seed=18)))
    r[-1].sum().backward()
    gradients = [weight.grad for weight in layer.parameters() if weight.grad is not None]
    raw = torch.cat([gradient.flatten() for gradient in gradients]).clone()
    before = torch.nn.utils.clip_grad_norm_(layer.parameters(), LIMIT)
    clipped = torch.cat([gradient.flatten() for gradient in gradients])
    return float(before), float(clipped.norm()), float(torch.cosine_similarity(raw, clipped, dim=0))


def compare(predicted: Prediction, measured: Clipped) -> Verdict:
    wanted = np.exp(np.interp(np.log(measured.before), np.log(predicted.before), np.log(predicted.after)))
    error = float(np.abs(measured.after / wanted - 1).max())
    turned = float(np.abs(1 - measured.cosine).max())
    spans = bool(measured.before.min() < LIMIT < measured.before.max())
    return Verdict(
        error <= 1e-4 and turned <= 1e-9 and spans,
        f"Gradients of norm {measured.before.min():.1e} to {measured.before.max():.1e} come out with norms of "
        f"{measured.after.min():.1e} to {measured.after.max():.4f} under the limit {LIMIT:g}, within {error:.0e} of "
        f"the prediction, and their direction is kept: the cosine differs from 1 by at most {turned:.0e}.",
    )


@house_style
def plot(predicted: Prediction, measured: Clipped) -> Figure:
    figure, axes = one_panel(
        "Clipping: a bounded step, whatever the gradient has grown to",
        "line: theory, points: RNNs with norms of $W_r$ from 0.8 to 1.4, gradients over 40 steps",
    )
    within = (predicted.before > measured.before.min() / 3) & (predicted.before < measured.before.max() * 3)
    axes.plot(
        predicted.before[within], predicted.before[within], color=INK, linestyle=":", label="not clipped"
    )
    axes.plot(
        predicted.before[within], predicted.after[within], color=BLUE, label="predicted: min(norm, c), c = 1"
    )
    axes.plot(
        measured.before,
        measured.after,
        color=BLUE,
        linestyle="none",
        marker="o",
        markersize=5,
        label="measured",
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("norm of the gradient before")
    axes.set_ylabel("norm after")
    axes.legend(frameon=False, fontsize=8)
    return figure
