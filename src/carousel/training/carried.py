"""The state between segments of a long sequence."""

from collections.abc import Callable

from torch import Tensor
from torch.nn.functional import pad

State = Tensor | tuple[Tensor, Tensor]
"""Of a layer, [layers, B, d]: h of a GRU, (v, s) of an LSTM."""


def started(state: State | None, starts: Tensor) -> State | None:
    """The state that B sequences go on in, zero for those that start anew; `starts` is bool [B].

    The state may be one of fewer sequences: those that have joined since, at the end, start anew.
    """
    if state is None or bool(starts.all()):
        return None
    if not starts.any():
        return state
    goes_on = (~starts).view(1, -1, 1)
    return _each(state, lambda part: pad(part, (0, 0, 0, len(starts) - part.shape[1])) * goes_on)


def detached(state: State) -> State:
    """The state without its past: the gradient ends where a segment begins."""
    return _each(state, Tensor.detach)


def _each(state: State, made: Callable[[Tensor], Tensor]) -> State:
    return made(state) if isinstance(state, Tensor) else (made(state[0]), made(state[1]))
