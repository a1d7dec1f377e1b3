"""The integrator against closed forms: no delay, one delay, two, a jumping input, rest; and what it refuses."""

import math

import numpy as np
import pytest
from scipy.linalg import expm

from carousel.theory.continuous import AdditiveModel, integrate, leading_error
from carousel.theory.continuous.steps import pieces


def identity(z):
    return z


def scalar(A=0.0, B=0.0, C=0.0, phi=0.0, **delays):
    return AdditiveModel([[A]], [[B]], [[C]], [phi], **delays)


@pytest.mark.parametrize("method", ["DOP853", "Radau"])
def test_linear_without_delay_is_the_matrix_exponential(method):
    generator = np.random.default_rng(0)
    A, B = generator.normal(size=(2, 4, 4))
    C, phi, x, start = (
        generator.normal(size=(4, 2)),
        generator.normal(size=4),
        [0.5, -1.0],
        generator.normal(size=4),
    )
    solution = integrate(AdditiveModel(A, B, C, phi, G=identity), 2.0, x, start, method=method)
    M, b = A + B, C @ x + phi
    for t in (0.0, 0.3, 1.1, 2.0):
        exact = expm(M * t) @ start + np.linalg.solve(M, (expm(M * t) - np.eye(4)) @ b)
        np.testing.assert_allclose(solution(t), exact, rtol=1e-7, atol=1e-8)


def test_one_delay_is_a_chain_of_polynomials():
    """s' = b s(t - 1), s = 1 before 0: another power joins in every interval."""
    b = -0.9
    solution = integrate(scalar(B=b, tau_r=1.0, G=identity), 6.0, history=[1.0])
    times = np.linspace(0, 6, 61)
    exact = [sum(b**k * max(0, t - k + 1) ** k / math.factorial(k) for k in range(8)) for t in times]
    np.testing.assert_allclose(solution(times)[:, 0], exact, rtol=0, atol=1e-9)


def test_saturated_readout_in_the_first_two_intervals():
    """With constant history the delayed tanh is a constant, then a known function of time."""
    a, b, tau = -0.7, 2.0, 0.5
    solution = integrate(scalar(a, b, tau_r=tau), 2 * tau, history=[0.4])
    rest = -b * math.tanh(0.4) / a

    def first(t):
        return rest + (0.4 - rest) * math.exp(a * t)

    assert solution(0.3)[0] == pytest.approx(first(0.3), abs=1e-10)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    u = tau / 2 * (nodes + 1)
    driven = [math.exp(a * (tau - now)) * b * math.tanh(first(now)) for now in u]
    second = math.exp(a * tau) * first(tau) + tau / 2 * weights @ driven
    assert solution(2 * tau)[0] == pytest.approx(second, abs=1e-10)


def test_two_delays_without_common_measure():
    """s' = b s(t - 1) + c s(t - sqrt 2): a term for every way of adding up the delays."""
    b, c, long = 0.7, -0.5, math.sqrt(2)
    solution = integrate(scalar(A=c, B=b, tau_s=long, tau_r=1.0, G=identity), 8.0, history=[1.0])

    def exact(t):
        return 1 + (b + c) * sum(
            math.comb(j + k, j)
            * b**j
            * c**k
            * max(0, t - j - k * long) ** (j + k + 1)
            / math.factorial(j + k + 1)
            for j in range(9)
            for k in range(9)
        )

    times = np.linspace(0, 8, 33)
    np.testing.assert_allclose(solution(times)[:, 0], [exact(t) for t in times], rtol=0, atol=1e-9)


def test_a_jump_of_the_input_arrives_late_and_exactly():
    jump = 0.7
    model = scalar(A=-1.0, C=1.0, tau_x=0.25)
    solution = integrate(model, 2.0, lambda t: [float(t >= jump)], kinks=[jump])
    times = np.linspace(0, 2, 41)
    np.testing.assert_allclose(
        solution(times)[:, 0], 1 - np.exp(-np.maximum(0, times - jump - 0.25)), atol=1e-9
    )


def test_history_may_change():
    solution = integrate(scalar(B=1.0, tau_r=1.0, G=identity), 1.0, history=lambda t: [math.cos(t)])
    assert solution(1.0)[0] == pytest.approx(1 + math.sin(1.0), abs=1e-9)
    assert solution(-2.0)[0] == math.cos(-2.0)


def test_comes_to_rest_where_the_rate_is_zero():
    generator = np.random.default_rng(4)
    A, B = -2 * np.eye(3), 0.5 * generator.normal(size=(3, 3))
    C, phi, x = generator.normal(size=(3, 2)), generator.normal(size=3), np.array([1.0, -1.0])
    end = integrate(AdditiveModel(A, B, C, phi, tau_r=0.5), 40.0, x)(40.0)
    np.testing.assert_allclose(A @ end + B @ np.tanh(end) + C @ x + phi, 0, atol=1e-8)


def test_any_numbers_of_delays_even_none():
    none = np.empty((0, 1, 1))
    ramp = AdditiveModel(none, none, none, [2.0], tau_s=[], tau_r=[], tau_x=[])
    assert integrate(ramp, 3.0)(3.0)[0] == pytest.approx(6.0)
    several = AdditiveModel(
        np.full((2, 1, 1), 0.1), np.full((3, 1, 1), 0.2), np.ones((2, 1, 1)), [0.0],
        tau_s=[0, 1], tau_r=[0, 1, 2], tau_x=[0, 3], G=identity,
    )  # fmt: skip
    before_the_first_delay = scalar(A=0.3, phi=0.1 + 0.4 + 2.0)
    assert integrate(several, 0.9, [1.0], [1.0])(0.9)[0] == pytest.approx(
        integrate(before_the_first_delay, 0.9, history=[1.0])(0.9)[0], abs=1e-9
    )


def test_pieces_part_at_every_kink_and_are_no_longer_than_a_delay():
    times = pieces(3.0, [1.0, 0.8], kinks=[0.5])
    for kink in (0.5, 0.8, 1.0, 1.3, 1.5, 1.6, 1.8, 2.0, 2.4, 2.6):
        assert min(abs(time - kink) for time in times) < 1e-9
    assert times[0] == 0 and times[-1] == 3.0
    assert np.diff(times).min() > 1e-9 and np.diff(times).max() <= 0.8 + 1e-9


def test_leading_error_of_pure_decay():
    """(1 - a dT)^-n is exp(a t) (1 + a^2 t dT / 2 + ...)."""
    error = leading_error(scalar(A=-1.5), 2.0, lambda t: [0.0], lambda t: [0.0], [0.8])
    times = np.linspace(0, 2, 9)
    np.testing.assert_allclose(error(times)[:, 0], 1.5**2 * times / 2 * 0.8 * np.exp(-1.5 * times), atol=1e-9)


ONE = [[1.0]]


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: AdditiveModel(ONE, ONE, ONE, [0.0], tau_r=-0.1), "tau_r must have no negative delay, got -0.1"),
        (lambda: AdditiveModel(ONE, ONE, ONE, [0.0], tau_r=[1, 2]), "one delay for each of the 1 matrices of B"),
        (lambda: AdditiveModel(np.eye(2), ONE, ONE, [0.0]), r"A must have shape \[1, 1\] or \[K, 1, 1\].*got \[2, 2\]"),
        (lambda: AdditiveModel(ONE, ONE, [[np.nan]], [0.0]), "C must hold finite numbers only, got nan"),
        (lambda: AdditiveModel(ONE, ONE, ONE, [0.0], tau_x=np.inf), "tau_x must hold finite numbers only, got inf"),
        (lambda: AdditiveModel(ONE, ONE, ONE, [[0.0]]), r"phi must have shape \[d\], got \[1, 1\]"),
        (lambda: AdditiveModel([[1.0], [1.0, 2.0]], ONE, ONE, [0.0]), "A must be an array of real numbers"),
        (lambda: AdditiveModel(ONE, ONE, np.ones((1, 0)), [0.0]), r"C must have shape \[1, d_x\]"),
        (lambda: integrate(scalar(), 0.0), "t_end must be above zero, got 0"),
        (lambda: integrate(scalar(), np.nan), "t_end must hold finite numbers only"),
        (lambda: integrate(scalar(), 1.0, method="Euler"), "method must be 'DOP853' or 'Radau', got 'Euler'"),
        (lambda: integrate(scalar(), 1.0, rtol=-1), "rtol must be above zero"),
        (lambda: integrate(scalar(C=1.0), 1.0, [1.0, 2.0]), r"x must have shape \[1\], got \[2\]"),
        (lambda: integrate(scalar(C=1.0), 1.0, lambda t: [np.nan]), r"x\(.+\) must hold finite numbers only, got nan"),
        (lambda: integrate(scalar(), 1.0, history=[1.0, 2.0]), r"history must have shape \[1\], got \[2\]"),
        (lambda: integrate(scalar(A=1.0, tau_s=1e-6), 1.0), "the shortest delay 1e-06 must be at least"),
        (lambda: integrate(scalar(), 1.0)(1.5), "known up to t = 1, got 1.5"),
        (lambda: integrate(scalar(), 1.0)([0.5, np.nan]), "known up to t = 1, got nan"),
    ],
)  # fmt: skip
def test_bad_input_is_told_in_a_sentence(build, message):
    with pytest.raises(ValueError, match=message):
        build()


def test_a_state_that_explodes_is_told():
    model = AdditiveModel([[0.0]], ONE, [[0.0]], [0.0], G=lambda s: s * s)
    with pytest.raises(RuntimeError, match=r"integrator DOP853 stopped at t = 1(\.0+)? of 2"):
        integrate(model, 2.0, history=[1.0])
