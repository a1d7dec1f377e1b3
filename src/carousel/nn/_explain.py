"""Which kernel runs a layer, told without running it."""

from dataclasses import dataclass
from typing import Literal

from torch import Tensor
from torch.nn.utils.rnn import PackedSequence

from carousel import kernels
from carousel.nn._ragged import Lengths
from carousel.nn.lstm import LSTM
from carousel.nn.rnn import RNN


@dataclass(frozen=True)
class Explanation:
    """Which kernel runs a layer, and why. Its `str` is one sentence.

    Attributes:
        kernel: "cpu" for the C++ kernel, "cudnn" or "triton" on a GPU, "eager" for PyTorch operations.
        reason: completes the sentence "this kernel, because ...".
        level: instruction set of the C++ kernel: "avx512", "avx2" or "portable"; a GPU's compute capability, such as
            "sm_90"; None for PyTorch operations.
        threads: the most of the CPU that a call from this Python thread uses; a small one uses one.
    """

    kernel: Literal["eager", "cpu", "cudnn", "triton"]
    reason: str
    level: str | None
    threads: int

    @property
    def summary(self) -> str:
        """Kernel, instruction set and threads in a few words."""
        name = {"eager": "PyTorch operations", "cpu": "C++", "cudnn": "cuDNN", "triton": "Triton"}[
            self.kernel
        ]
        if self.level is not None:
            name += f" ({self.level})"
        if self.kernel in ("cudnn", "triton"):
            return name
        return f"{name}, {self.threads} thread{'s' * (self.threads != 1)}"

    def __str__(self) -> str:
        return f"{self.summary}, because {self.reason}"


def explain(
    layer: LSTM | RNN,
    x: Tensor | PackedSequence | None = None,
    hx: Tensor | tuple[Tensor, Tensor] | None = None,
    *,
    lengths: Lengths | None = None,
    mask: Tensor | None = None,
) -> Explanation:
    """Say which kernel would run a call `layer(x, hx, ...)` here and now, and why. Nothing is run.

    Args:
        layer: a layer of this library.
        x: what the layer would be called with; None for one sequence of the weights' dtype, on their device.
        hx: the states before the first step, as for a call.
        lengths: as for a call.
        mask: as for a call.

    Raises:
        TypeError: an argument is of another kind, or there is any of the others without x.
        ValueError, RuntimeError: an argument or a weight that was replaced does not fit the layer, as in a call.
    """
    if not isinstance(layer, (LSTM, RNN)):
        kind = type(layer)
        raise TypeError(
            f"explain: layer must be a carousel.LSTM or carousel.RNN, got {kind.__module__}.{kind.__qualname__}"
        )
    for name, other in dict(hx=hx, lengths=lengths, mask=mask).items():
        if x is None and other is not None:
            raise TypeError(f"explain: {name} goes with an input, got x=None; give both, or neither")
    if x is None:
        x = layer._first_weight.new_empty(1, layer.input_size)
    batch = layer._checked_batch(x, lengths, mask)
    given = layer._pair(hx) if isinstance(layer, LSTM) else layer._single(hx)  # type: ignore[arg-type]
    state = layer._checked_state(given, batch)
    weights = [weight for run in layer._stored_as for weight in layer._weights(*run)]
    masks = layer._masks(batch.x, 0, layer.training)  # of no sequences, so that nothing is drawn
    choice = kernels.choose(layer.cell, batch.x, (*state, *weights), batch.lengths, masks)
    return Explanation(*choice, *kernels.resources(choice.kernel, batch.x.device))
