"""Circulant matrices make the products convolutions, and the RNN made of them still convolves."""

from dataclasses import dataclass

import numpy as np
from matplotlib.figure import Figure

from carousel.equations.arrays import Array
from carousel.style import BLUE, INK, ORANGE, heading, house_style
from carousel.theory.claim import Claim, Verdict
from carousel.theory.continuous.circulant import circulant
from carousel.theory.continuous.claims.canvas import canvas
from carousel.theory.continuous.discretize import discretize

CLAIM = Claim(
    name="continuous.convolution",
    title="Circulant matrices make a convolution of the RNN",
    paragraph=(
        "If A and B are circulant, their products with a signal are circular convolutions over its elements; block "
        "circulant matrices convolve over several axes. This is this library's reading of the paper. That sampling "
        "keeps the structure is derived here: W_s and W_r convolve too, and the Fourier transforms of their kernels "
        "follow from those of A and B, frequency by frequency, without any matrix."
    ),
    equation=(
        r"A s = a * s, \qquad \hat w_s = \frac{1}{1 - \Delta T\, \hat a}, \qquad "
        r"\hat w_r = \frac{\Delta T\, \hat b}{1 - \Delta T\, \hat a}"
    ),
    status="reading",
)

DT = 0.5
SHAPES = ((32,), (6, 5))


@dataclass(frozen=True)
class Kernels:
    """For a line of 32 elements and a sheet of 6 x 5: the kernels of W_s and W_r, and W_r r for a random r."""

    w_s: tuple[Array, ...]
    w_r: tuple[Array, ...]
    product: tuple[Array, ...]


def predict(quick: bool = False) -> Kernels:
    """Frequency by frequency."""
    kernels = []
    for a, b, r in map(_case, SHAPES):
        w_s = 1 / (1 - DT * np.fft.fftn(a))
        w_r = DT * np.fft.fftn(b) * w_s
        kernels.append([np.fft.ifftn(signal).real for signal in (w_s, w_r, w_r * np.fft.fftn(r))])
    return Kernels(*(tuple(column) for column in zip(*kernels, strict=True)))


def measure(quick: bool = False) -> Kernels:
    """By the matrices."""
    kernels = []
    for a, b, r in map(_case, SHAPES):
        d = a.size
        sampled = discretize(circulant(a), circulant(b), np.zeros((d, 1)), np.zeros(d), DT)
        columns = sampled.W_s[:, 0], sampled.W_r[:, 0], sampled.W_r @ r.ravel()
        kernels.append([column.reshape(a.shape) for column in columns])
    return Kernels(*(tuple(column) for column in zip(*kernels, strict=True)))


def compare(predicted: Kernels, measured: Kernels) -> Verdict:
    """Equal to 1e-12."""
    worst = max(
        float(np.abs(theory - matrix).max())
        for name in ("w_s", "w_r", "product")
        for theory, matrix in zip(getattr(predicted, name), getattr(measured, name), strict=True)
    )
    return Verdict(
        worst < 1e-12,
        f"Kernels of W_s and W_r, and W_r r, by Fourier transforms and by matrices: predicted equal to 1e-12, measured "
        f"largest difference {worst:.1e}, for 32 elements in a line and 6 x 5 in a sheet.",
    )


@house_style
def plot(predicted: Kernels, measured: Kernels) -> Figure:
    """The kernels over the line of elements."""
    figure, (axes,) = canvas("The RNN of circulant matrices convolves", [1])
    half = SHAPES[0][0] // 2
    distance = np.arange(-half, half)
    for name, symbol, colour, marker, dashes in (
        ("w_r", "$W_r$", BLUE, "o", "-"),
        ("w_s", "$W_s$", ORANGE, "s", (0, (4, 2))),
    ):
        theory, matrix = (np.fft.fftshift(getattr(kernels, name)[0]) for kernels in (predicted, measured))
        axes.plot(distance, theory, color=colour, linestyle=dashes, label=f"kernel of {symbol}: predicted")
        axes.plot(
            distance, matrix, marker, color=colour, markersize=4.5, label=f"column of {symbol}: measured"
        )
    heading(axes, "32 elements in a ring", "predicted by Fourier transforms alone")
    axes.set_xlabel("distance between two elements of the signal")
    axes.set_ylabel("weight")
    axes.legend(loc="upper right", frameon=False, fontsize=8, labelcolor=INK)
    return figure


def _case(shape: tuple[int, ...]) -> tuple[Array, Array, Array]:
    """Kernels of A (decay, and exchange with neighbours on one side) and B (near excites, far inhibits), and an r."""
    away = np.sqrt(sum(axis**2 for axis in np.meshgrid(*map(_distances, shape), indexing="ij")))
    a = 0.8 * np.exp(-(away**2)) * (away > 0)
    a = a + 0.4 * np.roll(a, 1, axis=0)
    a.flat[0] -= 3
    b = 3 * np.exp(-(away**2) / 4) - 1.2 * np.exp(-(away**2) / 20)
    return a, b, np.tanh(np.random.default_rng(2).normal(size=shape))


def _distances(size: int) -> Array:
    """Of every element of a ring from the first."""
    places = np.arange(size, dtype=np.float64)
    return np.minimum(places, size - places)
