"""carousel.equations.rnn against autograd, in pieces, and against the differential equation it comes from."""

import numpy as np
import pytest
import torch

from carousel.equations import rnn
from helpers import assert_same


def random_case(seed: int, canonical: bool):
    rng = np.random.default_rng(seed)
    d, d_x, K, B = (int(n) for n in rng.integers(1, 6, size=4))
    params = {"W_r": rng.normal(size=(d, d)), "W_x": rng.normal(size=(d, d_x)), "theta_s": rng.normal(size=d)}
    if canonical:
        params["W_s"] = rng.normal(size=(d, d))
    states = {"s_init": rng.normal(size=(B, d)), "r_init": rng.normal(size=(B, d))}
    return params, rng.normal(size=(K, B, d_x)), states, rng.normal(size=(K, B, d)), rng.normal(size=(B, d))


@pytest.mark.parametrize("canonical", [False, True])
@pytest.mark.parametrize("seed", range(100))
def test_every_gradient_is_that_of_automatic_differentiation(seed, canonical):
    params, x, states, e, psi_end = random_case(seed, canonical)
    signals = rnn.forward(params, x, **states)
    errors, gradients = rnn.backward(params, signals, e, psi_end)

    leaves = {n: torch.tensor(v, requires_grad=True) for n, v in {**params, "x": x, **states}.items()}
    s, r, E, readouts, sums = leaves["s_init"], leaves["r_init"], 0.0, [], []
    for n in range(len(x)):
        total = (
            torch.einsum("ij,bj->bi", leaves["W_r"], r) + leaves["x"][n] @ leaves["W_x"].T + leaves["theta_s"]
        )
        s = total + torch.einsum("ij,bj->bi", leaves["W_s"], s) if canonical else total
        r = torch.tanh(s)
        sums.append(s)
        readouts.append(r)
        E = E + (r * torch.tensor(e[n])).sum()
    # psi[K] comes from beyond these steps: it reaches r[K-1] and s[K-1] through weights that are constants here.
    E = E + (r * torch.tensor(psi_end @ params["W_r"])).sum()
    if canonical:
        E = E + (s * torch.tensor(psi_end @ params["W_s"])).sum()
    wanted = torch.autograd.grad(E, [*leaves.values(), *sums, *readouts], allow_unused=True)
    by_leaf = {
        name: torch.zeros_like(leaf) if value is None else value
        for (name, leaf), value in zip(leaves.items(), wanted, strict=False)
    }
    assert_same(gradients, {name: by_leaf[name] for name in gradients}, 1e-10)
    K = len(x)
    assert_same(errors["psi"], torch.stack(wanted[-2 * K : -K]), 1e-10)
    assert_same(errors["chi"], torch.stack(wanted[-K:]), 1e-10)


@pytest.mark.parametrize("canonical", [False, True])
def test_segments_with_carried_signals_give_the_whole_sequence(canonical):
    params, x, states, e, _ = random_case(5, canonical)
    x, e = np.concatenate([x] * 4), np.concatenate([e] * 4)
    whole = rnn.forward(params, x, **states)
    _, whole_gradients = rnn.backward(params, whole, e)
    half = len(x) // 2
    first = rnn.forward(params, x[:half], **states)
    second = rnn.forward(params, x[half:], first["s"][-1], first["r"][-1])
    assert_same(np.concatenate([first["r"], second["r"]]), whole["r"], 1e-12)
    errors, late = rnn.backward(params, second, e[half:])
    _, early = rnn.backward(params, first, e[:half], errors["psi"][0])
    assert_same(
        {name: late[name] + early[name] for name in params}, {n: whole_gradients[n] for n in params}, 1e-12
    )
    assert_same(early["r_init"], whole_gradients["r_init"], 1e-12)


def test_canonical_rnn_is_backward_euler_of_the_differential_equation():
    """(s[n] - s[n-1]) / dT = A s[n] + B r[n-1] + C x[n] + phi, sampled at n dT."""
    rng = np.random.default_rng(0)
    A, B, C, phi, dT = (
        rng.normal(size=(3, 3)),
        rng.normal(size=(3, 3)),
        rng.normal(size=(3, 2)),
        rng.normal(size=3),
        0.1,
    )
    W_s = np.linalg.inv(np.eye(3) - dT * A)
    params = {"W_s": W_s, "W_r": dT * W_s @ B, "W_x": dT * W_s @ C, "theta_s": dT * W_s @ phi}
    x = rng.normal(size=(7, 1, 2))
    y = rnn.forward(params, x, s_init=rng.normal(size=(1, 3)), r_init=rng.normal(size=(1, 3)))
    s_prev = np.concatenate([y["s_init"][None], y["s"][:-1]])
    r_prev = np.concatenate([y["r_init"][None], y["r"][:-1]])
    assert_same((y["s"] - s_prev) / dT, y["s"] @ A.T + r_prev @ B.T + x @ C.T + phi, 1e-12)
    assert_same(y["r"], np.tanh(y["s"]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W_r": np.ones((2, 3))}, r"W_r must have shape \(3, 3\), got \(2, 3\)"),
        ({"W_s": np.ones(3)}, r"W_s must have shape \(3, 3\)"),
        ({"W_x": np.ones(3)}, r"W_x must have shape \[d, d_x\], got \[3\]"),
        ({"W_v": np.ones(3)}, "unknown symbols W_v"),
    ],
)
def test_bad_params_are_named(change, message):
    params = {"W_r": np.ones((3, 3)), "W_x": np.ones((3, 2)), "theta_s": np.ones(3)}
    with pytest.raises(ValueError, match=message):
        rnn.forward(params | change, np.ones((4, 1, 2)))


def test_upstream_of_another_shape_is_refused():
    params = {"W_r": np.ones((3, 3)), "W_x": np.ones((3, 2)), "theta_s": np.ones(3)}
    with pytest.raises(ValueError, match="dE_dr must have shape"):
        rnn.backward(params, rnn.forward(params, np.ones((4, 1, 2))), np.ones((5, 1, 3)))
