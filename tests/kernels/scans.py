"""Scans to run: their tensors, their truth by `carousel.equations`, and their results on a kernel."""

from dataclasses import dataclass, replace
from functools import partial
from itertools import product

import numpy as np
import torch
from torch import Tensor

from carousel import kernels
from carousel.equations import augmented
from carousel.kernels import LSTMCell, Masks, Weights, cpu, eager, row_blocks
from carousel.kernels.cpu import PEEPHOLES, Arguments

CELLS = [LSTMCell(*parts) for parts in product(("none", "diagonal", "full"), (False, True), (False, True))]
SOURCES = "x", "v_init", "s_init", *Weights._fields
LEVELS = [] if cpu.MISSING else cpu._cpu.levels()

Results = dict[str, Tensor]


def name_of(cell: LSTMCell) -> str:
    return "-".join([cell.peephole, *["input gate"] * cell.input_gate, *["projection"] * cell.projection])


@dataclass
class Scan:
    """What a scan is given, and the errors dE/d(v, last v, last s) that reach it."""

    cell: LSTMCell
    x: Tensor
    v_init: Tensor
    s_init: Tensor
    weights: Weights
    lengths: Tensor | None
    reverse: bool
    errors: tuple[Tensor, ...]
    v_mask: Tensor | None = None

    @property
    def sources(self) -> dict[str, Tensor]:
        """What has a gradient, by name."""
        given = dict(zip(SOURCES, (self.x, self.v_init, self.s_init, *self.weights), strict=True))
        return {name: tensor for name, tensor in given.items() if tensor is not None}

    def map(self, change) -> "Scan":
        """Every tensor of numbers changed."""
        return replace(
            self,
            **{name: change(getattr(self, name)) for name in SOURCES[:3]},
            weights=Weights(*[None if tensor is None else change(tensor) for tensor in self.weights]),
            errors=tuple(map(change, self.errors)),
            v_mask=None if self.v_mask is None else change(self.v_mask),
        )

    @property
    def arguments(self) -> Arguments:
        """What a kernel takes."""
        return Arguments(
            *[getattr(self, name) for name in SOURCES[:3]],
            *self.weights,
            self.lengths,
            self.v_mask,
            PEEPHOLES.index(self.cell.peephole),
            self.cell.input_gate,
            self.reverse,
        )

    @property
    def settings(self) -> tuple:
        """What a door takes behind the weights."""
        given = self.lengths, self.reverse
        return given if self.v_mask is None else (*given, Masks(self.v_mask))


def make(
    cell: LSTMCell,
    T: int,
    B: int,
    I: int,  # noqa: E741
    H: int,
    *,
    bias: bool = True,
    ragged: bool = False,
    reverse: bool = False,
    masked: bool = False,
    dtype: torch.dtype = torch.float64,
    seed: int = 0,
) -> Scan:
    """A scan of random numbers that float32 can hold, its weights so scaled that rounding is not amplified."""
    torch.manual_seed(seed)
    V = (H + 1) // 2 if cell.projection else H
    rows, peephole_rows = len(cell.nodes) * H, len(cell.peephole_nodes) * H

    def random(*shape: int) -> Tensor:
        return torch.randn(shape).to(dtype)

    def weight(rows: int, fan_in: int) -> Tensor:
        return (torch.randn(rows, fan_in) / (2 * fan_in**0.5)).to(dtype)

    ch = {"none": None, "diagonal": random(peephole_rows) / 3, "full": weight(peephole_rows, H)}[
        cell.peephole
    ]
    return Scan(
        cell,
        random(T, B, I),
        random(B, V),
        random(B, H),
        Weights(
            weight(rows, I),
            weight(rows, V),
            ch,
            random(rows) / 3 if bias else None,
            weight(V, H) if cell.projection else None,
        ),
        torch.randint(1, T + 1, (B,)) if ragged else None,
        reverse,
        (random(T, B, V), random(B, V), random(B, H)),
        (torch.rand(B, V) < 0.7).to(dtype) / 0.7 if masked else None,
    )


def few_lengths(scan: Scan) -> Scan:
    """The scan with no more than four different lengths, the longest and the shortest possible among them."""
    T, B = scan.x.shape[:2]
    some = torch.tensor([1, (T + 2) // 3, (2 * T + 2) // 3, T])
    return replace(scan, lengths=some[torch.randperm(max(B, 4))[:B] % 4])


def run(scan: Scan, door=kernels.scan) -> Results:
    """v, last v and last s, and every gradient, of a training step on the C++ kernel."""
    leaves = {name: tensor.detach().requires_grad_() for name, tensor in scan.sources.items()}
    state = leaves["v_init"], leaves["s_init"]
    weights = Weights(*[leaves.get(name) for name in Weights._fields])
    v, last = door(scan.cell, leaves["x"], state, weights, *scan.settings)
    gradients = torch.autograd.grad((v, *last), list(leaves.values()), scan.errors)
    return dict(
        zip(("v", "v_last", "s_last"), (v.detach(), *(one.detach() for one in last)), strict=True)
    ) | {f"d{name}": gradient for name, gradient in zip(leaves, gradients, strict=True)}


run_eager = partial(run, door=eager.scan)


def infer(scan: Scan) -> Results:
    """v, last v and last s, without keeping anything for gradients."""
    with torch.no_grad():
        v, last = kernels.scan(scan.cell, scan.x, (scan.v_init, scan.s_init), scan.weights, *scan.settings)
    return dict(v=v, v_last=last[0], s_last=last[1])


def truth(scan: Scan) -> Results:
    """The same by the paper's equations in float64, sequences of one length at a time.

    The equations know of no mask; to mask the v of a sequence is to mask columns of its weights, by one at a time.
    """
    given = {name: tensor.double().numpy() for name, tensor in scan.sources.items()}
    dv, dv_last, ds_last = (error.double().numpy() for error in scan.errors)
    T, B, _ = given["x"].shape
    lengths = np.full(B, T) if scan.lengths is None else scan.lengths.numpy()
    in_time = slice(None, None, -1 if scan.reverse else 1)
    blocks = _symbol_rows(scan.cell, given["s_init"].shape[1])
    params = {name: given[source][rows] for name, (source, rows) in blocks.items() if source in given}
    names = {f"d{name}": np.zeros_like(value) for name, value in given.items()}
    found = names | dict(v=np.zeros_like(dv), v_last=np.empty_like(dv_last), s_last=np.empty_like(ds_last))
    groups = [lengths == n for n in np.unique(lengths)] if scan.v_mask is None else np.eye(B, dtype=bool)
    for group in groups:
        (n,) = np.unique(lengths[group])
        masks = {}
        if scan.v_mask is not None:
            mask = scan.v_mask[torch.from_numpy(group)].double().numpy()
            masks = {name: mask for name in params if name.startswith("W_v")}
        seen = {name: value * masks.get(name, 1.0) for name, value in params.items()}
        signals = augmented.forward(
            seen, given["x"][:n, group][in_time], given["s_init"][group], given["v_init"][group]
        )
        _, gradients = augmented.backward(
            seen, signals, dv[:n, group][in_time], dv_last[group], ds_last[group]
        )
        found["v"][:n, group] = signals["v"][in_time]
        found["v_last"][group], found["s_last"][group] = signals["v"][-1], signals["s"][-1]
        found["dx"][:n, group] = gradients["x"][in_time]
        found["dv_init"][group], found["ds_init"][group] = gradients["v_init"], gradients["s_init"]
        for name in params:
            source, rows = blocks[name]
            found[f"d{source}"][rows] += gradients[name] * masks.get(name, 1.0)
    return {name: torch.from_numpy(value) for name, value in found.items()}


def _symbol_rows(cell: LSTMCell, H: int) -> dict[str, tuple[str, slice]]:
    """Where each symbol of the paper is stored."""
    rows = {
        f"{letter}{node}": (source, block)
        for letter, source in (("W_x", "ih"), ("W_v", "hh"), ("b_", "bias"))
        for node, block in row_blocks(cell.nodes, H).items()
    }
    rows |= {f"W_s{node}": ("ch", block) for node, block in row_blocks(cell.peephole_nodes, H).items()}
    return rows | {"W_qdr": ("hr", slice(None))}
