"""The plain LSTM as a scan in JAX, compiled."""

from importlib import import_module
from typing import Any

import torch

from carousel.benchmarks.contestants import Contestant, Values
from carousel.benchmarks.problem import Problem


def build(problem: Problem) -> Contestant:
    """The scan on a problem, its outcome waited for."""
    jax: Any = import_module("jax")
    jnp: Any = import_module("jax.numpy")
    names = [name for name, _ in problem.layer.named_parameters()]
    weights = [jnp.asarray(weight.detach().numpy()) for weight in problem.layer.parameters()]
    upstream = tuple(jnp.asarray(gradient.numpy()) for gradient in problem.upstream)
    x = jnp.asarray(problem.x.numpy())

    def infer(x: Any, *weights: Any) -> Any:
        W_ih, W_hh, b_ih, b_hh = weights
        W_v = W_hh.T
        zeros = jnp.zeros((x.shape[1], W_hh.shape[1]))

        def step(state: Any, share: Any) -> Any:
            v, s = state
            cu, cs, du, cr = jnp.split(share + v @ W_v, 4, axis=1)
            s = jax.nn.sigmoid(cs) * s + jax.nn.sigmoid(cu) * jnp.tanh(du)
            v = jax.nn.sigmoid(cr) * jnp.tanh(s)
            return (v, s), v

        (v, s), output = jax.lax.scan(step, (zeros, zeros), x @ W_ih.T + (b_ih + b_hh))
        return output, v[None], s[None]

    def train(x: Any, *weights: Any) -> Any:
        values, backward = jax.vjp(infer, x, *weights)
        return *values, *backward(upstream)

    solve = jax.jit(infer if problem.mode == "inference" else train)
    keys = "output", "v", "s", "d x", *(f"d {name}" for name in names)

    def read(found: Any) -> Values:
        return {key: torch.tensor(jax.device_get(value)) for key, value in zip(keys, found, strict=False)}

    return Contestant("jax", lambda: jax.block_until_ready(solve(x, *weights)), read, "jax")
