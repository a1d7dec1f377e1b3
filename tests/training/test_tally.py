"""The tally against NumPy on all values at once."""

import numpy as np
import torch

from carousel.training.tally import Tally


def test_mean_and_standard_error_are_those_of_all_values():
    values = np.random.default_rng(0).normal(3, 0.1, 100)
    tally = Tally()
    for part in np.split(values, [7, 8, 60]):
        tally.add(torch.from_numpy(part))
    assert tally.count == 100
    np.testing.assert_allclose(tally.mean, values.mean(), rtol=1e-14)
    np.testing.assert_allclose(tally.standard_error, values.std(ddof=1) / 10, rtol=1e-10)


def test_float32_values_are_summed_in_float64():
    tally = Tally()
    for _ in range(1000):
        tally.add(torch.full((1000,), 0.1))
    assert abs(float(tally.mean) - float(torch.tensor(0.1))) < 1e-13


def test_one_value_tells_no_error_and_none_no_mean():
    tally = Tally()
    assert tally.mean.isnan()
    tally.add(torch.tensor([2.0]))
    assert (float(tally.mean), float(tally.standard_error)) == (2.0, 0.0)
