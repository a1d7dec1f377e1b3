"""The tools of unrolling: segments against the whole, windows against their definition, closed forms, bad input."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import carousel
from carousel.equations import augmented, rnn, vanilla
from carousel.theory.unrolling import (
    contraction,
    disjoint_bound,
    error_scale,
    forgetting_bound,
    segment,
    segmented_backward,
    segmented_forward,
    sliding_backward,
    sliding_bound,
    state_distance,
    truncation_errors,
    window_reach,
)
from carousel.theory.unrolling.borders import borders
from carousel.theory.unrolling.exactness import cases
from helpers import as_numpy, assert_same

N = 11
CASES = cases(N)


def windows(case) -> dict:
    return {"look_ahead": case.look_ahead} if case.equations is augmented else {}


@given(K=st.integers(1, 50), N=st.integers(1, 50))
def test_segments_cover_the_sequence(K, N):
    lengths = segment(K, N)
    assert sum(lengths) == N
    assert set(lengths[:-1]) <= {K}
    assert 1 <= lengths[-1] <= K
    assert [step for first, end in borders(lengths, N) for step in range(first, end)] == list(range(N))


@pytest.mark.parametrize("name", CASES)
@settings(max_examples=15, deadline=None)
@given(data=st.data())
def test_any_segmentation_gives_every_signal_error_and_gradient(name, data):
    case = CASES[name]
    cuts = data.draw(st.sets(st.integers(1, N - 1)))
    lengths = [int(length) for length in np.diff([0, *sorted(cuts), N])]
    whole = case.equations.forward(case.params, case.x, **case.start, **windows(case))
    errors, gradients = case.equations.backward(case.params, whole, case.e, **case.arriving, **windows(case))

    given = case.equations, case.params
    signals = segmented_forward(*given, case.x, lengths, start=case.start, look_ahead=case.look_ahead)
    assert_same(signals, whole, 1e-12)
    got = segmented_backward(
        *given, signals, case.e, lengths, arriving=case.arriving, look_ahead=case.look_ahead
    )
    assert_same(got, (errors, gradients), 1e-12)


@pytest.mark.parametrize("name", ["standard RNN", "Vanilla LSTM"])
def test_without_carried_errors_segments_are_sequences_of_their_own(name):
    case, cut = CASES[name], 4
    given = case.equations, case.params
    signals = case.equations.forward(case.params, case.x, **case.start)
    _, gradients = segmented_backward(*given, signals, case.e, (cut, N - cut), carry=False)

    wanted, start = dict.fromkeys(case.params, 0.0), case.start
    for steps in (slice(None, cut), slice(cut, None)):
        own = case.equations.forward(case.params, case.x[steps], **start)
        start = {initial: own[initial.removesuffix("_init")][-1] for initial in start}
        _, share = case.equations.backward(case.params, own, case.e[steps])
        wanted = {name: wanted[name] + share[name] for name in wanted}
    assert_same({name: gradients[name] for name in case.params}, wanted, 1e-12)


@pytest.mark.parametrize("K", [1, 2, 5, N - 1, N, N + 3])
@pytest.mark.parametrize("name", CASES)
def test_sliding_windows_are_what_they_say(name, K):
    """One backward pass a step, over a copy of the sequence that ends there, cut K steps before."""
    case, equations = CASES[name], CASES[name].equations
    signals = equations.forward(case.params, case.x, **case.start, **windows(case))
    wanted = {name: np.zeros_like(value) for name, value in case.params.items()}
    for n in range(N):
        e = np.zeros_like(case.e)
        e[n] = case.e[n]
        first = max(0, n - K + 1)
        lengths = (first, N - first) if first else (N,)
        _, gradients = segmented_backward(
            equations, case.params, signals, e, lengths, carry=False, look_ahead=case.look_ahead
        )
        for name in wanted:
            wanted[name] += gradients[name]
    got = sliding_backward(equations, case.params, signals, case.e, K, look_ahead=case.look_ahead)
    assert_same(got, wanted, 1e-12)


def test_a_layer_in_segments_gives_the_gradients_of_autograd():
    torch.manual_seed(0)
    layer = carousel.AugmentedLSTM(3, 4, proj_size=2, context=(2, 1)).double()
    x, e = torch.randn(9, 2, 3, dtype=torch.float64), torch.randn(9, 2, 2, dtype=torch.float64)
    output, _ = layer(x)
    (output * e).sum().backward()

    params = as_numpy(layer.symbols())
    signals = segmented_forward(augmented, params, x.numpy(), (2, 3, 4), look_ahead=1)
    _, gradients = segmented_backward(augmented, params, signals, e.numpy(), (4, 4, 1), look_ahead=1)
    rows = slice(4, 8)  # node cs
    assert_same(signals["v"], output, 1e-12)
    assert_same(gradients["W_vcs"], layer.weight_hh_l0.grad[rows], 1e-12)
    assert_same(gradients["W_qdr"], layer.weight_hr_l0.grad, 1e-12)
    assert_same(np.concatenate(list(gradients["W_xcs"]), axis=-1), layer.weight_ih_l0.grad[rows], 1e-12)


def test_the_halo_is_that_of_the_widest_windows():
    params = {"W_xcu": np.ones((4, 2, 3)), "W_xdu": np.ones((2, 3)), "W_vcu": np.ones((9, 9))}
    assert window_reach(params, {"cu": 1, "du": 0}) == (2, 1)
    assert window_reach({"W_xcu": np.ones((4, 2, 3))}, 3) == (0, 3)


@pytest.mark.parametrize("w", [0.5, -0.5])
def test_truncation_errors_of_a_linear_scalar_network_in_closed_form(w):
    N, K = 12, 4
    params = {"W_r": [[w]], "W_x": [[0.0]], "theta_s": [0.0]}
    signals = rnn.forward(params, np.zeros((N, 1, 1)))
    sliding, disjoint = truncation_errors(rnn, params, signals, np.ones((N, 1, 1)), [K], [K])
    pairs = [(end, n) for end in range(N) for n in range(end + 1)]
    too_far = sum(w ** (end - n) for end, n in pairs if end - n >= K)
    across = sum(w ** (end - n) for end, n in pairs if end // K != n // K)
    assert sliding[0] == pytest.approx(abs(too_far) / N)
    assert disjoint[0] == pytest.approx(abs(across) / N)


def test_bounds_in_closed_form():
    np.testing.assert_allclose(sliding_bound(2.0, 0.5, [1, 3]), [2.0, 0.5])
    np.testing.assert_allclose(disjoint_bound(2.0, 0.5, [1, 4]), [8.0, 2.0])
    np.testing.assert_allclose(forgetting_bound(3.0, 0.5, [0, 1, 2]), [3.0, 1.5, 0.75])
    assert contraction({"W_r": np.diag([0.3, -0.8])}) == pytest.approx(0.8)
    assert contraction({"W_r": [[0.0, 0.5], [0.0, 0.0]], "W_s": [[0.2, 0], [0, 0.1]]}) == pytest.approx(0.7)


def test_the_scale_of_errors_counts_readout_input_bias_and_state():
    signals = {"x": np.full((1, 1, 1), 2.0), "r": np.zeros((1, 1, 1)), "r_init": np.full((1, 1), 2.0)}
    signals |= {"s": np.zeros((1, 1, 1)), "s_init": np.full((1, 1), 4.0)}
    e = np.full((1, 1, 1), -3.0)
    assert error_scale(signals, e) == pytest.approx(3 * 3)
    assert error_scale(signals, e, canonical=True) == pytest.approx(3 * 5)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("canonical", [False, True])
def test_bounds_hold_for_random_contracting_networks(seed, canonical):
    rng = np.random.default_rng(seed)
    d, d_x, N = 4, 2, 60
    params = {"W_r": rng.normal(size=(d, d)), "W_x": rng.normal(size=(d, d_x)), "theta_s": rng.normal(size=d)}
    if canonical:
        params["W_s"] = rng.normal(size=(d, d))
    scale = 0.8 / contraction(params)
    params |= {name: scale * params[name] for name in ("W_r", "W_s") if name in params}
    rho = contraction(params)
    x, e = rng.normal(size=(N, 2, d_x)), rng.normal(size=(N, 2, d))
    signals = rnn.forward(params, x)
    K = [1, 3, 10, 20]
    sliding, disjoint = truncation_errors(rnn, params, signals, e, K, K)
    c = error_scale(signals, e, canonical=canonical)
    assert (sliding <= sliding_bound(c, rho, K)).all()
    assert (disjoint <= disjoint_bound(c, rho, K)).all()
    start = {"r_init": rng.normal(size=(2, d)), "s_init": rng.normal(size=(2, d))}
    distance = state_distance(rnn, params, x, start, {})
    assert (distance <= forgetting_bound(distance[0], rho, np.arange(N + 1)) * (1 + 1e-9)).all()


def test_the_distance_of_two_lstm_runs_starts_at_that_of_their_states():
    case = CASES["Vanilla LSTM"]
    distance = state_distance(vanilla, case.params, case.x, {"s_init": np.ones((2, 4))}, {})
    assert distance.shape == (N + 1,)
    assert distance[0] == pytest.approx(2.0)
    assert distance[-1] < distance[0]


RNN = CASES["standard RNN"]
SIGNALS = rnn.forward(RNN.params, RNN.x)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: segment(0, 5), "K must be a positive whole number of steps, got 0"),
        (lambda: segment(2, 2.5), "N must be a positive whole number of steps, got 2.5"),
        (lambda: segmented_forward(rnn, RNN.params, RNN.x, (4, 4)), r"sum to the 11 steps .*, got \(4, 4\)"),
        (
            lambda: segmented_forward(rnn, RNN.params, RNN.x, (0, 11)),
            r"positive whole numbers .*, got \(0, 11\)",
        ),
        (lambda: segmented_forward(rnn, RNN.params, RNN.x, (5.5, 5.5)), "positive whole numbers"),
        (lambda: segmented_forward(rnn, RNN.params, RNN.x, ()), r"got \(\); segment\(K, 11\)"),
        (
            lambda: segmented_forward(rnn, RNN.params, RNN.x * np.nan, (11,)),
            "x must be finite, but 66 of its 66",
        ),
        (
            lambda: segmented_forward(rnn, RNN.params, RNN.x[:, 0], (11,)),
            r"x must have shape \[steps >= 1, B, 3\]",
        ),
        (
            lambda: segmented_forward(torch, RNN.params, RNN.x, (11,)),
            "equations must be one of carousel.equations",
        ),
        (lambda: segmented_forward(rnn, RNN.params, RNN.x, (11,), look_ahead=1), "look_ahead must be 0 for"),
        (
            lambda: segmented_forward(rnn, RNN.params, RNN.x, (11,), start={"v_init": np.zeros((2, 4))}),
            "start may hold s_init and r_init, got v_init",
        ),
        (
            lambda: segmented_forward(
                rnn, RNN.params, RNN.x, (11,), start={"r_init": np.full((2, 4), np.inf)}
            ),
            "r_init must be finite",
        ),
        (
            lambda: segmented_forward(rnn, RNN.params | {"W_r": np.full((4, 4), np.nan)}, RNN.x, (11,)),
            "W_r must be finite",
        ),
        (
            lambda: segmented_backward(rnn, RNN.params, SIGNALS, RNN.e[:-1], (11,)),
            r"e must have shape \[11, B, d\] to fit the signals, got \[10, 2, 4\]",
        ),
        (
            lambda: segmented_backward(rnn, RNN.params, SIGNALS, RNN.e[..., :1], (11,)),
            r"dE_dr must have shape \[steps >= 1, B, 4\]",
        ),
        (
            lambda: segmented_backward(rnn, RNN.params, SIGNALS, RNN.e, (11,), arriving={"psi": 0}),
            "arriving may hold psi_end, got psi",
        ),
        (lambda: sliding_backward(rnn, RNN.params, SIGNALS, RNN.e, 0), "K must be a positive whole number"),
        (
            lambda: sliding_backward(rnn, RNN.params, SIGNALS, RNN.e[1:], 2),
            r"e must have shape \[11, B, d\]",
        ),
        (lambda: contraction({"W_vcu": np.eye(2)}), "must be those of an RNN, with W_r, got W_vcu"),
        (
            lambda: contraction({"W_r": np.ones((2, 3))}),
            r"W_r and W_s must have shape \[d, d\], got \[2, 3\]",
        ),
        (lambda: contraction({"W_r": [[np.nan]]}), "W_r must be finite"),
        (
            lambda: sliding_bound(1.0, 1.0, 3),
            r"sliding_bound holds for a contracting RNN only: .* got 1; scale",
        ),
        (lambda: disjoint_bound(1.0, 1.3, 3), r"disjoint_bound holds .* rho must lie in \[0, 1\), got 1.3"),
        (lambda: disjoint_bound(1.0, np.nan, 3), "rho must lie in"),
        (lambda: sliding_bound(1.0, 0.5, 0), "K >= 1 and c >= 0, got K = 0"),
        (lambda: sliding_bound(np.nan, 0.5, 2), "c >= 0, got K = 2.0 and c = nan"),
        (lambda: forgetting_bound(-1.0, 0.5, 2), "must not be negative, got -1.0, 0.5 and 2"),
        (
            lambda: error_scale(SIGNALS, RNN.e[1:]),
            r"e must have the shape of r, \[11, 2, 4\], got \[10, 2, 4\]",
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
