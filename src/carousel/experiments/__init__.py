"""Recipes, complete runs with a name; and comparisons of their variants."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from carousel.experiments.recipes import available as available
from carousel.experiments.recipes import configured as configured
from carousel.experiments.recipes import datasets as datasets
from carousel.experiments.recipes import resolve as resolve

if TYPE_CHECKING:
    from carousel.experiments.comparison import Comparison as Comparison
    from carousel.experiments.comparison import Overview as Overview
    from carousel.experiments.comparison import compare as compare
    from carousel.experiments.comparison import compare_data_sets as compare_data_sets
    from carousel.experiments.comparison import compare_runs as compare_runs

_COMPARISON = ("Comparison", "Overview", "compare", "compare_data_sets", "compare_runs")
"""What stands on training, which takes seconds to import, and is imported when it is asked for."""


def __getattr__(name: str) -> Any:
    if name not in _COMPARISON:
        raise AttributeError(f"module 'carousel.experiments' has no attribute '{name}'")
    return getattr(import_module("carousel.experiments.comparison"), name)
