"""What may be handed to `carousel.equations.augmented`, and what it refuses."""

from collections.abc import Mapping
from numbers import Integral

import numpy as np
import numpy.typing as npt

from carousel.equations.arrays import Symbols, check_shape, checked_params

NODES = ("cu", "cs", "cr", "du", "cx")
LookAhead = int | Mapping[str, int]
"""La of all nodes, or of each."""


def nodes_of(p: Symbols) -> tuple[str, ...]:
    """The nodes that `p` has weights for: all five with an input gate, else four."""
    return tuple(node for node in NODES if f"W_x{node}" in p)


def checked_look_ahead(p: Symbols, look_ahead: LookAhead) -> dict[str, int]:
    """La of each node. Raises ValueError for other nodes, or one that does not lie within the node's taps."""
    nodes = nodes_of(p)
    if not isinstance(look_ahead, Mapping):
        look_ahead = dict.fromkeys(nodes, look_ahead)
    elif look_ahead.keys() != set(nodes):
        raise ValueError(f"look_ahead must name the nodes {', '.join(nodes)}, got {', '.join(look_ahead)}")
    for node, La in look_ahead.items():
        taps = len(p[f"W_x{node}"])
        if not isinstance(La, Integral) or not 0 <= La < taps:
            raise ValueError(
                f"look_ahead of {node} must lie in 0..{taps - 1} (W_x{node} has {taps} taps), got {La!r}"
            )
    return {node: int(La) for node, La in look_ahead.items()}


def check_halo(halo: tuple[int, int], samples: int) -> None:
    """Raise ValueError unless `halo` is (before, after) and leaves a step between them."""
    if len(halo) != 2 or min(halo) < 0 or sum(halo) >= samples:
        raise ValueError(
            f"halo must be (before, after), both >= 0, and leave one of {samples} samples as a step, got {halo}"
        )


def checked_augmented(params: Mapping[str, npt.ArrayLike]) -> Symbols:
    """`params` as float64 arrays, every W_xp as [taps, d_s, d_x]. Raises ValueError for what does not fit."""
    nodes = NODES if "W_xcx" in params or "W_vcx" in params else NODES[:-1]
    p = checked_params(
        params,
        required=[f"W_{source}{node}" for source in "xv" for node in nodes],
        optional=[f"W_s{node}" for node in nodes if node != "du"]
        + [f"b_{node}" for node in nodes]
        + ["W_qdr"],
    )
    if p["W_vdu"].ndim != 2:
        raise ValueError(f"W_vdu must have shape [d_s, d_v], got {list(p['W_vdu'].shape)}")
    d_s, d_v = p["W_vdu"].shape
    if "W_qdr" not in p and d_v != d_s:
        raise ValueError(f"W_vdu has shape {(d_s, d_v)}, so params needs W_qdr of shape {(d_v, d_s)}")
    for node in nodes:
        W_x = p[f"W_x{node}"]
        if W_x.ndim not in (2, 3):
            raise ValueError(
                f"W_x{node} must have shape [taps, d_s, d_x] or [d_s, d_x], got {list(W_x.shape)}"
            )
        W_x = p[f"W_x{node}"] = W_x[None] if W_x.ndim == 2 else W_x
        check_shape(f"W_x{node}", W_x, (len(W_x), d_s, p["W_xcu"].shape[-1]))
        check_shape(f"W_v{node}", p[f"W_v{node}"], (d_s, d_v))
        check_shape(f"b_{node}", p.get(f"b_{node}", np.zeros(d_s)), (d_s,))
        check_shape(f"W_s{node}", p.get(f"W_s{node}", np.zeros(d_s)), (d_s,), (d_s, d_s))
    check_shape("W_qdr", p.get("W_qdr", np.zeros((d_v, d_s))), (d_v, d_s))
    return p
