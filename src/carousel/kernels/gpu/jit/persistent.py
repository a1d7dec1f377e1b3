"""The whole of time in one launch: a program keeps the weights of its units, and all meet after each step.

The grid is [slices of units, groups]. Programs of a group take the same tiles of BB sequences, one after another, and
wait for nobody but each other: `arrivals` counts, for each tile, how many programs are through with how many phases.
While a tile's other programs are late, its program works on the next tile. All programs must run at once, or those
that wait would keep out those that they wait for.

A step is one phase, or with full peepholes two, because the readout gate needs all of s[n], and psi[n] all of
alpha_cr[n]. A phase multiplies each signal that it reads, which others have written, with all the weights that see it.

`begin` and `end` count phases. A launch of a single phase waits for nobody.
"""

import triton
import triton.language as tl

from carousel.kernels.gpu.jit.grid import arrive, phases_done, rows_of, step_at, tiles_of, wait
from carousel.kernels.gpu.jit.products import (
    columns_of_weights,
    four,
    interleaved_rows,
    multiplied,
    over_blocks,
    product,
    rows_of_weights,
    two,
    whole_signal,
)
from carousel.kernels.gpu.jit.step import (
    CR,
    CU,
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


@triton.jit(do_not_specialize=["T", "descending", "begin", "end"])
def forward(
    W_v, W_s, bias, ch, v_mask, gates, from_v, from_s, state, states, q, seen, offsets, lengths, arrivals,
    T, descending, begin, end,
    H: tl.constexpr, K: tl.constexpr, S: tl.constexpr, BB: tl.constexpr, BH: tl.constexpr,
    PEEPHOLE: tl.constexpr, INPUT_GATE: tl.constexpr, MASKED: tl.constexpr, KEEP_GATES: tl.constexpr,
    KEEP_STATES: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """`W_v` [nodes * H, H]: value to nodes, the projection in it; `W_s`: full peepholes. The rest as in `step`."""
    FULL: tl.constexpr = PEEPHOLE == "full"
    PHASES: tl.constexpr = 2 if FULL else 1
    NODES: tl.constexpr = 5 if INPUT_GATE else 4
    PEEPHOLES: tl.constexpr = 4 if INPUT_GATE else 3
    slices, units = tl.num_programs(0), tl.program_id(0) * BH + tl.arange(0, BH)
    W_four = interleaved_rows(W_v, H, S, K, BH, 4)  # of cu, cs, du, cr
    if INPUT_GATE:
        W_vcx = rows_of_weights(W_v, CX, units, H, S, K)
    if FULL:
        W_early = interleaved_rows(W_s, H, S, K, BH, 2)  # of cu, cs
        W_scr = rows_of_weights(W_s, PEEPHOLES - 1, units, H, S, K)
        if INPUT_GATE:
            W_scx = rows_of_weights(W_s, 2, units, H, S, K)

    for i in range(begin // PHASES, tl.cdiv(end, PHASES)):
        first, count = rows_of(offsets, step_at(i, T, descending), i < T)
        first_before, count_before = rows_of(offsets, step_at(i - 1, T, descending), i > 0)
        tick = i * PHASES
        for tile in range(tl.program_id(1), tiles_of(count, tick, begin, end, BB), tl.num_programs(1)):
            sequences = tile * BB + tl.arange(0, BB)
            rows = first + sequences
            mask = (sequences < count)[:, None] & (units < H)[None, :]
            continued = sequences < count_before
            a_cu, a_cs, a_du, a_cr, a_cx, xi_du, s = known_before(
                gates, bias, ch, from_v, from_s, state, rows, sequences, units, mask,
                mask & (continued == 0)[:, None], H, PEEPHOLE, INPUT_GATE,
            )  # fmt: skip
            factor = factor_of(v_mask, at(sequences, 0, units, 1, H), mask, MASKED)
            wait(arrivals + tile, phases_done(i, tile, lengths, T, descending, BB) * PHASES, slices)
            v = whole_signal(seen, 0, first_before + sequences, continued, 1, H, S, K)
            v_cu, v_cs, v_du, v_cr = four(product(v, W_four, PRECISION), BB, BH)
            a_cu += v_cu
            a_cs += v_cs
            a_du += v_du
            a_cr += v_cr
            if INPUT_GATE:
                a_cx += product(v, W_vcx, PRECISION)
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
            for tile in range(tl.program_id(1), tiles_of(count, tick, begin, end, BB), tl.num_programs(1)):
                sequences = tile * BB + tl.arange(0, BB)
                rows = first + sequences
                mask = (sequences < count)[:, None] & (units < H)[None, :]
                own = at(sequences, 0, units, 1, H)
                a_cr = read(from_v, at(sequences, CR, units, NODES, H), mask)
                s, factor = read(state, own, mask), factor_of(v_mask, own, mask, MASKED)
                wait(arrivals + tile, phases_done(i, tile, lengths, T, descending, BB) * PHASES + 1, slices)
                all_s = whole_signal(states, 0, rows, sequences < count, 1, H, S, K)
                a_cr += product(all_s, W_scr, PRECISION)
                read_out(
                    a_cr, s, factor, gates, ch, q, seen, rows, units, mask,
                    H, PEEPHOLE, INPUT_GATE, MASKED, KEEP_GATES,
                )  # fmt: skip
                arrive(arrivals + tile)
                s_cu, s_cs = two(product(all_s, W_early, PRECISION), BB, BH)
                write(from_s, at(sequences, 0, units, PEEPHOLES, H), s_cu, mask)
                write(from_s, at(sequences, 1, units, PEEPHOLES, H), s_cs, mask)
                if INPUT_GATE:
                    s_cx = product(all_s, W_scx, PRECISION)
                    write(from_s, at(sequences, 2, units, PEEPHOLES, H), s_cx, mask)
                tl.debug_barrier()  # other threads of the program may read it


@triton.jit(do_not_specialize=["T", "descending", "begin", "end"])
def backward(
    W_v, W_s, ch, v_mask, gates, states, s_init, dq, alpha, f_psi, f_beta, offsets, lengths, arrivals,
    T, descending, begin, end,
    H: tl.constexpr, K: tl.constexpr, S: tl.constexpr, BB: tl.constexpr, BH: tl.constexpr,
    PEEPHOLE: tl.constexpr, INPUT_GATE: tl.constexpr, MASKED: tl.constexpr, PRECISION: tl.constexpr,
):  # fmt: skip
    """alpha, from `dq`, the explicit dE/dq; `f_psi` [B, H] is what a step hands on to the one before it."""
    FULL: tl.constexpr = PEEPHOLE == "full"
    PHASES: tl.constexpr = 2 if FULL else 1
    NODES: tl.constexpr = 5 if INPUT_GATE else 4
    PEEPHOLES: tl.constexpr = 4 if INPUT_GATE else 3
    slices, units = tl.num_programs(0), tl.program_id(0) * BH + tl.arange(0, BH)
    W_vpair = columns_of_weights(W_v, CU, units, H, S, K, 2)  # of cu, cs
    if FULL:
        W_vdu = columns_of_weights(W_v, DU, units, H, S, K)
        W_vcr = columns_of_weights(W_v, CR, units, H, S, K)
        W_spair = columns_of_weights(W_s, 0, units, H, S, K, 2)  # of cu, cs
        W_scr = columns_of_weights(W_s, PEEPHOLES - 1, units, H, S, K)
        if INPUT_GATE:
            W_scx = columns_of_weights(W_s, 2, units, H, S, K)
    else:
        W_vother = columns_of_weights(W_v, DU, units, H, S, K, 2)  # of du, cr
    if INPUT_GATE:
        W_vcx = columns_of_weights(W_v, CX, units, H, S, K)

    for i in range(begin // PHASES, tl.cdiv(end, PHASES)):
        first, count = rows_of(offsets, step_at(i, T, descending), i < T)
        first_after, count_after = rows_of(offsets, step_at(i - 1, T, descending), i > 0)
        first_before, count_before = rows_of(offsets, step_at(i + 1, T, descending), i + 1 < T)
        tick = i * PHASES
        for tile in range(tl.program_id(1), tiles_of(count, tick, begin, end, BB), tl.num_programs(1)):
            sequences = tile * BB + tl.arange(0, BB)
            rows = first + sequences
            mask = (sequences < count)[:, None] & (units < H)[None, :]
            own = at(sequences, 0, units, 1, H)
            beta = read(dq, at(rows, 0, units, 1, H), mask)
            if FULL:
                beta += read(f_beta, own, mask)
            psi, factor = read(f_psi, own, mask), factor_of(v_mask, own, mask, MASKED)
            g_cr, r = of_readout(gates, states, rows, units, mask, H, INPUT_GATE)
            if not FULL:
                s = previous_state(states, s_init, first_before, count_before, sequences, units, mask, H)
                g_cu, g_cs, u, g_cx, xi_du = of_state(gates, rows, units, mask, H, INPUT_GATE)
            wait(arrivals + tile, phases_done(i, tile, lengths, T, descending, BB) * PHASES, slices)
            after, continued = first_after + sequences, sequences < count_after
            pair = whole_signal(alpha, CU, after, continued, NODES, H, S, K, 2)  # of cu, cs
            to_beta = over_blocks(multiplied(pair, W_vpair, PRECISION), S, BB, BH)
            if FULL:
                to_psi = over_blocks(multiplied(pair, W_spair, PRECISION), S, BB, BH)
                alpha_du = whole_signal(alpha, DU, after, continued, NODES, H, S, K)
                to_beta += multiplied(alpha_du, W_vdu, PRECISION)
            else:
                other = whole_signal(alpha, DU, after, continued, NODES, H, S, K, 2)  # of du, cr
                to_beta += over_blocks(multiplied(other, W_vother, PRECISION), S, BB, BH)
            if INPUT_GATE:
                alpha_cx = whole_signal(alpha, CX, after, continued, NODES, H, S, K)
                to_beta += multiplied(alpha_cx, W_vcx, PRECISION)
                if FULL:
                    to_psi += multiplied(alpha_cx, W_scx, PRECISION)
            if FULL:
                psi += tl.sum(to_psi, axis=0)
            beta += factor * tl.sum(to_beta, axis=0)
            psi += readout_error(beta, g_cr, r, ch, alpha, rows, units, mask, H, PEEPHOLE, INPUT_GATE)
            if not FULL:
                psi = state_error(
                    psi, s, g_cu, g_cs, u, g_cx, xi_du, ch, alpha, rows, units, mask, H, PEEPHOLE, INPUT_GATE
                )
            write(f_psi, own, psi, mask)
            arrive(arrivals + tile)
        if FULL:
            tick += 1
            for tile in range(tl.program_id(1), tiles_of(count, tick, begin, end, BB), tl.num_programs(1)):
                sequences = tile * BB + tl.arange(0, BB)
                rows = first + sequences
                mask = (sequences < count)[:, None] & (units < H)[None, :]
                own = at(sequences, 0, units, 1, H)
                psi, factor = read(f_psi, own, mask), factor_of(v_mask, own, mask, MASKED)
                s = previous_state(states, s_init, first_before, count_before, sequences, units, mask, H)
                g_cu, g_cs, u, g_cx, xi_du = of_state(gates, rows, units, mask, H, INPUT_GATE)
                wait(arrivals + tile, phases_done(i, tile, lengths, T, descending, BB) * PHASES + 1, slices)
                alpha_cr = whole_signal(alpha, CR, rows, sequences < count, NODES, H, S, K)
                psi += product(alpha_cr, W_scr, PRECISION)
                psi = state_error(
                    psi, s, g_cu, g_cs, u, g_cx, xi_du, ch, alpha, rows, units, mask, H, PEEPHOLE, INPUT_GATE
                )
                arrive(arrivals + tile)
                write(f_psi, own, psi, mask)
                write(f_beta, own, factor * product(alpha_cr, W_vcr, PRECISION), mask)
                tl.debug_barrier()  # other threads of the program may read it
