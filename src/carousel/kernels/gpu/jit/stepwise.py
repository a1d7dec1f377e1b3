"""One step in a launch of its own, between products that a library makes: `from_v` and `from_s` hold them whole.

The grid is [tiles of sequences, tiles of units]. `first` is the step's first row, `count` how many it has.
"""

import triton
import triton.language as tl

from carousel.kernels.gpu.jit.step import (
    CR,
    at,
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

ANY_STEP = ["first", "count", "first_before", "count_before"]
"""Numbers that change from launch to launch, for which nothing may be compiled anew."""


@triton.jit
def tile(first, count, H: tl.constexpr, BB: tl.constexpr, BH: tl.constexpr):
    sequences = tl.program_id(0) * BB + tl.arange(0, BB)
    units = tl.program_id(1) * BH + tl.arange(0, BH)
    mask = (sequences < count)[:, None] & (units < H)[None, :]
    return first + sequences, sequences, units, mask


@triton.jit(do_not_specialize=ANY_STEP)
def advance(
    bias, ch, gates, from_v, from_s, state, states, q, first, count,
    H: tl.constexpr, BB: tl.constexpr, BH: tl.constexpr,
    PEEPHOLE: tl.constexpr, INPUT_GATE: tl.constexpr, KEEP_GATES: tl.constexpr, KEEP_STATES: tl.constexpr,
):  # fmt: skip
    """A forward step; with full peepholes as far as s[n], and a_cr without its peephole into `from_v`."""
    rows, sequences, units, mask = tile(first, count, H, BB, BH)
    a_cu, a_cs, a_du, a_cr, a_cx, xi_du, s = known_before(
        gates, bias, ch, from_v, from_s, state, rows, sequences, units, mask, mask, H, PEEPHOLE, INPUT_GATE
    )
    tl.debug_barrier()  # what was read is written over
    s = update_state(
        a_cu, a_cs, a_du, a_cx, xi_du, s, gates, state, states, rows, sequences, units, mask,
        H, INPUT_GATE, KEEP_GATES, KEEP_STATES,
    )  # fmt: skip
    if PEEPHOLE == "full":
        write(from_v, at(sequences, CR, units, 5 if INPUT_GATE else 4, H), a_cr, mask)
    else:
        read_out(a_cr, s, gates, ch, q, rows, units, mask, H, PEEPHOLE, INPUT_GATE, KEEP_GATES)


@triton.jit(do_not_specialize=ANY_STEP)
def finish(
    ch, gates, from_v, from_s, state, q, first, count,
    H: tl.constexpr, BB: tl.constexpr, BH: tl.constexpr, INPUT_GATE: tl.constexpr, KEEP_GATES: tl.constexpr,
):  # fmt: skip
    """The rest of a forward step with full peepholes."""
    rows, sequences, units, mask = tile(first, count, H, BB, BH)
    a_cr = read(from_v, at(sequences, CR, units, 5 if INPUT_GATE else 4, H), mask)
    a_cr += read(from_s, at(sequences, 3 if INPUT_GATE else 2, units, 4 if INPUT_GATE else 3, H), mask)
    s = read(state, at(sequences, 0, units, 1, H), mask)
    read_out(a_cr, s, gates, ch, q, rows, units, mask, H, "full", INPUT_GATE, KEEP_GATES)


@triton.jit(do_not_specialize=ANY_STEP)
def retreat(
    ch, gates, states, s_init, dq, alpha, f_psi, products, first, count, first_before, count_before,
    H: tl.constexpr, BB: tl.constexpr, BH: tl.constexpr, PEEPHOLE: tl.constexpr, INPUT_GATE: tl.constexpr,
):  # fmt: skip
    """A backward step; with full peepholes as far as alpha_cr[n], and psi[n] without its share into `f_psi`.

    `products` [B, (beta, with full peepholes psi) * H] is what the alphas of the step after bring.
    """
    FULL: tl.constexpr = PEEPHOLE == "full"
    WIDTH: tl.constexpr = 2 if FULL else 1
    rows, sequences, units, mask = tile(first, count, H, BB, BH)
    own = at(sequences, 0, units, 1, H)
    beta = read(dq, at(rows, 0, units, 1, H), mask) + read(products, at(sequences, 0, units, WIDTH, H), mask)
    psi = read(f_psi, own, mask)
    if FULL:
        psi += read(products, at(sequences, 1, units, WIDTH, H), mask)
    g_cr, r = of_readout(gates, states, rows, units, mask, H, INPUT_GATE)
    psi += readout_error(beta, g_cr, r, ch, alpha, rows, units, mask, H, PEEPHOLE, INPUT_GATE)
    if not FULL:
        s = previous_state(states, s_init, first_before, count_before, sequences, units, mask, H)
        g_cu, g_cs, u, g_cx, xi_du = of_state(gates, rows, units, mask, H, INPUT_GATE)
        psi = state_error(
            psi, s, g_cu, g_cs, u, g_cx, xi_du, ch, alpha, rows, units, mask, H, PEEPHOLE, INPUT_GATE
        )
    tl.debug_barrier()  # what was read is written over
    write(f_psi, own, psi, mask)


@triton.jit(do_not_specialize=ANY_STEP)
def conclude(
    ch, gates, states, s_init, alpha, f_psi, from_alpha, first, count, first_before, count_before,
    H: tl.constexpr, BB: tl.constexpr, BH: tl.constexpr, INPUT_GATE: tl.constexpr,
):  # fmt: skip
    """The rest of a backward step with full peepholes; `from_alpha` [B, H] is what alpha_cr[n] brings to psi[n]."""
    rows, sequences, units, mask = tile(first, count, H, BB, BH)
    own = at(sequences, 0, units, 1, H)
    psi = read(f_psi, own, mask) + read(from_alpha, own, mask)
    s = previous_state(states, s_init, first_before, count_before, sequences, units, mask, H)
    g_cu, g_cs, u, g_cx, xi_du = of_state(gates, rows, units, mask, H, INPUT_GATE)
    psi = state_error(psi, s, g_cu, g_cs, u, g_cx, xi_du, ch, alpha, rows, units, mask, H, "full", INPUT_GATE)
    tl.debug_barrier()  # what was read is written over
    write(f_psi, own, psi, mask)
