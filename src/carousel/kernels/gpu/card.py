"""What the kernels need to know of a GPU, and whether it will do."""

import importlib.util
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

import torch

OLDEST = (3, 6)
"""The first version of Triton that the kernels are tested with."""


class Card(NamedTuple):
    processors: int
    """Multiprocessors: how many persistent programs run at once."""
    shared: int
    """Bytes of shared memory that one program can have."""


@cache
def card_of(device: torch.device) -> Card:
    found = torch.cuda.get_device_properties(device)
    return Card(found.multi_processor_count, found.shared_memory_per_block_optin)  # type: ignore[attr-defined]


@cache
def missing(device: torch.device) -> str:
    """Why the kernels cannot run there; empty if they can."""
    if device.type != "cuda" or torch.version.hip is not None:
        return f"the Triton kernels run on NVIDIA GPUs, and the input is on {device}"
    major, minor = torch.cuda.get_device_capability(device)
    if major < 8:
        return f"the Triton kernels need a GPU of compute capability 8.0, and {device} has {major}.{minor}"
    return triton_missing()


@cache
def triton_missing() -> str:
    """Why Triton cannot serve; empty if it can."""
    if importlib.util.find_spec("triton") is None:
        return "Triton is not installed; pip install 'carousel-lstm[gpu]'"
    try:
        found = version("triton")
    except PackageNotFoundError:
        found = "0"
    if tuple(int(part) for part in found.split(".")[:2]) < OLDEST:
        oldest = ".".join(map(str, OLDEST))
        return f"the Triton kernels are tested with Triton {oldest} and later, and {found} is installed"
    return ""


def precision(dtype: torch.dtype) -> str:
    """How the kernels multiply: float32 in one product of tf32 where the library may do so, too, else in three.

    Triton's tf32x3 splits a number into a large and a small part that tf32 can hold, and leaves out small times small.
    Tensor cores make these products, and none of float32 itself.
    """
    matmul = torch.backends.cuda.matmul
    if dtype != torch.float32:
        return "ieee"
    tf32 = matmul.fp32_precision == "tf32" if hasattr(matmul, "fp32_precision") else matmul.allow_tf32
    return "tf32" if tf32 else "tf32x3"
