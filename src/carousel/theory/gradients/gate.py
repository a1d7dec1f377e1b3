"""One gate for what a caller may hand to `gradient_flow`: inner code sees float64 on the CPU, [T, B, d] and lengths."""

import copy

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.utils.rnn import PackedSequence, pack_padded_sequence, pad_packed_sequence

from carousel.equations.arrays import Array
from carousel.nn import LSTM, RNN
from carousel.theory.gradients.error_signals import Lengths

Layer = LSTM | RNN | nn.LSTM | nn.RNN
State = Tensor | tuple[Tensor, Tensor]


def as_double(layer: Layer) -> LSTM | RNN:
    """A copy that computes on the CPU in float64, without dropout."""
    if isinstance(layer, nn.GRU):
        raise ValueError(
            "gradient_flow: a GRU has no state signal apart from its output; give an LSTM or an RNN of carousel or "
            "torch.nn"
        )
    if isinstance(layer, (nn.LSTM, nn.RNN)):
        layer = LSTM.from_torch(layer) if isinstance(layer, nn.LSTM) else RNN.from_torch(layer)
    if not isinstance(layer, (LSTM, RNN)):
        raise ValueError(
            "gradient_flow takes carousel.LSTM, carousel.RNN, torch.nn.LSTM or torch.nn.RNN, "
            f"got {type(layer).__name__}; give the recurrent layer inside your model"
        )
    if any(layer.zoneout):
        raise ValueError(
            f"gradient_flow: zoneout={layer.zoneout} carries an error past the gates, and is not followed; set it to "
            "(0, 0) on a copy of the layer"
        )
    for name, weight in layer.named_parameters():
        if not torch.isfinite(weight).all():
            raise ValueError(
                f"gradient_flow: {name} of the layer is NaN or infinite; load weights from before it diverged"
            )
    return copy.deepcopy(layer).to("cpu", torch.float64).eval()


def checked_input(
    model: LSTM | RNN, x: Tensor | PackedSequence, lengths: Tensor | None
) -> tuple[Array, Lengths]:
    """x as [T, B, d_x], zero after each sequence's end, and the lengths [B]."""
    if isinstance(x, PackedSequence):
        if lengths is not None:
            raise ValueError("a PackedSequence knows its lengths; leave lengths out")
        x, lengths = pad_packed_sequence(x)
    elif not isinstance(x, Tensor):
        raise ValueError(f"x must be a Tensor or a PackedSequence, got {type(x).__name__}")
    elif x.dim() == 2:
        x = x.unsqueeze(1)
    elif x.dim() == 3 and model.batch_first:
        x = x.transpose(0, 1)
    if x.dim() != 3 or x.shape[-1] != model.input_size or 0 in x.shape:
        raise ValueError(
            f"x must have at least one step and one sequence and {model.input_size} features, [T, B, "
            f"{model.input_size}], got {list(x.shape)}"
        )
    T, B, _ = x.shape
    sizes = np.full(B, T) if lengths is None else torch.as_tensor(lengths).cpu().numpy()
    if (
        sizes.shape != (B,)
        or not np.issubdtype(sizes.dtype, np.integer)
        or sizes.min() < 1
        or sizes.max() > T
    ):
        raise ValueError(
            f"lengths must be {B} whole numbers from 1 to {T}, one a sequence, got {sizes.tolist()}"
        )
    T = int(sizes.max())
    values = x[:T].detach().cpu().double().numpy()
    values = np.where((np.arange(T)[:, None] < sizes)[..., None], values, 0.0)
    if not np.isfinite(values).all():
        n, sequence = np.argwhere(~np.isfinite(values))[0, :2]
        raise ValueError(f"x must be finite, got NaN or infinity at step {n} of sequence {sequence}")
    return values, sizes.astype(np.int64)


def checked_state(model: LSTM | RNN, x: Array, lengths: Lengths, hx: State | None) -> tuple[Array, ...]:
    """The carried signals before the first step, [layers * D, B, d] each; the layer itself judges hx."""
    runs = model.num_layers * (2 if model.bidirectional else 1)
    B = x.shape[1]
    sizes = {"v": model.proj_size or model.hidden_size}
    if hx is None:
        return tuple(
            np.zeros((runs, B, sizes.get(signal, model.hidden_size))) for signal in model.cell.carried
        )
    given = (hx,) if isinstance(hx, Tensor) else hx
    if not isinstance(given, (tuple, list)) or not all(isinstance(part, Tensor) for part in given):
        raise ValueError(
            f"hx must be one tensor for an RNN or a pair (v, s) for an LSTM, got {type(hx).__name__}"
        )
    parts = tuple(part.detach().cpu().double() for part in given)
    if B == 1:
        parts = tuple(part.unsqueeze(1) if part.dim() == 2 else part for part in parts)
    if not all(part.isfinite().all() for part in parts):
        raise ValueError("hx must be finite, got NaN or infinity")
    first = pack_padded_sequence(torch.from_numpy(x[:1]), torch.ones(B, dtype=torch.int64))
    try:
        model(first, parts[0] if isinstance(hx, Tensor) else parts)
    except (RuntimeError, TypeError) as reason:
        raise ValueError(str(reason)) from reason
    return tuple(part.numpy() for part in parts)


def checked_error(error: Tensor | None, B: int, width: int) -> Array:
    if error is None:
        draw = np.random.default_rng(0).standard_normal((B, width))
        unit: Array = draw / np.linalg.norm(draw, axis=1, keepdims=True)
        return unit
    values = torch.as_tensor(error).detach().cpu().double().numpy()
    if values.shape not in ((width,), (B, width)):
        raise ValueError(
            f"error must have shape [{width}] or [{B}, {width}], as the output has, got {list(values.shape)}"
        )
    if not np.isfinite(values).all():
        raise ValueError("error must be finite, got NaN or infinity")
    return np.broadcast_to(values, (B, width))
