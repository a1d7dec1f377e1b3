"""The state between segments of a long sequence."""

from torch import Tensor

State = Tensor | tuple[Tensor, Tensor]
"""Of a layer, [layers, B, d]: h of a GRU, (v, s) of an LSTM."""


def started(state: State | None, starts: Tensor) -> State | None:
    """The state that B sequences go on in, zero for those that start anew; `starts` is bool [B]."""
    if state is None or bool(starts.all()):
        return None
    if not starts.any():
        return state
    goes_on = (~starts).view(1, -1, 1)
    return state * goes_on if isinstance(state, Tensor) else (state[0] * goes_on, state[1] * goes_on)


def detached(state: State) -> State:
    """The state without its past: the gradient ends where a segment begins."""
    return state.detach() if isinstance(state, Tensor) else (state[0].detach(), state[1].detach())
