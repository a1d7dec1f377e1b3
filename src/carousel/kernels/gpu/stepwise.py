"""The form in which each step is a product of the library and a launch, twice with full peepholes: for any size."""

from dataclasses import dataclass

import torch

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

        full, H = self.cell.peephole == "full", given.q.shape[1]
        settings = dict(H=H, BB=SEQUENCES, BH=UNITS, INPUT_GATE=self.cell.input_gate, KEEP_GATES=given.keep)
        settings |= dict(num_warps=4, enable_fp_fusion=True)
        for first, count, first_before, count_before, _, _ in _steps(rows, rows.reverse):
            grid = -(-count // SEQUENCES), -(-H // UNITS)
            if both := min(count, count_before):
                product(given.q[first_before : first_before + both], given.W_v.t(), given.from_v[:both])
            stepwise.advance[grid](
                given.bias, given.W_s, given.gates, given.from_v, given.from_s, given.state, given.states,
                given.q, first, count,
                PEEPHOLE=self.cell.peephole, KEEP_STATES=given.keep or full, **settings,
            )  # fmt: skip
            if full:
                product(given.states[first : first + count], given.W_s.t(), given.from_s[:count])
                stepwise.finish[grid](
                    given.W_s, given.gates, given.from_v, given.from_s, given.state, given.q, first, count,
                    **settings,
                )  # fmt: skip

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
            from_alpha = torch.empty_like(given.f_psi)
        products = given.f_psi.new_zeros(B, weights.shape[1])
        settings = dict(H=H, BB=SEQUENCES, BH=UNITS, INPUT_GATE=self.cell.input_gate)
        settings |= dict(num_warps=4, enable_fp_fusion=True)
        for first, count, first_after, count_after, first_before, count_before in _steps(rows, not rows.reverse):
            grid = -(-count // SEQUENCES), -(-H // UNITS)
            if both := min(count, count_after):
                product(given.alpha[first_after : first_after + both], weights, products[:both])
            stepwise.retreat[grid](
                given.W_s, given.gates, given.states, given.s_init, given.dq, given.alpha, given.f_psi,
                products, first, count, first_before, count_before,
                PEEPHOLE=self.cell.peephole, **settings,
            )  # fmt: skip
            if full:
                alpha_cr = given.alpha[first : first + count, blocks["cr"]]
                product(alpha_cr, given.W_s[-H:], from_alpha[:count])
                stepwise.conclude[grid](
                    given.W_s, given.gates, given.states, given.s_init, given.alpha, given.f_psi, from_alpha,
                    first, count, first_before, count_before, **settings,
                )  # fmt: skip


def _steps(rows: Rows, descending: bool) -> list[tuple[int, int, int, int, int, int]]:
    """First row and number of rows of each step, of the one done before it, and of the one done after it."""
    offsets = rows.offsets.tolist() if rows.order is not None else range(0, rows.T * rows.B + 1, rows.B)
    spans = [(first, end - first) for first, end in zip(offsets, offsets[1:], strict=False)]
    if descending:
        spans.reverse()
    nothing = (0, 0)
    return [
        (*span, *before, *after)
        for span, before, after in zip(spans, [nothing, *spans], [*spans[1:], nothing], strict=False)
    ]
