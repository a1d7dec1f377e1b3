"""The form in which each step is a product of the library and a launch, twice with full peepholes: for any size."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import torch
from torch import Tensor

from carousel.kernels.cells import LSTMCell, row_blocks
from carousel.kernels.gpu.buffers import Backward, Forward, product
from carousel.kernels.gpu.rows import Rows

SEQUENCES, UNITS = 8, 128
"""A tile."""


@dataclass(frozen=True)
class Stepwise:
    cell: LSTMCell

    def forward(self, given: Forward, rows: Rows) -> None:
        from carousel.kernels.gpu.jit import stepwise

        full, keep, H = self.cell.peephole == "full", given.keep, given.q.shape[1]
        for step in _steps(rows, rows.reverse):
            if both := min(step.size, step.done_size):
                seen = given.q[step.done_first : step.done_first + both]
                product(seen, given.W_v.t(), given.from_v[:both])
            tensors = (
                given.bias, given.W_s, given.gates, given.from_v, given.from_s, given.state, given.states,
                given.q,
            )  # fmt: skip
            self._launch(
                stepwise.advance, tensors, step[:2], H,
                PEEPHOLE=self.cell.peephole, KEEP_GATES=keep, KEEP_STATES=keep or full,
            )  # fmt: skip
            if full:
                own = given.states[step.first : step.first + step.size]
                product(own, given.W_s.t(), given.from_s[: step.size])
                late = given.W_s, given.gates, given.from_v, given.from_s, given.state, given.q
                self._launch(stepwise.finish, late, step[:2], H, KEEP_GATES=keep)

    def backward(self, given: Backward, rows: Rows) -> None:
        from carousel.kernels.gpu.jit import stepwise

        full, (B, H) = self.cell.peephole == "full", given.f_psi.shape
        blocks = row_blocks(self.cell.nodes, H)
        weights = given.W_v
        if full:  # one product for f_chi and f_psi: nodes without an early peephole have zeros
            early = torch.zeros_like(weights)
            for node, block in row_blocks(self.cell.peephole_nodes[:-1], H).items():
                early[blocks[node]] = given.W_s[block]
            weights = torch.cat([weights, early], dim=1)
        products = given.f_psi.new_zeros(B, weights.shape[1])
        from_alpha = torch.empty_like(given.f_psi)
        for step in _steps(rows, not rows.reverse):
            if both := min(step.size, step.done_size):
                after = given.alpha[step.done_first : step.done_first + both]
                product(after, weights, products[:both])
            tensors = (
                given.W_s, given.gates, given.states, given.s_init, given.dq, given.alpha, given.f_psi,
                products,
            )  # fmt: skip
            numbers = step.first, step.size, step.next_first, step.next_size
            self._launch(stepwise.retreat, tensors, numbers, H, PEEPHOLE=self.cell.peephole)
            if full:
                alpha_cr = given.alpha[step.first : step.first + step.size, blocks["cr"]]
                product(alpha_cr, given.W_s[-H:], from_alpha[: step.size])
                late = (
                    given.W_s, given.gates, given.states, given.s_init, given.alpha, given.f_psi, from_alpha,
                )  # fmt: skip
                self._launch(stepwise.conclude, late, numbers, H)

    def _launch(
        self, kernel: Any, tensors: tuple[Tensor, ...], numbers: tuple[int, ...], H: int, **settings: Any
    ) -> None:
        _, count, *_ = numbers
        kernel[-(-count // SEQUENCES), -(-H // UNITS)](
            *tensors, *numbers,
            H=H, BB=SEQUENCES, BH=UNITS, INPUT_GATE=self.cell.input_gate, **settings,
            num_warps=4, enable_fp_fusion=True,
        )  # fmt: skip


class Step(NamedTuple):
    """Where the rows of a step lie, and those of the one done before it and of the one to be done next."""

    first: int
    size: int
    done_first: int
    done_size: int
    next_first: int
    next_size: int


def _steps(rows: Rows, descending: bool) -> list[Step]:
    offsets = rows.offsets.tolist() if rows.order is not None else range(0, rows.T * rows.B + 1, rows.B)
    spans = [(first, end - first) for first, end in zip(offsets, offsets[1:], strict=False)]
    if descending:
        spans.reverse()
    nothing = (0, 0)
    return [
        Step(*span, *done, *following)
        for span, done, following in zip(spans, [nothing, *spans], [*spans[1:], nothing], strict=False)
    ]
