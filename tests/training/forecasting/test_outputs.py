"""Outputs against closed forms, SciPy's normal distribution, and brute force."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import integrate, stats

from carousel.training.forecasting.outputs import (
    LEVELS,
    Gaussian,
    Output,
    Point,
    Quantile,
    output_of,
    pinball,
)
from helpers import assert_same

OUTPUTS = [Point(), Quantile(), Gaussian()]


def kind(output: Output) -> str:
    return type(output).__name__


@pytest.mark.parametrize("output", OUTPUTS, ids=kind)
def test_at_rest_the_points_are_those_of_a_standard_normal_distribution(output):
    wanted = torch.tensor([stats.norm.ppf(level) for level in output.anchors], dtype=torch.float32)
    assert_same(output.points(output.rest()), wanted)


@pytest.mark.parametrize("output", OUTPUTS, ids=kind)
@given(data=st.data())
def test_points_never_cross(output, data):
    size = len(output.anchors)
    raw = data.draw(arrays(np.float32, (3, size), elements=st.floats(-50, 50, width=32)))
    points = output.points(torch.from_numpy(raw))
    assert (points.diff(dim=-1) > 0).all()
    assert_same(output.middle(points), torch.from_numpy(raw)[:, output.centre])


@pytest.mark.parametrize("output", OUTPUTS, ids=kind)
def test_the_forecast_moves_with_the_unit(output):
    points = output.points(torch.randn(50, len(output.anchors), generator=torch.manual_seed(0)).double())
    assert_same(output.middle(10 + 3 * points), 10 + 3 * output.middle(points))
    assert_same(output.quantiles(10 + 3 * points), 10 + 3 * output.quantiles(points))


def test_the_loss_of_a_point_is_its_absolute_or_squared_error():
    points, y = torch.tensor([[1.0], [2.0]]), torch.tensor([4.0, 1.5])
    assert_same(output_of("point").losses(points, y), torch.tensor([3.0, 0.5]))
    assert_same(output_of("point", squared=True).losses(points, y), torch.tensor([9.0, 0.25]))


def test_pinball_weighs_the_two_sides_by_the_level():
    quantiles, y = torch.tensor([[2.0, 2.0]]), torch.tensor([5.0])
    assert_same(pinball(quantiles, y, (0.1, 0.9)), torch.tensor([[0.3, 2.7]]))
    assert_same(pinball(quantiles, -y, (0.1, 0.9)), torch.tensor([[6.3, 0.7]]))


@pytest.mark.parametrize("level", LEVELS["quantile"])
def test_the_quantile_of_a_sample_makes_its_pinball_loss_least(level):
    sample = torch.from_numpy(np.random.default_rng(0).gamma(2.0, size=999))
    candidates = sample.sort().values
    losses = [float(pinball(c.expand(999, 1), sample, (level,)).mean()) for c in candidates]
    assert abs(np.argmin(losses) / 998 - level) < 0.002


def test_the_loss_of_quantiles_is_twice_the_mean_pinball_loss():
    points = torch.arange(7.0).expand(3, 7)
    y = torch.tensor([-1.0, 3.0, 8.0])
    wanted = [
        2
        * np.mean(
            [max(q * (t - p), (q - 1) * (t - p)) for q, p in zip(LEVELS["quantile"], range(7), strict=True)]
        )
        for t in y.tolist()
    ]
    assert_same(Quantile().losses(points, y), torch.tensor(wanted, dtype=torch.float32))


def gaussian_case() -> tuple[np.ndarray, np.ndarray, np.ndarray, torch.Tensor]:
    random = np.random.default_rng(0)
    mean, deviation, y = random.normal(size=20), random.uniform(0.1, 3, 20), random.normal(0, 3, 20)
    return mean, deviation, y, torch.from_numpy(np.stack([mean, mean + deviation], axis=1))


def test_the_loss_of_a_normal_distribution_is_its_negative_log_likelihood():
    mean, deviation, y, points = gaussian_case()
    wanted = -stats.norm.logpdf(y, mean, deviation)
    assert_same(Gaussian().losses(points, torch.from_numpy(y)), torch.from_numpy(wanted))


def test_quantiles_of_a_normal_distribution():
    mean, deviation, _, points = gaussian_case()
    output = Gaussian()
    wanted = stats.norm.ppf(output.levels, mean[:, None], deviation[:, None])
    assert_same(output.quantiles(points), torch.from_numpy(wanted))


def test_crps_is_the_integral_of_the_squared_difference_of_distributions():
    mean, deviation, y, points = gaussian_case()

    def crps(m: float, s: float, truth: float) -> float:
        below = integrate.quad(lambda x: stats.norm.cdf(x, m, s) ** 2, -np.inf, truth)[0]
        return below + integrate.quad(lambda x: stats.norm.sf(x, m, s) ** 2, truth, np.inf)[0]

    wanted = [crps(*case) for case in zip(mean, deviation, y, strict=True)]
    assert_same(Gaussian().crps(points, torch.from_numpy(y)), torch.tensor(wanted, dtype=torch.float64), 1e-8)


def test_a_constant_truth_does_not_make_the_likelihood_infinite():
    points = Gaussian().points(torch.tensor([[0.0, -100.0]]))
    assert Gaussian().losses(points, torch.zeros(1)).item() > -7
