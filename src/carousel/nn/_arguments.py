"""Checks of constructor arguments, with the exception types of `torch.nn.LSTM`."""

import math
import warnings
from collections.abc import Sequence
from typing import Literal, TypedDict, cast, get_args

from carousel.kernels import Peephole

Context = tuple[int, int] | Sequence[tuple[int, int]]
"""(past, future) of the first layer, or one such pair a layer."""

Nonlinearity = Literal["tanh", "relu"]

Init = Literal["uniform", "orthogonal"]
"""How weights are drawn."""

Zoneout = float | tuple[float, float]
"""A probability for v and s, or one for each."""


class Options(TypedDict, total=False):
    """Keyword arguments of an `LSTM` that its presets hand on: how it starts, and what is random in training."""

    init: Init
    forget_bias: float | None
    chrono: int | None
    recurrent_dropout: float
    zoneout: Zoneout
    weight_dropout: float


def checked_size(name: str, value: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError(f"{name} should be of type int, got: {type(value).__name__}")
    if value <= 0:
        raise ValueError(f"{name} must be greater than zero, got {value}")
    return value


def checked_flag(name: str, value: bool) -> bool:
    if not isinstance(value, bool):
        raise TypeError(f"{name} should be of type bool, got: {type(value).__name__}")
    return value


def checked_dropout(dropout: float, num_layers: int) -> float:
    if not _is_number(dropout) or not 0 <= dropout <= 1:
        raise ValueError(
            "dropout should be a number in range [0, 1], the probability of an element being zeroed, "
            f"got {dropout!r}"
        )
    if dropout > 0 and num_layers == 1:
        warnings.warn(
            f"dropout={dropout} has no effect: it acts between layers, and num_layers is 1", stacklevel=4
        )
    return float(dropout)


def checked_projection(proj_size: int, hidden_size: int) -> int:
    if not isinstance(proj_size, int) or isinstance(proj_size, bool):
        raise TypeError(f"proj_size should be of type int, got: {type(proj_size).__name__}")
    if proj_size < 0:
        raise ValueError(f"proj_size should be positive, or zero to disable projections, got {proj_size}")
    if proj_size and proj_size >= hidden_size:
        raise ValueError(f"proj_size has to be smaller than hidden_size, got {proj_size} and {hidden_size}")
    return proj_size


def checked_peephole(peephole: str) -> Peephole:
    if peephole not in get_args(Peephole):
        raise ValueError(
            f"peephole must be one of {', '.join(map(repr, get_args(Peephole)))}, got {peephole!r}"
        )
    return cast(Peephole, peephole)


def checked_nonlinearity(nonlinearity: str) -> Nonlinearity:
    if nonlinearity not in get_args(Nonlinearity):
        raise ValueError(f"nonlinearity must be 'tanh' or 'relu', got {nonlinearity!r}")
    return cast(Nonlinearity, nonlinearity)


def checked_init(init: str) -> Init:
    if init not in get_args(Init):
        raise ValueError(f"init must be 'uniform' or 'orthogonal', got {init!r}")
    return cast(Init, init)


def checked_gate_biases(forget_bias: float | None, chrono: int | None, bias: bool) -> None:
    """Raise TypeError or ValueError unless the biases of the gates that time a memory can start so."""
    given = [
        name for name, value in dict(forget_bias=forget_bias, chrono=chrono).items() if value is not None
    ]
    if len(given) > 1:
        raise ValueError("forget_bias and chrono both set the bias of the gate g_cs; give one of them")
    if given and not bias:
        raise ValueError(f"{given[0]} sets biases, and bias=False leaves them out; leave out one of the two")
    if forget_bias is not None and not (_is_number(forget_bias) and math.isfinite(forget_bias)):
        raise ValueError(f"forget_bias must be a finite number or None, got {forget_bias!r}")
    if chrono is not None and (type(chrono) is not int or chrono < 3):
        raise ValueError(
            f"chrono must be an integer of 3 or more, the longest dependency in steps, or None, got {chrono!r}"
        )


def checked_probability(name: str, value: float) -> float:
    if not _is_number(value) or not 0 <= value <= 1:
        raise ValueError(f"{name} must be a probability, a number in range [0, 1], got {value!r}")
    return float(value) or 0  # an integer, for a float would be an input of graphs compiled with dynamic=True


def checked_zoneout(zoneout: Zoneout) -> tuple[float, float]:
    """Of v and of s."""
    pair = zoneout if isinstance(zoneout, (tuple, list)) else (zoneout, zoneout)
    if len(pair) != 2:
        raise ValueError(f"zoneout must be a probability, or a pair of them, of v and of s, got {zoneout!r}")
    v, s = (checked_probability("zoneout", share) for share in pair)
    return v, s


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def checked_context(context: Context, num_layers: int) -> list[tuple[int, int]]:
    """One (past, future) a layer; a single pair is the first layer's."""
    wanted = f"context must be (past, future), two integers >= 0, or a list of such pairs, got {context!r}"
    if not isinstance(context, (tuple, list)):
        raise TypeError(wanted)
    pairs = (
        [context, *[(0, 0)] * (num_layers - 1)] if all(isinstance(size, int) for size in context) else context
    )
    checked = []
    for pair in pairs:
        if not isinstance(pair, (tuple, list)) or len(pair) != 2:
            raise ValueError(wanted)
        past, future = pair
        if type(past) is not int or type(future) is not int or past < 0 or future < 0:
            raise ValueError(wanted)
        checked.append((past, future))
    if len(checked) != num_layers:
        raise ValueError(f"context must have one pair for each of {num_layers} layers, got {len(checked)}")
    return checked
