"""The peephole W_sp in its three forms: None (there is none), [d_s] (diagonal), [d_s, d_s] (full)."""

from carousel.equations.arrays import Array, sum_outer


def peephole(W: Array | None, s: Array) -> Array | float:
    """W_sp s, with W None (no peephole), [d_s] (diagonal) or [d_s, d_s] (full)."""
    if W is None:
        return 0.0
    return W * s if W.ndim == 1 else s @ W.T


def peephole_transposed(W: Array | None, alpha: Array) -> Array | float:
    """W_sp^T alpha."""
    if W is None:
        return 0.0
    return W * alpha if W.ndim == 1 else alpha @ W


def peephole_gradient(W: Array | None, alpha: Array, s: Array) -> Array:
    """dE/dW_sp in the shape of W."""
    return (alpha * s).sum((0, 1)) if W is not None and W.ndim == 1 else sum_outer(alpha, s)
