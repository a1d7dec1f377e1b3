"""The whole of time in one launch, for weights that do not stay on the chip: each phase reads them from the L2 anew.

Phases, meetings and arguments are those of `persistent`. A phase is cut into parts, a tile of BB sequences times a
slice of BH units each, which programs deal out like cards, the same way in every phase. So any number of programs will
do for any size, if only all run at once: of the parts that are not through, those of the earliest phase wait for none.

A part goes through its product block by block, BK terms of it, with the loads of STAGES blocks under way.
"""

import triton
import triton.language as tl

from carousel.kernels.gpu.jit.grid import arrive, phases_done, rows_of, step_at, tiles_of, wait
from carousel.kernels.gpu.jit.products import four, side_by_side
from carousel.kernels.gpu.jit.step import (
    CR,
    CX,
    DU,
    at,
    factor_of,
    known_before,
    of_readout,
    of_state,
    previous_state,
    read,
    read_out,
    readout_error,
    state_error,
    update_state,
    write,
)


@triton.jit
def signal(array, rows, inside, block, k, width: tl.constexpr, H: tl.constexpr):
    """Some columns of what other programs wrote, [BB, BK]. Not from the nearest cache."""
    where = rows[:, None].to(tl.int64) * (width * H) + (k + block * H)[None, :]
    return tl.load(array + where, mask=inside[:, None] & (k < H)[None, :], other=0.0, cache_modifier=".cg")


@triton.jit
def to_units(
    array, rows, inside, W_four, W_fifth, slice, four_sums, fifth_sums,
    H: tl.constexpr, BB: tl.constexpr, BH: tl.constexpr, BK: tl.constexpr,
    FIFTH: tl.constexpr, STAGES: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Adds what a signal [rows, H] brings to a slice of units: of four blocks, [BB, BH * 4], and of a fifth, [BB, BH].

    `W_four` [H * 4, H] has the rows of a unit of all four blocks side by side, `W_fifth` is [H, H].
    """
    to_four = (slice * BH * 4 + tl.arange(0, BH * 4))[None, :]
    to_fifth = (slice * BH + tl.arange(0, BH))[None, :]
    for begin in tl.range(0, H, BK, num_stages=STAGES):
        k = begin + tl.arange(0, BK)
        of, inner = k[:, None], (k < H)[:, None]
        seen = signal(array, rows, inside, 0, k, 1, H)
        w = tl.load(W_four + to_four * H + of, mask=inner & (to_four < H * 4), other=0.0)
        four_sums = tl.dot(seen, w, four_sums, input_precision=PRECISION)
        if FIFTH:
            w = tl.load(W_fifth + to_fifth * H + of, mask=inner & (to_fifth < H), other=0.0)
            fifth_sums = tl.dot(seen, w, fifth_sums, input_precision=PRECISION)
    return four_sums, fifth_sums


@triton.jit
def from_units(W, block, k, units, H: tl.constexpr):
    """The weights from these units into some of a block, transposed, [BK, BH]; none from units that do not exist."""
    mask = (k < H)[:, None] & (units < H)[None, :]
    return tl.load(W + (k + block * H)[:, None] * H + units[None, :], mask=mask, other=0.0)


@triton.jit(do_not_specialize=["T", "descending", "begin", "end"])
def forward(
    W_v, W_vcx, W_s, bias, ch, v_mask, gates, from_v, from_s, state, states, q, seen, offsets, lengths, arrivals,
    T, descending, begin, end,
    H: tl.constexpr, BB: tl.constexpr, BH: tl.constexpr, BK: tl.constexpr, STAGES: tl.constexpr,
    PEEPHOLE: tl.constexpr, INPUT_GATE: tl.constexpr, MASKED: tl.constexpr, KEEP_GATES: tl.constexpr,
    KEEP_STATES: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """Takes the weights in another order than `persistent.forward`, those of a unit side by side.

    `W_v` [H * 4, H] has cu, cs, du, cr, and `W_vcx` [H, H] the fifth. `W_s` [H * 4, H]: full peepholes of cu, cs, of cx
    or zeros, and of cr.
    """
    FULL: tl.constexpr = PEEPHOLE == "full"
    PHASES: tl.constexpr = 2 if FULL else 1
    NODES: tl.constexpr = 5 if INPUT_GATE else 4
    PEEPHOLES: tl.constexpr = 4 if INPUT_GATE else 3
    SLICES: tl.constexpr = (H + BH - 1) // BH
    for i in range(begin // PHASES, tl.cdiv(end, PHASES)):
        first, count = rows_of(offsets, step_at(i, T, descending), i < T)
        first_before, count_before = rows_of(offsets, step_at(i - 1, T, descending), i > 0)
        tick = i * PHASES
        parts = tiles_of(count, tick, begin, end, BB) * SLICES
        for part in range(tl.program_id(0), parts, tl.num_programs(0)):
            tile, slice = part // SLICES, part % SLICES
            sequences, units = tile * BB + tl.arange(0, BB), slice * BH + tl.arange(0, BH)
            rows = first + sequences
            mask = (sequences < count)[:, None] & (units < H)[None, :]
            continued = sequences < count_before
            a_cu, a_cs, a_du, a_cr, a_cx, xi_du, s = known_before(
                gates, bias, ch, from_v, from_s, state, rows, sequences, units, mask,
                mask & (continued == 0)[:, None], H, PEEPHOLE, INPUT_GATE,
            )  # fmt: skip
            factor = factor_of(v_mask, at(sequences, 0, units, 1, H), mask, MASKED)
            if not INPUT_GATE:  # less to keep in registers
                a_du += xi_du
                xi_du = 0.0
            sums = side_by_side(a_cu, a_cs, a_du, a_cr, BB, BH)
            wait(arrivals + tile, phases_done(i, tile, lengths, T, descending, BB) * PHASES, SLICES)
            sums, a_cx = to_units(
                seen, first_before + sequences, continued, W_v, W_vcx, slice, sums, a_cx,
                H, BB, BH, BK, INPUT_GATE, STAGES, PRECISION,
            )  # fmt: skip
            a_cu, a_cs, a_du, a_cr = four(sums, BB, BH)
            s = update_state(
                a_cu, a_cs, a_du, a_cx, xi_du, s, gates, state, states, rows, sequences, units, mask,
                H, INPUT_GATE, KEEP_GATES, KEEP_STATES,
            )  # fmt: skip
            if FULL:
                write(from_v, at(sequences, CR, units, NODES, H), a_cr, mask)
            else:
                read_out(
                    a_cr, s, factor, gates, ch, q, seen, rows, units, mask,
                    H, PEEPHOLE, INPUT_GATE, MASKED, KEEP_GATES,
                )  # fmt: skip
            arrive(arrivals + tile)
        if FULL:
            tick += 1
            parts = tiles_of(count, tick, begin, end, BB) * SLICES
            for part in range(tl.program_id(0), parts, tl.num_programs(0)):
                tile, slice = part // SLICES, part % SLICES
                sequences, units = tile * BB + tl.arange(0, BB), slice * BH + tl.arange(0, BH)
                rows = first + sequences
                inside = sequences < count
                mask = inside[:, None] & (units < H)[None, :]
                own = at(sequences, 0, units, 1, H)
                a_cr = read(from_v, at(sequences, CR, units, NODES, H), mask)
                s, factor = read(state, own, mask), factor_of(v_mask, own, mask, MASKED)
                wait(arrivals + tile, phases_done(i, tile, lengths, T, descending, BB) * PHASES + 1, SLICES)
                sums, _ = to_units(
                    states, rows, inside, W_s, W_s, slice, tl.zeros((BB, BH * 4), tl.float32), s,
                    H, BB, BH, BK, False, STAGES, PRECISION,
                )  # fmt: skip
                s_cu, s_cs, s_cx, s_cr = four(sums, BB, BH)
                read_out(
                    a_cr + s_cr, s, factor, gates, ch, q, seen, rows, units, mask,
                    H, PEEPHOLE, INPUT_GATE, MASKED, KEEP_GATES,
                )  # fmt: skip
                arrive(arrivals + tile)
                write(from_s, at(sequences, 0, units, PEEPHOLES, H), s_cu, mask)
                write(from_s, at(sequences, 1, units, PEEPHOLES, H), s_cs, mask)
                if INPUT_GATE:
                    write(from_s, at(sequences, 2, units, PEEPHOLES, H), s_cx, mask)
                tl.debug_barrier()  # other threads of the program may read it


@triton.jit(do_not_specialize=["T", "descending", "begin", "end"])
def backward(
    W_v, W_s, ch, v_mask, gates, states, s_init, dq, alpha, f_psi, f_beta, offsets, lengths, arrivals,
    T, descending, begin, end,
    H: tl.constexpr, BB: tl.constexpr, BH: tl.constexpr, BK: tl.constexpr, STAGES: tl.constexpr,
    PEEPHOLE: tl.constexpr, INPUT_GATE: tl.constexpr, MASKED: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """As `persistent.backward`, with the same weights."""
    FULL: tl.constexpr = PEEPHOLE == "full"
    PHASES: tl.constexpr = 2 if FULL else 1
    NODES: tl.constexpr = 5 if INPUT_GATE else 4
    PEEPHOLES: tl.constexpr = 4 if INPUT_GATE else 3
    SLICES: tl.constexpr = (H + BH - 1) // BH
    BLOCKS: tl.constexpr = (H + BK - 1) // BK
    SEEN: tl.constexpr = (
        NODES - 1 if FULL else NODES
    )  # with full peepholes f_beta has the share of cr already
    for i in range(begin // PHASES, tl.cdiv(end, PHASES)):
        first, count = rows_of(offsets, step_at(i, T, descending), i < T)
        first_after, count_after = rows_of(offsets, step_at(i - 1, T, descending), i > 0)
        first_before, count_before = rows_of(offsets, step_at(i + 1, T, descending), i + 1 < T)
        tick = i * PHASES
        parts = tiles_of(count, tick, begin, end, BB) * SLICES
        for part in range(tl.program_id(0), parts, tl.num_programs(0)):
            tile, slice = part // SLICES, part % SLICES
            sequences, units = tile * BB + tl.arange(0, BB), slice * BH + tl.arange(0, BH)
            rows = first + sequences
            mask = (sequences < count)[:, None] & (units < H)[None, :]
            own = at(sequences, 0, units, 1, H)
            beta = read(dq, at(rows, 0, units, 1, H), mask)
            if FULL:
                beta += read(f_beta, own, mask)
            psi = read(f_psi, own, mask)
            if MASKED:
                factor, explicit = read(v_mask, own, mask), beta
                beta = tl.zeros((BB, BH), tl.float32)
            g_cr, r = of_readout(gates, states, rows, units, mask, H, INPUT_GATE)
            if not FULL:
                s = previous_state(states, s_init, first_before, count_before, sequences, units, mask, H)
                g_cu, g_cs, u, g_cx, xi_du = of_state(gates, rows, units, mask, H, INPUT_GATE)
            wait(arrivals + tile, phases_done(i, tile, lengths, T, descending, BB) * PHASES, SLICES)
            after, continued = first_after + sequences, sequences < count_after
            for block in tl.range(0, SEEN * BLOCKS, num_stages=STAGES):
                node, k = block // BLOCKS, block % BLOCKS * BK + tl.arange(0, BK)
                if FULL:
                    peephole, seen = tl.minimum(node, 2), tl.where(node == DU, H, units)  # du has none
                    node = tl.where(node > DU, CX, node)
                error = signal(alpha, after, continued, node, k, NODES, H)
                beta = tl.dot(error, from_units(W_v, node, k, units, H), beta, input_precision=PRECISION)
                if FULL:
                    psi = tl.dot(error, from_units(W_s, peephole, k, seen, H), psi, input_precision=PRECISION)
            if MASKED:
                beta = explicit + factor * beta
            psi += readout_error(beta, g_cr, r, ch, alpha, rows, units, mask, H, PEEPHOLE, INPUT_GATE)
            if not FULL:
                psi = state_error(
                    psi, s, g_cu, g_cs, u, g_cx, xi_du, ch, alpha, rows, units, mask, H, PEEPHOLE, INPUT_GATE
                )
            write(f_psi, own, psi, mask)
            arrive(arrivals + tile)
        if FULL:
            tick += 1
            parts = tiles_of(count, tick, begin, end, BB) * SLICES
            for part in range(tl.program_id(0), parts, tl.num_programs(0)):
                tile, slice = part // SLICES, part % SLICES
                sequences, units = tile * BB + tl.arange(0, BB), slice * BH + tl.arange(0, BH)
                rows = first + sequences
                inside = sequences < count
                mask = inside[:, None] & (units < H)[None, :]
                own = at(sequences, 0, units, 1, H)
                psi, factor = read(f_psi, own, mask), factor_of(v_mask, own, mask, MASKED)
                beta = tl.zeros((BB, BH), tl.float32)
                s = previous_state(states, s_init, first_before, count_before, sequences, units, mask, H)
                g_cu, g_cs, u, g_cx, xi_du = of_state(gates, rows, units, mask, H, INPUT_GATE)
                wait(arrivals + tile, phases_done(i, tile, lengths, T, descending, BB) * PHASES + 1, SLICES)
                for block in tl.range(0, BLOCKS, num_stages=STAGES):
                    k = block * BK + tl.arange(0, BK)
                    error = signal(alpha, rows, inside, CR, k, NODES, H)
                    late = from_units(W_s, PEEPHOLES - 1, k, units, H)
                    psi = tl.dot(error, late, psi, input_precision=PRECISION)
                    beta = tl.dot(error, from_units(W_v, CR, k, units, H), beta, input_precision=PRECISION)
                psi = state_error(
                    psi, s, g_cu, g_cs, u, g_cx, xi_du, ch, alpha, rows, units, mask, H, PEEPHOLE, INPUT_GATE
                )
                arrive(arrivals + tile)
                write(f_psi, own, psi, mask)
                write(f_beta, own, factor * beta, mask)
                tl.debug_barrier()  # other threads of the program may read it
