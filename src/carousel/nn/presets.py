"""The paper's two LSTMs, as presets of the general one."""

from typing import TYPE_CHECKING

import torch

from carousel.nn._arguments import Context, Options
from carousel.nn.lstm import LSTM

if TYPE_CHECKING:
    from typing_extensions import Unpack


def VanillaLSTM(
    input_size: int,
    hidden_size: int,
    num_layers: int = 1,
    bias: bool = True,
    batch_first: bool = False,
    dropout: float = 0.0,
    bidirectional: bool = False,
    *,
    device: torch.device | str | int | None = None,
    dtype: torch.dtype | None = None,
    **options: "Unpack[Options]",
) -> LSTM:
    """The paper's Vanilla LSTM: makes an `LSTM` with `peephole="full"`. Arguments as there; it has no projection.

    The options, from `init` to `weight_dropout`, are those of `LSTM`.

    Source: Sherstinsky, arXiv 1808.03314; see `carousel.equations.vanilla`.
    """
    return LSTM(
        input_size,
        hidden_size,
        num_layers,
        bias,
        batch_first,
        dropout,
        bidirectional,
        device=device,
        dtype=dtype,
        peephole="full",
        **options,
    )


def AugmentedLSTM(
    input_size: int,
    hidden_size: int,
    num_layers: int = 1,
    bias: bool = True,
    batch_first: bool = False,
    dropout: float = 0.0,
    bidirectional: bool = False,
    proj_size: int = 0,
    device: torch.device | str | int | None = None,
    dtype: torch.dtype | None = None,
    *,
    context: Context = (1, 1),
    **options: "Unpack[Options]",
) -> LSTM:
    """The paper's augmented LSTM: makes an `LSTM` with `peephole="full"`, `input_gate=True` and a context window.

    Arguments as for `LSTM`, the options from `init` to `weight_dropout` too. Not to be confused with the highway LSTM
    that other libraries give this name.

    Source: this library's reading of the paper; see `carousel.equations.augmented`.
    """
    return LSTM(
        input_size,
        hidden_size,
        num_layers,
        bias,
        batch_first,
        dropout,
        bidirectional,
        proj_size,
        device,
        dtype,
        peephole="full",
        input_gate=True,
        context=context,
        **options,
    )
