"""What the network did while it forecast: input, gates and state, above the forecasts that came of them."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from carousel.report.forecasts import Shot, Values, draw_shots
from carousel.report.signals import GATES, checked, share_time, stacked
from carousel.style import heading, house_style, plain


@house_style
def forecast_window(
    signals: Mapping[str, ArrayLike],
    features: Sequence[str],
    y: Values,
    shots: Sequence[Shot],
    title: str,
    target: str,
) -> Figure:
    """Steps of a series in the layer's eyes, stacked over the same time axis.

    Args:
        signals: as in `carousel.report.classified_sequence`.
        features: names of the F columns of `x`.
        y: [T], the truth of one target; NaN where nothing was measured.
        shots: forecasts of it from some of the steps.
        title: of the figure.
        target: what y is.

    Raises:
        CarouselError: shapes disagree, or a signal is not finite.
    """
    shown = checked(signals, features)
    stack = stacked(shown, features, title, "step")
    steps = len(shown["s"])
    draw_shots(stack.bottom, y, shots, np.arange(steps))
    for panel in stack.panels[:-1]:
        for shot in shots:
            panel.axvline(shot.origin, color="white", linewidth=0.8)
    heading(stack.bottom, f"forecasts of {plain(target)}", "from the steps that are marked")
    share_time(stack, steps, "step")
    gates = ", ".join(name for name in GATES if name in shown) or "none"
    stack.figure.set_label(
        f"{steps} steps: {shown['x'].shape[1]} inputs, gates {gates}, a state of {shown['s'].shape[1]} units, and "
        f"forecasts of {target} from {len(shots)} of the steps."
    )
    return stack.figure
