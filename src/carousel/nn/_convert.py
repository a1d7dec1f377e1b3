"""Copies between this library's layers and torch's, which store the same weights under the same names."""

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
    options = {name: getattr(source, name) for name in settings}
    weight = cast(Tensor, source.weight_ih_l0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # whatever there is to say of the settings was said of `source`
        layer = target(**options, device="meta", dtype=weight.dtype).to_empty(device=weight.device)
    for name, mine in layer.named_parameters():
        theirs = getattr(source, name)
        with torch.no_grad():
            mine.copy_(theirs)
        mine.requires_grad_(theirs.requires_grad)
    return layer.train(source.training)
