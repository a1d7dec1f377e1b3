"""A layer of the stack as a Scan for each direction: what ONNX has no operator for.

The input's share of every step is computed outside, for all steps at once; the body holds what needs the state.
"""

from collections.abc import Sequence

import numpy as np

from carousel.kernels import Cell, LSTMCell, RNNCell, Weights, row_blocks
from carousel.onnx._graph import Graph


def run(
    graph: Graph,
    cell: Cell,
    zoneout: Sequence[float],
    x: str,
    state: Sequence[str] | None,
    weights: Sequence[Weights],
    inside: str | None,
    suffix: str,
) -> tuple[str, list[str]]:
    """Add the Scans.

    Args:
        graph: where to.
        cell: what to compute.
        zoneout: of each carried signal, the share that the step before has in it.
        x: [T, B, I].
        state: the carried signals before the first step, [D, B, d] each; None for zeros.
        weights: of each of D directions.
        inside: whether a step belongs to a sequence, [T, B, 1], or None if all do.
        suffix: ends the names of the weights.

    Returns:
        The output [T, B, D * V], zero after a sequence's end, and the carried signals after its last step,
        [D, B, d] each.
    """
    if state is None:
        state = [_zeros(graph, x, len(weights), size) for size in _sizes(cell, weights[0])]
    outputs, ends = [], []
    for direction, part in enumerate(weights):
        before = [graph.add("Gather", signal, graph.index(direction), axis=0) for signal in state]
        names = f"{suffix}_reverse" if direction else suffix
        output, after = _direction(graph, cell, zoneout, x, before, part, inside, direction == 1, names)
        outputs.append(output)
        ends.append([graph.add("Unsqueeze", signal, graph.indices(0)) for signal in after])
    output = graph.add("Concat", *outputs, axis=2)
    if inside:
        output = graph.add("Where", inside, output, graph.number(0))
    return output, [graph.add("Concat", *signals, axis=0) for signals in zip(*ends, strict=True)]


def _sizes(cell: Cell, weights: Weights) -> list[int]:
    """Features of each carried signal."""
    H, V = len(weights.hh) // len(cell.nodes), weights.hh.shape[1]
    return [V, H] if isinstance(cell, LSTMCell) else [H]


def _zeros(graph: Graph, x: str, directions: int, size: int) -> str:
    """[D, B, size], where B is that of x."""
    batch = graph.add("Gather", graph.add("Shape", x), graph.indices(1))
    shape = graph.add("Concat", graph.indices(directions), batch, graph.indices(size), axis=0)
    return graph.add("Expand", graph.number(0), shape)


def _direction(
    graph: Graph,
    cell: Cell,
    zoneout: Sequence[float],
    x: str,
    state: Sequence[str],
    weights: Weights,
    inside: str | None,
    reverse: bool,
    suffix: str,
) -> tuple[str, list[str]]:
    """One Scan: the output [T, B, V], of no meaning after a sequence's end, and the last states, [B, d] each."""
    shares = _input_shares(graph, cell, x, weights, suffix)
    body = Graph(graph.dtype, f"{suffix}/")
    before = [f"{suffix}/{signal}_before" for signal in cell.carried]
    seen = [f"{suffix}/share_{i}" for i in range(len(shares))]
    if isinstance(cell, LSTMCell):
        signals = _lstm(body, cell, seen, before, weights)
    else:
        signals = _rnn(body, cell, seen, before, weights)
    for signal, old, share in zip(cell.carried, before, zoneout, strict=False):
        if share:
            kept = body.add("Mul", body.add("Sub", old, signals[signal]), body.number(share))
            signals[signal] = body.add("Add", signals[signal], kept)
    output = body.add("Identity", signals[cell.output])  # one name may not be state and output at once
    after = [signals[signal] for signal in cell.carried]
    inputs = [body.declare(name, body.dtype, None) for name in [*before, *seen]]
    if inside:
        shares = [*shares, inside]
        inputs.append(body.declare(f"{suffix}/inside", np.dtype(bool), None))
        moved = zip(after, before, strict=True)
        after = [body.add("Where", f"{suffix}/inside", new, old) for new, old in moved]
    outputs = [body.declare(name, body.dtype, None) for name in [*after, output]]
    *last, output = graph.add_many(
        "Scan",
        len(outputs),
        *state,
        *shares,
        body=body.finish(f"step_{suffix}", inputs, outputs),
        num_scan_inputs=len(shares),
        scan_input_directions=[int(reverse)] * len(shares),
        scan_output_directions=[int(reverse)],
    )
    return output, last


def _input_shares(graph: Graph, cell: Cell, x: str, weights: Weights, suffix: str) -> list[str]:
    """What input and bias add to the nodes, [T, B, nodes * H].

    Where a gate multiplies the input's share of the data update, that share comes apart, [T, B, H].
    """
    ih, gated = weights.ih, []
    if isinstance(cell, LSTMCell) and cell.input_gate:
        du = row_blocks(cell.nodes, len(ih) // len(cell.nodes))["du"]
        gated = [graph.add("MatMul", x, graph.weight(f"weight_ih_du_{suffix}", ih[du].t()))]
        ih = ih.clone()
        ih[du] = 0
    share = graph.add("MatMul", x, graph.weight(f"weight_ih_{suffix}", ih.t()))
    if weights.bias is not None:
        share = graph.add("Add", share, graph.weight(f"bias_{suffix}", weights.bias))
    return [share, *gated]


def _lstm(
    body: Graph, cell: LSTMCell, shares: Sequence[str], before: Sequence[str], weights: Weights
) -> dict[str, str]:
    """One step of `carousel.equations.augmented`: from v[n-1], s[n-1] to v[n], s[n]."""
    v, s = before
    sums = body.add("Gemm", v, body.weight("weight_hh", weights.hh), shares[0], transB=1)
    a = dict(zip(cell.nodes, body.add_many("Split", len(cell.nodes), sums, axis=1), strict=True))
    rows = row_blocks(cell.peephole_nodes, len(weights.hh) // len(cell.nodes))

    def see(node: str, s: str) -> None:
        if weights.ch is None:
            return
        W = body.weight(f"weight_ch_{node}", weights.ch[rows[node]])
        if cell.peephole == "full":
            a[node] = body.add("Gemm", s, W, a[node], transB=1)
        else:
            a[node] = body.add("Add", a[node], body.add("Mul", s, W))

    for node in cell.peephole_nodes[:-1]:
        see(node, s)
    if cell.input_gate:
        a["du"] = body.add("Add", a["du"], body.add("Mul", body.add("Sigmoid", a["cx"]), shares[1]))
    update = body.add("Mul", body.add("Sigmoid", a["cu"]), body.add("Tanh", a["du"]))
    s = body.add("Add", body.add("Mul", body.add("Sigmoid", a["cs"]), s), update)
    see("cr", s)
    v = body.add("Mul", body.add("Sigmoid", a["cr"]), body.add("Tanh", s))
    if weights.hr is not None:
        v = body.add("Gemm", v, body.weight("weight_hr", weights.hr), transB=1)
    return {"v": v, "s": s}


def _rnn(
    body: Graph, cell: RNNCell, shares: Sequence[str], before: Sequence[str], weights: Weights
) -> dict[str, str]:
    """One step of `carousel.equations.rnn`: from s[n-1] (canonical) or r[n-1] to s[n] and r[n]."""
    warp = cell.nonlinearity.capitalize()
    readout = body.add(warp, before[0]) if cell.canonical else before[0]
    s = body.add("Gemm", readout, body.weight("weight_hh", weights.hh), shares[0], transB=1)
    if weights.ch is not None:
        s = body.add("Gemm", before[0], body.weight("weight_ch", weights.ch), s, transB=1)
    return {"s": s, "r": body.add(warp, s)}
