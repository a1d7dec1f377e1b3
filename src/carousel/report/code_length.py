"""How many bits a text took as it was told, beside compressors."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine
from numpy.typing import ArrayLike

from carousel.style import BLUE, INK, MUTED, ORANGE, PALE, heading, house_style, quiet, spread

DASHES = ((ORANGE, "--"), (INK, "-."), (MUTED, ":"))
NEAR = 2000
"""Bytes over which the bits are averaged to tell what one takes at a place."""


@house_style
def code_length(bits: ArrayLike, rivals: Mapping[str, Sequence[float]], places: Sequence[int]) -> Figure:
    """Mean bits a byte of all that has been told so far, and of what was told last, against the place in the text.

    Args:
        bits: [T], what each byte took.
        rivals: by name of a compressor, the bits a byte that it needs for the text up to each of the places.
        places: bytes up to there, ascending.

    The figure's label describes it in words.
    """
    array = np.asarray(bits, dtype=float)
    told = np.arange(1, len(array) + 1)
    so_far = array.cumsum() / told
    near = min(NEAR, len(array))
    lately = np.convolve(array, np.ones(near) / near, mode="valid")
    figure = Figure(figsize=(9, 3.8), layout=ConstrainedLayoutEngine(w_pad=0.12, h_pad=0.08))
    axes = figure.subplots()
    axes.plot(told[near - 1 :], lately, color=BLUE, linewidth=0.8, alpha=0.5)
    axes.plot(told, so_far, color=BLUE, linewidth=2)
    ends = {"the model": (float(so_far[-1]), BLUE)}
    for (name, values), (colour, dashes) in zip(rivals.items(), DASHES, strict=False):
        axes.plot(places, values, color=colour, linestyle=dashes, linewidth=1.4)
        ends[name] = (values[-1], colour)
    highest = max(float(so_far[places[0] - 1]), *(values[0] for values in rivals.values()))
    axes.set_ylim(0, 1.05 * highest)
    axes.set_xlim(0, len(array))
    heights = spread([height for height, _ in ends.values()], gap=0.06 * highest, low=0, high=highest)
    for (name, (value, colour)), height in zip(ends.items(), heights, strict=True):
        axes.annotate(
            f"{name} {value:.3f}", (1, height), xycoords=("axes fraction", "data"), xytext=(6, 0),
            textcoords="offset points", va="center", fontsize=8, color=colour, annotation_clip=False,
        )  # fmt: skip
    axes.set_xlabel("bytes told")
    axes.xaxis.set_major_formatter("{x:,.0f}")
    axes.grid(axis="y", color=PALE, linewidth=0.5, alpha=0.6)
    heading(axes, "bits a byte, so far", f"thin: the last {near:,} bytes alone")
    quiet(axes)
    listed = ", ".join(f"{name} {values[-1]:.3f}" for name, values in rivals.items())
    figure.set_label(
        f"Bits a byte so far against bytes told: the model ends at {so_far[-1]:.3f}, compressors at {listed}. The last "
        f"{near} bytes take {lately[-1]:.3f} each."
    )
    return figure
