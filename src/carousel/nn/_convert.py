"""Copies between this library's layers and torch's, which store the same weights under the same names."""

from collections.abc import Iterable
from typing import TypeVar

from torch import nn

Layer = TypeVar("Layer", bound=nn.Module)


def copied(source: nn.Module, target: type[Layer], settings: Iterable[str]) -> Layer:
    """A new `target` with the named settings and a copy of the weights of `source`; draws no random numbers."""
    options = {name: getattr(source, name) for name in settings}
    weight = next(source.parameters())
    layer = target(**options, device="meta", dtype=weight.dtype).to_empty(device=weight.device)
    layer.load_state_dict(source.state_dict())
    for mine, theirs in zip(layer.parameters(), source.parameters(), strict=True):
        mine.requires_grad_(theirs.requires_grad)
    return layer.train(source.training)
