"""From the differential equation to the RNN and back; eigenvalues; circulant matrices."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import carousel
from carousel.equations import rnn
from carousel.theory.continuous import (
    AdditiveModel,
    CanonicalRNN,
    LaggedRNN,
    circulant,
    discretize,
    discretize_delays,
    eigenvalues,
    perturb,
    to_continuous,
)

ONE = [[1.0]]


def random_matrices(seed, d=3, d_x=2):
    generator = np.random.default_rng(seed)
    A = generator.normal(size=(d, d)) - 2 * np.eye(d)
    return A, generator.normal(size=(d, d)), generator.normal(size=(d, d_x)), generator.normal(size=d)


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**6), d=st.integers(1, 5), d_x=st.integers(1, 4), dT=st.floats(0.01, 0.4))
def test_the_rnn_obeys_the_step_it_comes_from(seed, d, d_x, dT):
    A, B, C, phi = random_matrices(seed, d, d_x)
    x = np.random.default_rng(seed + 1).normal(size=(6, 1, d_x))
    signals = rnn.forward(discretize(A, B, C, phi, dT)._asdict(), x)
    s, r = signals["s"][:, 0], signals["r"][:, 0]
    step = (s[1:] - s[:-1]) / dT
    wanted = s[1:] @ A.T + r[:-1] @ B.T + x[1:, 0] @ C.T + phi
    np.testing.assert_allclose(step, wanted, rtol=1e-8, atol=1e-8 * (1 + np.abs(s).max() / dT))


def test_by_hand():
    """dT = 1/2, A = -2, B = 3, C = 4, phi = 1: W_s = 1 / (1 + 1)."""
    assert [float(np.squeeze(W)) for W in discretize([[-2.0]], [[3.0]], [[4.0]], [1.0], 0.5)] == [
        0.5,
        0.75,
        1.0,
        0.25,
    ]


def test_every_delay_becomes_a_lag():
    A, B, C, phi = random_matrices(0)
    dT = 0.1
    model = AdditiveModel(
        [A, 2 * A, 3 * A], [B, 2 * B], [C, 2 * C], phi, tau_s=[0, 0.1, 0.4], tau_r=[0.1, 0.3], tau_x=[0, 0.2]
    )
    lagged = discretize_delays(model, dT)
    assert (sorted(lagged.W_s), sorted(lagged.W_r), sorted(lagged.W_x)) == ([1, 4], [1, 3], [0, 2])
    assert lagged.lags == (4, 2)

    generator = np.random.default_rng(1)
    x, s_past, x_past = (
        generator.normal(size=(8, 2)),
        generator.normal(size=(4, 3)),
        generator.normal(size=(2, 2)),
    )
    new = lagged.run(x, s_past, x_past)
    s, u = np.concatenate([s_past, new]), np.concatenate([x_past, x])
    r = np.tanh(s)
    for n in range(8):
        i, j = n + 4, n + 2
        rate = A @ s[i] + 2 * A @ s[i - 1] + 3 * A @ s[i - 4] + B @ r[i - 1] + 2 * B @ r[i - 3]
        rate += C @ u[j] + 2 * C @ u[j - 2] + phi
        np.testing.assert_allclose((s[i] - s[i - 1]) / dT, rate, atol=1e-10)


def test_two_terms_of_one_delay_are_summed():
    A, B, C, phi = random_matrices(2)
    twice = AdditiveModel([A / 2, A / 2], [B, -B / 2], C, phi, tau_s=[0, 0], tau_r=[0.1, 0.1])
    np.testing.assert_allclose(discretize_delays(twice, 0.1).W_r[1], discretize(A, B / 2, C, phi, 0.1).W_r)


def test_the_lagged_rnn_with_one_lag_is_the_equations():
    A, B, C, phi = random_matrices(3)
    x = np.random.default_rng(0).normal(size=(5, 2))
    canonical = discretize(A, B, C, phi, 0.2)
    lagged = discretize_delays(AdditiveModel(A, B, C, phi, tau_r=0.2), 0.2)
    np.testing.assert_allclose(
        lagged.run(x), rnn.forward(canonical._asdict(), x[:, None])["s"][:, 0], atol=1e-14
    )


def test_there_and_back_is_the_same_equation():
    A, B, C, phi = random_matrices(4)
    model = to_continuous(discretize(A, B, C, phi, 0.1), 0.1)
    for got, wanted in ((model.A, A), (model.B, B), (model.C, C)):
        np.testing.assert_allclose(got[0], wanted, atol=1e-12)
    np.testing.assert_allclose(model.phi, phi, atol=1e-12)
    assert (model.tau_s, model.tau_r, model.tau_x) == (0, 0.1, 0)


def test_delays_there_and_back():
    A, B, C, phi = random_matrices(5)
    model = AdditiveModel([A, A], [B, 2 * B], C, phi, tau_s=[0, 0.3], tau_r=[0.1, 0.2], tau_x=0.4)
    back = to_continuous(discretize_delays(model, 0.1), 0.1)
    for name in ("A", "B", "C", "phi", "tau_s", "tau_r", "tau_x"):
        np.testing.assert_allclose(getattr(back, name), getattr(model, name), atol=1e-12)


@pytest.mark.parametrize("nonlinearity", ["tanh", "relu"])
def test_a_trained_layer_there_and_back(nonlinearity):
    torch.manual_seed(0)
    layer = carousel.RNN(2, 3, num_layers=2, nonlinearity=nonlinearity, canonical=True).double()
    x = torch.randn(7, 2, dtype=torch.float64)
    again = discretize_delays(to_continuous(layer, 0.5), 0.5)
    np.testing.assert_allclose(np.tanh(again.run(x.numpy())) if nonlinearity == "tanh" else
                               np.maximum(again.run(x.numpy()), 0), layer.trace(x, layer=0)["r"].detach(), atol=1e-10)  # fmt: skip
    assert to_continuous(layer, 0.5, layer=1).d_x == 3


def test_eigenvalues_of_one_lag_and_of_many():
    A, B, C, phi = random_matrices(6)
    canonical = discretize(A, B, C, phi, 0.1)
    direct = np.linalg.eigvals(canonical.W_s + canonical.W_r)
    np.testing.assert_allclose(sorted(eigenvalues(canonical), key=abs), sorted(direct, key=abs), atol=1e-12)

    lagged = discretize_delays(AdditiveModel(A, B, C, 0 * phi, tau_r=0.3), 0.1)
    largest = np.abs(eigenvalues(lagged)).max()
    past = 1e-60 * np.random.default_rng(0).normal(size=(3, 3))
    norms = np.linalg.norm(lagged.run(np.zeros((400, 2)), past), axis=1)
    assert (norms[-1] / norms[99]) ** (1 / 300) == pytest.approx(largest, rel=0.01)


def test_eigenvalues_of_a_layer():
    standard = carousel.RNN(2, 3)
    W_r = standard.weight_hh_l0.detach().numpy().astype(float)
    wanted = np.abs(np.linalg.eigvals(W_r)).max()
    assert np.abs(eigenvalues(standard)[0]) == pytest.approx(wanted, rel=1e-6)


def test_perturb_is_the_rnn_without_input():
    A, B, C, phi = random_matrices(7)
    canonical = discretize(A, B, C, 0 * phi, 0.3)
    s = np.array([0.5, -2.0, 1.0])
    norms = perturb(canonical.W_s, canonical.W_r, s, 6)
    signals = rnn.forward(canonical._asdict(), np.zeros((6, 1, 2)), s[None], np.tanh(s)[None])
    np.testing.assert_allclose(norms[1:], np.linalg.norm(signals["s"][:, 0], axis=1))
    assert norms[0] == np.linalg.norm(s)


def test_perturb_stops_before_it_overflows():
    assert 1e100 < perturb([[10.0]], [[0.0]], [1.0], 500)[-1] < 1e102


@pytest.mark.parametrize("shape", [(1,), (5,), (3, 4), (2, 3, 2)])
def test_circulant_is_a_circular_convolution(shape):
    generator = np.random.default_rng(0)
    kernel, s = generator.normal(size=shape), generator.normal(size=shape)
    direct = np.zeros(shape)
    for i in np.ndindex(*shape):
        for j in np.ndindex(*shape):
            direct[i] += kernel[tuple((a - b) % n for a, b, n in zip(i, j, shape, strict=True))] * s[j]
    np.testing.assert_allclose((circulant(kernel) @ s.ravel()).reshape(shape), direct, atol=1e-12)


def lagged_scalar():
    return LaggedRNN({1: np.eye(1)}, {2: np.eye(1)}, {1: np.eye(1)}, np.zeros(1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: discretize([[2.0]], ONE, ONE, [0.0], 0.5), "I - dT A is singular at dT = 0.5.*take another dT"),
        (lambda: discretize([[1.0, 0.0], [0.0, 4.0]], np.eye(2), np.eye(2), [0, 0], 0.25), "I - dT A is singular"),
        (lambda: discretize(ONE, ONE, ONE, [0.0], 0.0), "dT must be above zero, got 0"),
        (lambda: discretize(ONE, ONE, ONE, [0.0], np.nan), "dT must hold finite numbers only, got nan"),
        (lambda: discretize(ONE, ONE, [[np.inf]], [0.0], 0.1), "C must hold finite numbers only, got inf"),
        (lambda: discretize([ONE], ONE, ONE, [0.0], 0.1), r"A must have shape \[1, 1\], got \[1, 1, 1\]"),
        (lambda: discretize(ONE, np.eye(2), ONE, [0.0], 0.1), r"B must have shape \[1, 1\], got \[2, 2\]"),
        (lambda: discretize_delays(AdditiveModel(ONE, ONE, ONE, [0.0], tau_r=0.25), 0.1), "tau_r must be multiples of dT = 0.1, got 0.25, which is 2.5 steps"),
        (lambda: discretize_delays(AdditiveModel(ONE, ONE, ONE, [0.0], tau_r=0.1, tau_x=0.01), 0.1), "tau_x must be multiples"),
        (lambda: discretize_delays(AdditiveModel(ONE, ONE, ONE, [0.0]), 0.1), "tau_r must be at least dT = 0.1"),
        (lambda: to_continuous(carousel.RNN(1, 1), 0.1), "the RNN has no W_s.*canonical=True"),
        (lambda: to_continuous(CanonicalRNN([[0.0]], ONE, ONE, [0.0]), 0.1), "W_s is singular"),
        (lambda: to_continuous(CanonicalRNN([[np.nan]], ONE, ONE, [0.0]), 0.1), "W_s must hold finite numbers only"),
        (lambda: to_continuous(CanonicalRNN(np.eye(2), ONE, ONE, [0.0]), 0.1), r"W_s must have shape \[1, 1\], got \[2, 2\]"),
        (lambda: eigenvalues(carousel.RNN(1, 1, nonlinearity="relu")), "G must have slope 1 at 0.*got 0.5"),
        (lambda: perturb(np.eye(2), np.eye(2), [1.0], 3), r"got \[2, 2\], \[2, 2\] and \[1\]"),
        (lambda: perturb(ONE, ONE, [np.nan], 3), "s must hold finite numbers only"),
        (lambda: perturb(ONE, ONE, [1.0], -1), "steps must be >= 0, got -1"),
        (lambda: circulant(3.0), "kernel must have at least one axis"),
        (lambda: circulant([1.0, np.nan]), "kernel must hold finite numbers only"),
        (lambda: lagged_scalar().run([[1.0, 2.0]]), r"x must have shape \[K, 1\], got \[1, 2\]"),
        (lambda: lagged_scalar().run(ONE, s_past=ONE), "s_past must hold at least the last 2 steps, got 1"),
    ],
)  # fmt: skip
def test_bad_input_is_told_in_a_sentence(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_something_else_is_no_rnn():
    with pytest.raises(TypeError, match=r"rnn must be a carousel.RNN, .* got LSTM"):
        to_continuous(carousel.LSTM(1, 1), 0.1)
