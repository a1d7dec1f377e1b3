"""Claim: the gradient in segments, with everything carried over their borders, is the full gradient."""

from collections.abc import Iterator, Mapping
from functools import partial
from itertools import combinations
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from matplotlib.figure import Figure

from carousel.equations import augmented, rnn, vanilla
from carousel.equations.arrays import Array, Symbols
from carousel.style import BLUE, INK, MUTED, ORANGE, heading, house_style, whole_numbers
from carousel.theory.claim import Claim, Verdict
from carousel.theory.unrolling.borders import LookAhead
from carousel.theory.unrolling.canvas import canvas
from carousel.theory.unrolling.segments import segmented_backward, segmented_forward

CLAIM = Claim(
    name="unrolling.exactness",
    title="Segments give the full gradient",
    paragraph=(
        "A sequence of N steps is cut into M segments, and one reusable cell is unrolled over each in turn. "
        "If every segment starts from the last state of the one before, and every segment's backward pass starts "
        "from the error signals that the one behind it passes on, nothing is lost: the gradients of the segments sum "
        "to the gradient of the whole sequence, wherever the cuts are. A cell with an input context window also needs "
        "a halo, the samples of x that its windows see beyond the cut. "
        "Leave the carried error signals out and the gradient is another one. "
        "The paper's abstract says that a precise statement yields the unrolling technique; this form of it is "
        "this library's reading of the paper."
    ),
    equation=(
        r"\frac{\partial E}{\partial \Theta} = \sum_{m=0}^{M-1} \frac{\partial E_m}{\partial \Theta}"
        r"\Big|_{\,s[j(m)-1],\; \psi[j(m+1)]}, \qquad \sum_m K_m = N"
    ),
    status="reading",
)
ALLOWED = 1e-12
"""Largest error that rounding in float64 may make, relative to the largest entry of a gradient."""
MARKERS = {"standard RNN": "o", "canonical RNN": "s", "Vanilla LSTM": "^", "augmented LSTM": "D"}


class Case(NamedTuple):
    """A cell with random weights, a random sequence and random error signals."""

    equations: ModuleType
    params: Symbols
    x: Array
    e: Array
    start: Symbols
    arriving: Symbols
    look_ahead: LookAhead = 0


def steps(quick: bool) -> int:
    """N, for which all 2^(N - 1) segmentations are tried."""
    return 6 if quick else 9


def segmentations(N: int) -> Iterator[tuple[int, ...]]:
    """Every way to cut N steps into segments."""
    for M in range(N):
        for cuts in combinations(range(1, N), M):
            yield tuple(int(length) for length in np.diff([0, *cuts, N]))


def predict(quick: bool = False) -> dict[str, Any]:
    """For M = 1 ... N segments: the error with everything carried is rounding; with errors cut off it is not."""
    M = np.arange(1, steps(quick) + 1)
    return {"segments": M, "carried": np.zeros(len(M)), "allowed": ALLOWED, "differs_when_cut_off": M > 1}


def measure(quick: bool = False) -> dict[str, Any]:
    """Relative errors over all segmentations into M segments, per cell [N].

    `carried`: the worst with carried error signals; `cut_off`: the best without.
    """
    N = steps(quick)
    carried = {name: np.zeros(N) for name in MARKERS}
    cut_off = {name: np.full(N, np.inf) for name in MARKERS}
    for name, case in cases(N).items():
        full = _full(case)
        for lengths in segmentations(N):
            at = len(lengths) - 1
            error = _largest_error(_in_segments(case, lengths, carry=True), full)
            carried[name][at] = max(carried[name][at], error)
            error = _largest_error(_in_segments(case, lengths, carry=False), full)
            cut_off[name][at] = min(cut_off[name][at], error)
    return {"segments": np.arange(1, N + 1), "carried": carried, "cut_off": cut_off}


def compare(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Verdict:
    """Hold if all cells are exact to rounding with carried errors, and none is without them."""
    worst = max(float(errors.max()) for errors in measured["carried"].values())
    cut_off = min(
        float(errors[predicted["differs_when_cut_off"]].min()) for errors in measured["cut_off"].values()
    )
    N = len(predicted["segments"])
    return Verdict(
        worst <= predicted["allowed"] and cut_off > 1e3 * predicted["allowed"],
        f"Over all {2 ** (N - 1)} segmentations of {N} steps and {len(measured['carried'])} cells the gradient in "
        f"segments is predicted to equal the full one; the largest relative error is {worst:.1e} (rounding may make "
        f"{predicted['allowed']:.0e}), and the smallest is {cut_off:.1e} where the error signals are not carried.",
    )


@house_style
def plot(predicted: Mapping[str, Any], measured: Mapping[str, Any]) -> Figure:
    """The worst error against the number of segments, on a logarithmic scale that leaves room for exact zeros."""
    figure, [axes] = canvas("In segments, the gradient is the full gradient if error signals are carried")
    lowest = 1e-17
    M = np.asarray(measured["segments"], dtype=float)
    axes.axhspan(lowest / 4, predicted["allowed"], color=BLUE, alpha=0.08, linewidth=0)
    axes.axhline(predicted["allowed"], color=INK)
    axes.text(
        M[-1] + 0.4, predicted["allowed"] * 2, f"prediction: below {predicted['allowed']:.0e}, rounding only",
        ha="right", va="bottom", fontsize=8, color=INK,
    )  # fmt: skip
    differs = predicted["differs_when_cut_off"]
    for place, (name, marker) in enumerate(MARKERS.items()):
        shifted = M + 0.12 * (place - 1.5)
        points = partial(axes.plot, linestyle="none", marker=marker, markersize=5, clip_on=False)
        points(shifted, np.maximum(measured["carried"][name], lowest), color=BLUE, label=name)
        points(shifted[differs], measured["cut_off"][name][differs], color=ORANGE, markerfacecolor="white")
    note = partial(axes.text, M[-1] + 0.4, fontsize=8.5, ha="right", va="top")
    note(1e-3, "hollow: error signals not carried over the borders", color=ORANGE)
    note(1e-13, "filled: everything carried", color=BLUE)
    axes.set_yscale("log")
    axes.set_ylim(lowest / 4, 30)
    axes.set_xlim(0.5, M[-1] + 0.5)
    axes.xaxis.set_major_locator(whole_numbers())
    axes.set_xlabel(f"number of segments M that {len(M)} steps are cut into")
    axes.set_ylabel("largest relative error of any gradient")
    heading(
        axes, "all segmentations: the worst filled, the best hollow", f"exact zeros are drawn at {lowest:.0e}"
    )
    figure.legend(loc="outside right center", frameon=False, fontsize=8, labelcolor=MUTED)
    figure.set_label(
        f"Relative error of the gradient in segments, against their number, for {len(MARKERS)} cells. With carried "
        f"error signals it stays below {predicted['allowed']:.0e}; without them it is of the order of 1."
    )
    return figure


def cases(N: int) -> dict[str, Case]:
    """One random case of N steps for each cell; the augmented LSTM has every extension and wide windows."""
    rng = np.random.default_rng(7)
    d, d_x, d_v, B = 4, 3, 2, 2

    def draw(*shape: int) -> Array:
        return rng.normal(scale=shape[-1] ** -0.5, size=shape)

    def case(equations: ModuleType, params: Symbols, d_out: int, look_ahead: LookAhead = 0) -> Case:
        if equations is rnn:
            start, arriving = {"s_init": draw(B, d), "r_init": draw(B, d)}, {"psi_end": draw(B, d)}
        else:
            start = {"s_init": draw(B, d), "v_init": draw(B, d_out)}
            arriving = {"f_chi_end": draw(B, d_out), "f_psi_end": draw(B, d)}
        return Case(equations, params, draw(N, B, d_x), draw(N, B, d_out), start, arriving, look_ahead)

    standard = {"W_r": draw(d, d), "W_x": draw(d, d_x), "theta_s": draw(d)}
    plain = {f"W_x{node}": draw(d, d_x) for node in ("cu", "cs", "cr", "du")}
    plain |= {f"W_v{node}": draw(d, d) for node in ("cu", "cs", "cr", "du")}
    plain |= {f"W_s{node}": draw(d, d) for node in ("cu", "cs", "cr")}
    plain |= {f"b_{node}": draw(d) for node in ("cu", "cs", "cr", "du")}
    nodes = {"cu": 1, "cs": 0, "cr": 2, "du": 2, "cx": 0}
    whole = {f"W_x{node}": draw(ahead + 3, d, d_x) for node, ahead in nodes.items()}
    whole |= {f"W_v{node}": draw(d, d_v) for node in nodes}
    whole |= {f"W_s{node}": draw(d, d) for node in nodes if node != "du"}
    whole |= {f"b_{node}": draw(d) for node in nodes} | {"W_qdr": draw(d_v, d)}
    return {
        "standard RNN": case(rnn, standard, d),
        "canonical RNN": case(rnn, standard | {"W_s": draw(d, d) / 2}, d),
        "Vanilla LSTM": case(vanilla, plain, d),
        "augmented LSTM": case(augmented, whole, d_v, nodes),
    }


def _full(case: Case) -> Symbols:
    windows = {"look_ahead": case.look_ahead} if case.equations is augmented else {}
    signals = case.equations.forward(case.params, case.x, **case.start, **windows)
    _, gradients = case.equations.backward(case.params, signals, case.e, **case.arriving, **windows)
    return dict(gradients)


def _in_segments(case: Case, lengths: tuple[int, ...], carry: bool) -> Symbols:
    equations, params, look_ahead = case.equations, case.params, case.look_ahead
    signals = segmented_forward(equations, params, case.x, lengths, start=case.start, look_ahead=look_ahead)
    _, gradients = segmented_backward(
        equations,
        params,
        signals,
        case.e,
        lengths,
        carry=carry,
        arriving=case.arriving,
        look_ahead=look_ahead,
    )
    return gradients


def _largest_error(got: Symbols, wanted: Symbols) -> float:
    return max(
        float(np.abs(got[name] - wanted[name]).max() / max(np.abs(wanted[name]).max(), 1e-3))
        for name in wanted
    )
