"""One step of `carousel.equations.augmented`, forward and backward, on a tile: some sequences times some units.

Signals lie packed: the rows of a step follow one another, longest sequence first, and a step has rows only for the
sequences that are that long. `rows` are rows of such an array, `sequences` rows of an array [B, ...]. All arithmetic is
float32. Columns of `gates` and `alpha` come in blocks of H: cu, cs, du, cr, cx, as weights are stored; with an input
gate `gates` has a sixth, for u, because the third then keeps xi_du. Blocks of peepholes: cu, cs, (cx), cr.
"""

import triton
import triton.language as tl

CU, CS, DU, CR, CX, U = (tl.constexpr(block) for block in range(6))


@triton.jit
def at(rows, block, units, width: tl.constexpr, H: tl.constexpr):
    """Where the elements of a tile lie in an array of so many blocks."""
    return rows[:, None].to(tl.int64) * (width * H) + (units + block * H)[None, :]


@triton.jit
def read(array, where, mask):
    return tl.load(array + where, mask=mask, other=0.0).to(tl.float32)


@triton.jit
def write(array, where, value, mask):
    tl.store(array + where, value.to(array.dtype.element_ty), mask=mask)


@triton.jit
def factor_of(v_mask, where, mask, MASKED: tl.constexpr):
    """What v is multiplied with on its way to the nodes."""
    factor = 1.0
    if MASKED:
        factor = read(v_mask, where, mask)
    return factor


@triton.jit
def of_units(array, block, units, H: tl.constexpr):
    """A weight for each unit, as a row."""
    return tl.load(array + (units + block * H), mask=units < H, other=0.0).to(tl.float32)[None, :]


@triton.jit
def tanh(x):
    """Near zero the series, where a quotient would leave few digits."""
    small = x * x
    series = x + x * small * (-1 / 3 + small * (2 / 15 + small * (-17 / 315 + small * 62 / 2835)))
    decay = tl.exp(-2.0 * tl.abs(x))
    quotient = (1.0 - decay) / (1.0 + decay)
    return tl.where(small < 0.04, series, tl.where(x < 0, -quotient, quotient))


@triton.jit
def slope(gate):
    return gate * (1.0 - gate)


@triton.jit
def bias_and_value(
    node, bias, from_v, sequences, units, from_v_mask, H: tl.constexpr, NODES: tl.constexpr
):  # fmt: skip
    """b and the share of v[n-1], where `from_v` holds it."""
    share = read(from_v, at(sequences, node, units, NODES, H), from_v_mask)
    return share + of_units(bias, node, units, H)


@triton.jit
def early_peephole(
    peephole, s, ch, from_s, sequences, units, mask,
    H: tl.constexpr, PEEPHOLE: tl.constexpr, PEEPHOLES: tl.constexpr,
):  # fmt: skip
    """The share of s[n-1] in a node."""
    share = 0.0
    if PEEPHOLE == "full":
        share = read(from_s, at(sequences, peephole, units, PEEPHOLES, H), mask)
    if PEEPHOLE == "diagonal":
        share = of_units(ch, peephole, units, H) * s
    return share


@triton.jit
def known_before(
    gates, bias, ch, from_v, from_s, state, rows, sequences, units, mask, from_v_mask,
    H: tl.constexpr, PEEPHOLE: tl.constexpr, INPUT_GATE: tl.constexpr,
):  # fmt: skip
    """What a step does not wait for: accumulations, as far as `from_v` goes, without xi_du in a_du; xi_du; s[n-1].

    Where there is no input gate, a_cx is of no use.
    """
    NODES: tl.constexpr = 5 if INPUT_GATE else 4
    SLOTS: tl.constexpr = 6 if INPUT_GATE else 4
    PEEPHOLES: tl.constexpr = 4 if INPUT_GATE else 3
    s = read(state, at(sequences, 0, units, 1, H), mask)
    a_cu = bias_and_value(CU, bias, from_v, sequences, units, from_v_mask, H, NODES)
    a_cs = bias_and_value(CS, bias, from_v, sequences, units, from_v_mask, H, NODES)
    a_du = bias_and_value(DU, bias, from_v, sequences, units, from_v_mask, H, NODES)
    a_cr = bias_and_value(CR, bias, from_v, sequences, units, from_v_mask, H, NODES)
    a_cu += read(gates, at(rows, CU, units, SLOTS, H), mask)
    a_cs += read(gates, at(rows, CS, units, SLOTS, H), mask)
    xi_du = read(gates, at(rows, DU, units, SLOTS, H), mask)
    a_cr += read(gates, at(rows, CR, units, SLOTS, H), mask)
    a_cu += early_peephole(0, s, ch, from_s, sequences, units, mask, H, PEEPHOLE, PEEPHOLES)
    a_cs += early_peephole(1, s, ch, from_s, sequences, units, mask, H, PEEPHOLE, PEEPHOLES)
    a_cx = a_du
    if INPUT_GATE:
        a_cx = bias_and_value(CX, bias, from_v, sequences, units, from_v_mask, H, NODES)
        a_cx += read(gates, at(rows, CX, units, SLOTS, H), mask)
        a_cx += early_peephole(2, s, ch, from_s, sequences, units, mask, H, PEEPHOLE, PEEPHOLES)
    return a_cu, a_cs, a_du, a_cr, a_cx, xi_du, s


@triton.jit
def update_state(
    a_cu, a_cs, a_du, a_cx, xi_du, s, gates, state, states, rows, sequences, units, mask,
    H: tl.constexpr, INPUT_GATE: tl.constexpr, KEEP_GATES: tl.constexpr, KEEP_STATES: tl.constexpr,
):  # fmt: skip
    """s[n], which takes the place of s[n-1] in `state`."""
    SLOTS: tl.constexpr = 6 if INPUT_GATE else 4
    if INPUT_GATE:
        g_cx = tl.sigmoid(a_cx)
        xi_du = g_cx * xi_du
        if KEEP_GATES:
            write(gates, at(rows, CX, units, SLOTS, H), g_cx, mask)
    g_cu, g_cs, u = tl.sigmoid(a_cu), tl.sigmoid(a_cs), tanh(a_du + xi_du)
    s = g_cs * s + g_cu * u
    write(state, at(sequences, 0, units, 1, H), s, mask)
    if KEEP_STATES:
        write(states, at(rows, 0, units, 1, H), s, mask)
    if KEEP_GATES:
        write(gates, at(rows, CU, units, SLOTS, H), g_cu, mask)
        write(gates, at(rows, CS, units, SLOTS, H), g_cs, mask)
        write(gates, at(rows, U if INPUT_GATE else DU, units, SLOTS, H), u, mask)
    return s


@triton.jit
def read_out(
    a_cr, s, factor, gates, ch, q, seen, rows, units, mask,
    H: tl.constexpr, PEEPHOLE: tl.constexpr, INPUT_GATE: tl.constexpr, MASKED: tl.constexpr,
    KEEP_GATES: tl.constexpr,
):  # fmt: skip
    """q[n]; and, with a mask, q[n] as the nodes see it."""
    SLOTS: tl.constexpr = 6 if INPUT_GATE else 4
    if PEEPHOLE == "diagonal":
        a_cr += of_units(ch, 3 if INPUT_GATE else 2, units, H) * s
    g_cr = tl.sigmoid(a_cr)
    value = g_cr * tanh(s)
    write(q, at(rows, 0, units, 1, H), value, mask)
    if MASKED:
        write(seen, at(rows, 0, units, 1, H), value * factor, mask)
    if KEEP_GATES:
        write(gates, at(rows, CR, units, SLOTS, H), g_cr, mask)


@triton.jit
def previous_state(states, s_init, first_before, count_before, sequences, units, mask, H: tl.constexpr):
    """s[n-1], which for the first step of a sequence is its s_init."""
    continued = (sequences < count_before)[:, None]
    s = read(states, at(first_before + sequences, 0, units, 1, H), mask & continued)
    return s + read(s_init, at(sequences, 0, units, 1, H), mask & (continued == 0))


@triton.jit
def of_readout(gates, states, rows, units, mask, H: tl.constexpr, INPUT_GATE: tl.constexpr):
    """What `readout_error` needs of the step: g_cr and r."""
    SLOTS: tl.constexpr = 6 if INPUT_GATE else 4
    g_cr = read(gates, at(rows, CR, units, SLOTS, H), mask)
    return g_cr, tanh(read(states, at(rows, 0, units, 1, H), mask))


@triton.jit
def readout_error(
    beta, g_cr, r, ch, alpha, rows, units, mask, H: tl.constexpr, PEEPHOLE: tl.constexpr, INPUT_GATE: tl.constexpr
):  # fmt: skip
    """alpha_cr[n] into `alpha`; returns what reaches psi[n] from here, but for a full peephole."""
    NODES: tl.constexpr = 5 if INPUT_GATE else 4
    alpha_cr = beta * r * slope(g_cr)
    write(alpha, at(rows, CR, units, NODES, H), alpha_cr, mask)
    part = beta * g_cr * (1.0 - r * r)
    if PEEPHOLE == "diagonal":
        part += of_units(ch, 3 if INPUT_GATE else 2, units, H) * alpha_cr
    return part


@triton.jit
def of_state(gates, rows, units, mask, H: tl.constexpr, INPUT_GATE: tl.constexpr):
    """What `state_error` needs of the step: g_cu, g_cs, u; g_cx and xi_du, of no use where there is no input gate."""
    SLOTS: tl.constexpr = 6 if INPUT_GATE else 4
    g_cu = read(gates, at(rows, CU, units, SLOTS, H), mask)
    g_cs = read(gates, at(rows, CS, units, SLOTS, H), mask)
    u = read(gates, at(rows, U if INPUT_GATE else DU, units, SLOTS, H), mask)
    g_cx = u
    xi_du = u
    if INPUT_GATE:
        g_cx = read(gates, at(rows, CX, units, SLOTS, H), mask)
        xi_du = read(gates, at(rows, DU, units, SLOTS, H), mask)
    return g_cu, g_cs, u, g_cx, xi_du


@triton.jit
def state_error(
    psi, s, g_cu, g_cs, u, g_cx, xi_du, ch, alpha, rows, units, mask,
    H: tl.constexpr, PEEPHOLE: tl.constexpr, INPUT_GATE: tl.constexpr,
):  # fmt: skip
    """The other alphas of step n from psi[n] and s[n-1]; returns f_psi[n], but for full peepholes."""
    NODES: tl.constexpr = 5 if INPUT_GATE else 4
    alpha_cs = psi * s * slope(g_cs)
    alpha_cu = psi * u * slope(g_cu)
    alpha_du = psi * g_cu * (1.0 - u * u)
    write(alpha, at(rows, CU, units, NODES, H), alpha_cu, mask)
    write(alpha, at(rows, CS, units, NODES, H), alpha_cs, mask)
    write(alpha, at(rows, DU, units, NODES, H), alpha_du, mask)
    f_psi = g_cs * psi
    if PEEPHOLE == "diagonal":
        f_psi += of_units(ch, 0, units, H) * alpha_cu + of_units(ch, 1, units, H) * alpha_cs
    if INPUT_GATE:
        alpha_cx = alpha_du * xi_du * slope(g_cx)
        write(alpha, at(rows, CX, units, NODES, H), alpha_cx, mask)
        if PEEPHOLE == "diagonal":
            f_psi += of_units(ch, 2, units, H) * alpha_cx
    return f_psi
