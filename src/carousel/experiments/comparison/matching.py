"""Variants of equal parameters: the size of each is chosen so that it has as many as the first."""

from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from carousel.errors import CarouselError
from carousel.experiments.comparison.variants import Variant
from carousel.training.config import Config, override
from carousel.training.parameters import parameter_count

LARGEST = 65536


def matched(variants: Sequence[Variant], names: Mapping[str, Any]) -> list[Variant]:
    """The variants, each with the `hidden_size` whose parameters come nearest those of the first.

    A projection keeps its share of the size.

    Args:
        variants: the first of which stays as it is, with a sweep at each of its points.
        names: the arguments of the model's constructor beside the configuration, of `Material`.

    Raises:
        CarouselError: a sweep changes how many parameters the first has, so that chosen points would not be equal.
    """
    first = variants[0].name
    counts = {
        str(variant): parameter_count(variant.config, names) for variant in variants if variant.name == first
    }
    wanted, *_ = counts.values()
    unlike = next((name for name, count in counts.items() if count != wanted), None)
    if unlike is not None:
        raise CarouselError(
            f"'{[*counts][0]}' has {wanted:,} parameters and '{unlike}' {counts[unlike]:,}: variants of equal "
            "parameters are not swept over what changes their number; leave that out of the sweep, or compare for each "
            "value apart"
        )
    return [
        variant if variant.name == first else replace(variant, config=_nearest(variant.config, names, wanted))
        for variant in variants
    ]


def _nearest(config: Config, names: Mapping[str, Any], wanted: int) -> Config:
    smallest = 2 if config.model.proj_size else 1  # a projection is smaller than what it projects

    def parameters(size: int) -> int:
        return parameter_count(_resized(config, size), names)

    above = bisect_left(range(LARGEST), wanted, lo=smallest, key=parameters)
    sizes = range(max(above - 1, smallest), above + 1)
    return _resized(config, min(sizes, key=lambda size: abs(parameters(size) - wanted)))


def _resized(config: Config, size: int) -> Config:
    model = config.model
    projection = round(size * model.proj_size / model.hidden_size)
    projection = min(max(projection, 1), size - 1) if model.proj_size else 0
    return override(config, {"hidden_size": size, "proj_size": projection})
