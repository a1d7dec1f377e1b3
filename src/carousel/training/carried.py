"""The state between segments of a long sequence."""

from torch import Tensor

State = tuple[Tensor, Tensor]


def started(state: State | None, starts: Tensor) -> State | None:
    """The state [layers, B, d] that B sequences go on in, zero for those that start anew; `starts` is bool [B]."""
    if state is None or bool(starts.all()):
        return None
    if not starts.any():
        return state
    goes_on = (~starts).to(state[0]).view(1, -1, 1)
    return state[0] * goes_on, state[1] * goes_on


def detached(state: State) -> State:
    """The state without its past: the gradient ends where a segment begins."""
    return state[0].detach(), state[1].detach()
