"""The claims of this part, each in its own module."""

from typing import Any

from matplotlib.figure import Figure

from carousel.theory.claim import Claim, Verdict
from carousel.theory.continuous.claims import convolution, limit, order, stability

PARTS = (order, stability, limit, convolution)
CLAIMS: tuple[Claim, ...] = tuple(part.CLAIM for part in PARTS)


def predict(quick: bool = False) -> dict[str, Any]:
    """What theory says, by the claim's name."""
    return {part.CLAIM.name: part.predict(quick) for part in PARTS}


def measure(quick: bool = False) -> dict[str, Any]:
    """What the RNNs do, by the claim's name; the same numbers every time."""
    return {part.CLAIM.name: part.measure(quick) for part in PARTS}


def compare(predicted: dict[str, Any], measured: dict[str, Any]) -> dict[str, Verdict]:
    """Whether they agree, by the claim's name."""
    return {
        part.CLAIM.name: part.compare(predicted[part.CLAIM.name], measured[part.CLAIM.name]) for part in PARTS
    }


def plot(predicted: dict[str, Any], measured: dict[str, Any]) -> dict[str, Figure]:
    """Prediction and measurement in one figure, by the claim's name."""
    return {
        part.CLAIM.name: part.plot(predicted[part.CLAIM.name], measured[part.CLAIM.name]) for part in PARTS
    }
