"""Claim: a step's influence on a later one is a product of Jacobians, and three norms of W_r give three fates."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from matplotlib.figure import Figure

from carousel.equations import rnn
from carousel.equations.arrays import Array
from carousel.equations.warping import slope_G_d
from carousel.style import BLUE, INK, ORANGE, house_style
from carousel.theory.claim import Claim, Verdict
from carousel.theory.gradients.drawing import one_panel, write_beside
from carousel.theory.gradients.systems import inputs, orthogonal, standard_rnn

CLAIM = Claim(
    name="gradients.product",
    title="Why the standard RNN is hard to train: a product of Jacobians",
    paragraph=(
        "What step n contributes to the readout of a later step l passes through every step between, and each "
        "multiplies it by one Jacobian. The norm of the product is at most the product of the norms. If the norm of "
        "W_r times the steepest slope of G is below 1, the influence fades exponentially with the lag: gradients "
        "vanish. Above 1 they may explode, but need not: where large signals saturate G, its slopes are small and the "
        "bound is far too high. The argument is this library's reading of the paper; the bound is derived here."
    ),
    equation=(
        r"\frac{\partial r[l]}{\partial r[n]} = \prod_{k=n+1}^{l} \mathrm{diag}(G'(s[k]))\, W_r, \qquad "
        r"\left\| \frac{\partial r[l]}{\partial r[n]} \right\| \le \prod_{k=n+1}^{l} \|W_r\| \max G'(s[k]) "
        r"\le (\|W_r\| \max G')^{l-n}"
    ),
    status="reading",
)


@dataclass(frozen=True)
class Case:
    """One RNN with orthogonal weights scaled to `norm`, driven by white noise."""

    norm: float
    input_std: float
    fate: str

    @property
    def label(self) -> str:
        return f"$|W_r| = {self.norm:g}$, {self.fate}"

    @property
    def words(self) -> str:
        return f"norm of W_r {self.norm:g}, {self.fate}"


CASES = (
    Case(0.8, 1e-3, "small signals"),
    Case(1.2, 1e-6, "small signals"),
    Case(3.0, 6.0, "saturated"),
)
D, BEFORE, LAGS = 16, 20, 40
"""Units, steps before the first lag, lags."""


@dataclass(frozen=True)
class Products:
    """Jacobians d r[l] / d r[n] by lag l - n, [lags, d, d]."""

    lags: npt.NDArray[np.int64]
    jacobians: Array

    @property
    def norms(self) -> Array:
        norms: Array = np.linalg.norm(self.jacobians, ord=2, axis=(1, 2))
        return norms


@dataclass(frozen=True)
class Prediction:
    """The products, and both bounds of their norm by lag."""

    products: Products
    slope_bound: Array
    norm_bound: Array


def jacobian_product(W_r: Array, slopes: Array) -> Array:
    """d r[K-1] / d r[K-1-lag] of a standard RNN for lag 0 .. K, [K + 1, d, d]; the last is d r[K-1] / d r[-1].

    Args:
        W_r: [d, d].
        slopes: G'(s[n]) of one sequence, [K, d]: 1 - r^2 for tanh, with r or s from a layer's `trace`.

    Raises:
        ValueError: a shape does not fit, or something is NaN or infinite.

    Source: this library's reading of the paper.
    """
    W_r, slopes = _checked(W_r, slopes)
    product = np.eye(len(W_r))
    products = [product]
    for slope in slopes[::-1]:
        product = product @ (slope[:, None] * W_r)
        products.append(product)
    return np.stack(products)


def jacobian_bounds(W_r: Array, slopes: Array) -> tuple[Array, Array]:
    """Upper bounds of the norms of `jacobian_product`, [K + 1] each: with the slopes met, and with max G' = 1."""
    W_r, slopes = _checked(W_r, slopes)
    norm = np.linalg.norm(W_r, ord=2)
    steps = norm * slopes[::-1].max(axis=1)
    return np.cumprod([1.0, *steps]), norm ** np.arange(len(slopes) + 1.0)


def predict(quick: bool = False) -> list[Prediction]:
    lags = _lags(quick)
    predictions = []
    for case in CASES:
        W_r, x = _system(case)
        params = {"W_r": W_r, "W_x": np.eye(D), "theta_s": np.zeros(D)}
        slopes = slope_G_d(rnn.forward(params, x)["r"][:, 0])
        slope_bound, norm_bound = jacobian_bounds(W_r, slopes)
        products = Products(lags, jacobian_product(W_r, slopes)[lags])
        predictions.append(Prediction(products, slope_bound[lags], norm_bound[lags]))
    return predictions


def measure(quick: bool = False) -> list[Products]:
    """By automatic differentiation through the layer: the last steps are run from a readout that takes gradients."""
    lags = _lags(quick)
    measured = []
    for case in CASES:
        W_r, noise = _system(case)
        layer, x = standard_rnn(W_r), torch.from_numpy(noise)
        r, _ = layer(x)
        jacobians = []
        for lag in lags.tolist():
            start = r[len(x) - 1 - lag].expand(1, D, D).clone().requires_grad_()
            after = layer(x[len(x) - lag :].expand(-1, D, -1), start)[0][-1] if lag else start[0]
            # Row i of the batch is a run of its own, of which only unit i is read.
            (rows,) = torch.autograd.grad(after.diagonal().sum(), start)
            jacobians.append(rows[0].numpy())
        measured.append(Products(lags, np.stack(jacobians)))
    return measured


def compare(predicted: list[Prediction], measured: list[Products]) -> Verdict:
    errors, bounded, words = [], [], []
    for case, theory, found in zip(CASES, predicted, measured, strict=True):
        scales = theory.products.norms[:, None, None]
        errors.append(float((np.abs(found.jacobians - theory.products.jacobians) / scales).max()))
        slack = 1 + 1e-9
        bounded.append(bool((found.norms <= slack * theory.slope_bound).all()))
        bounded.append(bool((theory.slope_bound <= slack * theory.norm_bound).all()))
        words.append(
            f"{case.words}: {found.norms[-1]:.2g} (bound {theory.slope_bound[-1]:.2g}, "
            f"from the norm of W_r alone {theory.norm_bound[-1]:.2g})"
        )
    vanishing, exploding, saturated = (found.norms[-1] for found in measured)
    fates = vanishing < 1e-3 and exploding > 1e3 and saturated < 1
    holds = max(errors) <= 1e-9 and all(bounded) and bool(fates)
    return Verdict(
        holds,
        f"Over {measured[0].lags[-1]} steps the product's norm is: {'; '.join(words)}. Product and automatic "
        f"differentiation differ by at most {max(errors):.0e} of the norm.",
    )


@house_style
def plot(predicted: list[Prediction], measured: list[Products]) -> Figure:
    figure, axes = one_panel(
        "One product of Jacobians, three fates, and how loose its bound can be",
        "lines: the product of the formula, dotted: its bound, points: measured by differentiation",
    )
    looks = (("-", BLUE, "o"), ("-", INK, "s"), ("-", ORANGE, "^"))
    for case, theory, found, (dashes, colour, mark) in zip(CASES, predicted, measured, looks, strict=True):
        lags = theory.products.lags
        axes.plot(lags, theory.products.norms, color=colour, linestyle=dashes)
        axes.plot(lags, theory.norm_bound, color=colour, linestyle=":", linewidth=1)
        axes.plot(found.lags, found.norms, color=colour, marker=mark, linestyle="none", markersize=4.5)
        write_beside(axes, lags[-1], theory.products.norms[-1], case.label, colour)
        if theory.norm_bound[-1] > 10 * theory.products.norms[-1]:
            write_beside(axes, lags[-1], theory.norm_bound[-1], "its bound $|W_r|^{l-n}$", colour)
    axes.axhline(1, color=INK, linewidth=0.6)
    axes.set_yscale("log")
    axes.set_xlabel("lag $l - n$ (steps)")
    axes.set_ylabel(r"norm of $\partial r[l] / \partial r[n]$")
    return figure


def _lags(quick: bool) -> npt.NDArray[np.int64]:
    return np.arange(0, LAGS + 1, 5 if quick else 2)


def _system(case: Case) -> tuple[Array, Array]:
    return orthogonal(D, case.norm, seed=1), inputs(BEFORE + LAGS, D, case.input_std, seed=2)


def _checked(W_r: Array, slopes: Array) -> tuple[Array, Array]:
    W_r, slopes = np.asarray(W_r, dtype=np.float64), np.asarray(slopes, dtype=np.float64)
    d = len(W_r) if W_r.ndim else 0
    if W_r.shape != (d, d) or d == 0:
        raise ValueError(f"W_r must be square, [d, d], got {list(W_r.shape)}")
    if slopes.ndim != 2 or slopes.shape[1] != d or len(slopes) == 0:
        raise ValueError(f"slopes must have shape [steps >= 1, {d}], one sequence, got {list(slopes.shape)}")
    if not np.isfinite(W_r).all() or not np.isfinite(slopes).all():
        raise ValueError("W_r and slopes must be finite, got NaN or infinity")
    return W_r, slopes
