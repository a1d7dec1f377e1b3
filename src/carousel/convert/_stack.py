"""What every conversion shares: a layer made of another library's weights, its weights, and what it must not have."""

import warnings
from collections.abc import Mapping, Sequence
from importlib import import_module
from types import ModuleType
from typing import Any

import numpy as np
import torch
from torch import Tensor

from carousel.nn import LSTM

Stored = Mapping[str, Tensor]
"""Weights of one layer and direction by torch's names without the suffix, their rows in the order of `LSTM`."""


def imported(function: str, package: str, distribution: str) -> ModuleType:
    """The package that a conversion speaks of.

    Raises:
        ImportError: it is not installed.
    """
    try:
        return import_module(package)
    except ModuleNotFoundError as error:
        if error.name != package:
            raise
        raise ImportError(
            f"{function} needs the package {package}; run pip install {distribution}"
        ) from error


def tensor_of(value: Any, dtype: str) -> Tensor:
    """A copy of an array as a tensor. NumPy's own bfloat16, which torch does not read, comes over exactly."""
    return torch.from_numpy(np.array(value, np.float64)).to(getattr(torch, dtype))


def layer_of(
    function: str, stack: Sequence[Sequence[Stored]], *, batch_first: bool = False, dropout: float = 0.0
) -> LSTM:
    """A layer with a copy of the given weights; draws no random numbers.

    What some layers and directions have and others lack, a bias or peepholes, is zero where it is lacking.

    Args:
        function: the conversion, for the error.
        stack: of each layer, bottom first, the weights of its one or two directions.
        batch_first: as of `LSTM`.
        dropout: as of `LSTM`.

    Raises:
        ValueError: the layers do not make a stack.
    """
    weights = [stored for level in stack for stored in level]
    names = {name for stored in weights for name in stored}
    directions = {len(level) for level in stack}
    if len(directions) > 1:
        raise ValueError(f"{function}: the layers of a stack must all have one direction or all have two")
    ih, hh = weights[0]["weight_ih"], weights[0]["weight_hh"]
    with warnings.catch_warnings():
        # Whatever there is to say of the settings was said where they were made.
        warnings.simplefilter("ignore")
        layer = LSTM(
            ih.shape[1],
            hh.shape[1],
            len(stack),
            bias="bias_ih" in names,
            batch_first=batch_first,
            dropout=dropout,
            bidirectional=directions == {2},
            device="meta",
            dtype=ih.dtype,
            peephole="diagonal" if "weight_ch" in names else "none",
        ).to_empty(device=ih.device)
    with torch.no_grad():
        for weight in layer.parameters():
            weight.zero_()
        for k, level in enumerate(stack):
            for suffix, stored in zip(("", "_reverse"), level, strict=False):
                for name, value in stored.items():
                    mine = layer.get_parameter(f"{name}_l{k}{suffix}")
                    if mine.shape != value.shape:
                        raise ValueError(
                            f"{function}: {name} of layer {k} must have shape {list(mine.shape)}, "
                            f"got {list(value.shape)}; the layers of a stack share a hidden size, and each takes "
                            "what the one below gives"
                        )
                    mine.copy_(value)
    return layer


def checked_layer(function: str, peer: str, layer: object, **wanted: Any) -> LSTM:
    """A layer that is what a peer can be: without input gate, projection and window, and with the wanted settings.

    Raises:
        TypeError: it is of another kind.
        ValueError: it has something that the peer lacks, or is training with dropout of its own.
    """
    if not isinstance(layer, LSTM):
        raise TypeError(f"{function} takes a carousel.LSTM, got {type(layer).__name__}")
    wanted |= dict(input_gate=False, proj_size=0, context=[(0, 0)] * layer.num_layers, zoneout=(0, 0))
    settings = dict(
        peephole=layer.cell.peephole,
        input_gate=layer.cell.input_gate,
        proj_size=layer.proj_size,
        context=[*layer.context],
        zoneout=layer.zoneout,
        num_layers=layer.num_layers,
        bidirectional=layer.bidirectional,
    )
    if wrong := [name for name in wanted if settings[name] != wanted[name]]:
        limits, found = ([f"{name}={values[name]!r}" for name in wrong] for values in (wanted, settings))
        raise ValueError(
            f"{function}: {peer} has {', '.join(limits)} only, this layer has {', '.join(found)}"
        )
    if active := layer._active:
        raise ValueError(
            f"{function}: {', '.join(active)} is active, and {peer} draws in ways of its own; call layer.eval() first"
        )
    return layer


def stored_of(layer: LSTM, k: int = 0, suffix: str = "") -> dict[str, Tensor]:
    """The weights of one layer and direction; those that are computed from others, as they are now."""
    names = ["weight_ih", "weight_hh"]
    if layer.bias:
        names += ["bias_ih", "bias_hh"]
    if layer.cell.peephole != "none":
        names.append("weight_ch")
    return {name: getattr(layer, f"{name}_l{k}{suffix}").detach() for name in names}
