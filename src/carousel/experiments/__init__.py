"""Recipes: complete runs with a name."""

from carousel.experiments.recipes import available as available
from carousel.experiments.recipes import resolve as resolve
