"""Launches scans of all kinds on a GPU that is not there, and prints how often each kernel was compiled, as JSON."""

import json
import sys
from dataclasses import replace

import torch
from no_gpu import compiled, pretend
from scans import make

from carousel.kernels import LSTMCell
from carousel.kernels.cpu import TENSORS
from carousel.kernels.gpu import scan
from carousel.kernels.gpu.jit import persistent, streamed
from carousel.kernels.gpu.persistent import Persistent
from carousel.kernels.gpu.streamed import Streamed

CELL, H = LSTMCell("full"), 48


def main() -> None:
    pretend()
    for T, B, change in (3, 37, odd), (1, 1, odd), (16, 16, torch.Tensor.clone), (2, 300, strided):
        one = make(CELL, T, B, 16, H, ragged=B == 37, reverse=T == 1, masked=True, dtype=torch.bfloat16)
        one = one.map(change)
        if change is odd:
            one = replace(one, errors=tuple(error[:1, :1].expand(error.shape) for error in one.errors))
        for form in Persistent(CELL, 16, 132), Streamed(CELL, 132):
            *_, kept = scan.forward(one.arguments, True, form)
            scan.backward(one.arguments, kept, one.errors, [True] * TENSORS, form)
    kernels = [kernel for module in (persistent, streamed) for kernel in (module.forward, module.backward)]
    json.dump([compiled(kernel) for kernel in kernels], sys.stdout)


def odd(tensor: torch.Tensor) -> torch.Tensor:
    """The same at an address that no load of more than one number may begin at."""
    room = tensor.new_empty(tensor.numel() + 1)[1:].view(tensor.shape)
    return room.copy_(tensor)


def strided(tensor: torch.Tensor) -> torch.Tensor:
    """The same with its last dimension as the first in memory."""
    return tensor.movedim(-1, 0).contiguous().movedim(0, -1)


if __name__ == "__main__":
    main()
