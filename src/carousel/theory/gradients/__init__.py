"""Why the standard RNN is hard to train, what the carousel carries, and how far back an error reaches in any layer."""

from types import ModuleType
from typing import Any

from matplotlib.figure import Figure

from carousel.theory.claim import Claim, Verdict
from carousel.theory.gradients import clipping, constant_error, product, reach, regimes, saturation
from carousel.theory.gradients.constant_error import carousel_cell as carousel_cell
from carousel.theory.gradients.flow import GradientFlow as GradientFlow
from carousel.theory.gradients.flow import gradient_flow as gradient_flow
from carousel.theory.gradients.flow_figure import plot_flow as plot_flow
from carousel.theory.gradients.product import jacobian_bounds as jacobian_bounds
from carousel.theory.gradients.product import jacobian_product as jacobian_product
from carousel.theory.gradients.saturation import error_growth as error_growth

_PARTS: dict[str, ModuleType] = {
    part.CLAIM.name: part for part in (product, regimes, saturation, constant_error, reach, clipping)
}

CLAIMS: tuple[Claim, ...] = tuple(part.CLAIM for part in _PARTS.values())


def predict(quick: bool = False) -> dict[str, Any]:
    """What theory says, by the claim's name."""
    return {name: part.predict(quick) for name, part in _PARTS.items()}


def measure(quick: bool = False) -> dict[str, Any]:
    """What was measured, by the claim's name; seeded."""
    return {name: part.measure(quick) for name, part in _PARTS.items()}


def compare(predicted: dict[str, Any], measured: dict[str, Any]) -> dict[str, Verdict]:
    """Prediction held against measurement, by the claim's name."""
    return {name: part.compare(predicted[name], measured[name]) for name, part in _PARTS.items()}


def plot(predicted: dict[str, Any], measured: dict[str, Any]) -> dict[str, Figure]:
    """Prediction as lines and measurement as points, by the claim's name."""
    return {name: part.plot(predicted[name], measured[name]) for name, part in _PARTS.items()}
