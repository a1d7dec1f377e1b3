"""Recipes: complete runs with a name."""

from carousel.experiments.recipes import available as available
from carousel.experiments.recipes import datasets as datasets
from carousel.experiments.recipes import is_data as is_data
from carousel.experiments.recipes import resolve as resolve
