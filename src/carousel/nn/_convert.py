"""Between this library's layers and torch's, which store the same weights under the same names."""

import warnings
from collections.abc import Iterable
from typing import TypeVar, cast

import torch
from torch import Tensor, nn

Layer = TypeVar("Layer", bound=nn.Module)


def copied(source: nn.Module, target: type[Layer], settings: Iterable[str]) -> Layer:
    """A new `target` with the named settings and a copy of the weights of `source`; draws no random numbers.

    A weight that `source` computes from others (parametrised) is copied as the value it has now.
    """
    weight = cast(Tensor, source.weight_ih_l0)
    layer = _without_weights(source, target, settings).to(weight.dtype).to_empty(device=weight.device)
    for name, mine in layer.named_parameters():
        theirs = getattr(source, name)
        with torch.no_grad():
            mine.copy_(theirs)
        mine.requires_grad_(theirs.requires_grad)
    return layer


def adopted(source: nn.Module, target: type[Layer], settings: Iterable[str]) -> Layer:
    """A new `target` with the named settings and the weights of `source` themselves, no copies."""
    layer = _without_weights(source, target, settings)
    for name in [name for name, _ in layer.named_parameters()]:
        delattr(layer, name)
        setattr(layer, name, getattr(source, name))  # a plain tensor where someone had put one
    return layer


def _without_weights(source: nn.Module, target: type[Layer], settings: Iterable[str]) -> Layer:
    """A new `target` with the named settings of `source`, in its mode, on the device that stores nothing."""
    options = {name: getattr(source, name) for name in settings}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whatever there is to say of the settings was said of `source`
        return target(**options, device="meta").train(source.training)
