"""Claims that each stand in a module of their own, put together to one part of the lab."""

from types import ModuleType
from typing import Any

from matplotlib.figure import Figure

from carousel.theory.claim import Claim, Verdict


class Part:
    """A part of the lab.

    Args:
        modules: one for each claim, with `CLAIM`, `predict(quick)`, `measure(quick)`, `compare(predicted, measured)`,
            `plot(predicted, measured)`.
    """

    def __init__(self, *modules: ModuleType) -> None:
        self._modules = {module.CLAIM.name: module for module in modules}
        self.claims: tuple[Claim, ...] = tuple(module.CLAIM for module in modules)

    def predict(self, quick: bool = False) -> dict[str, Any]:
        """What theory says, by the claim's name."""
        return {name: module.predict(quick) for name, module in self._modules.items()}

    def measure(self, quick: bool = False) -> dict[str, Any]:
        """What was measured, by the claim's name; the same numbers every time."""
        return {name: module.measure(quick) for name, module in self._modules.items()}

    def compare(self, predicted: dict[str, Any], measured: dict[str, Any]) -> dict[str, Verdict]:
        """Prediction held against measurement, by the claim's name."""
        return {
            name: module.compare(predicted[name], measured[name]) for name, module in self._modules.items()
        }

    def plot(self, predicted: dict[str, Any], measured: dict[str, Any]) -> dict[str, Figure]:
        """Prediction as lines and measurement as points, by the claim's name."""
        return {name: module.plot(predicted[name], measured[name]) for name, module in self._modules.items()}
