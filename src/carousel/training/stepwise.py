"""The layer of a model, one sample after the other."""

from collections.abc import Callable

from torch import Tensor, nn

from carousel.training.model import SequenceModel


def pushed(model: SequenceModel) -> Callable[[Tensor], Tensor | None]:
    """What takes one sample [I] after the other and gives the layer's output [V] each time."""
    layer = model.lstm
    if layer is not None:
        return layer.stream().push
    gru, state = model.layer, None
    assert isinstance(gru, nn.GRU)

    def push(x: Tensor) -> Tensor:
        nonlocal state
        v, state = gru(x.unsqueeze(0), state)
        return v[0]  # type: ignore[no-any-return]

    return push
