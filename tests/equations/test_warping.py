"""The warping functions: known values, the identity between them, no overflow, slopes."""

import numpy as np

from carousel.equations.warping import G_c, G_d, slope_G_c, slope_G_d
from helpers import assert_same

Z = np.linspace(-8, 8, 101)


def test_values():
    assert_same(G_c(Z), 1 / (1 + np.exp(-Z)), 1e-15)
    assert_same(G_d(Z), np.tanh(Z), 0.0)
    assert_same(G_c(Z), (1 + G_d(Z / 2)) / 2, 0.0)


def test_far_out_is_saturated_without_a_warning():
    far = np.array([-1e4, 1e4, -np.inf, np.inf])
    with np.errstate(all="raise"):
        assert G_c(far).tolist() == [0.0, 1.0, 0.0, 1.0]
        assert G_d(far).tolist() == [-1.0, 1.0, -1.0, 1.0]


def test_slopes_are_the_derivatives():
    h = 1e-6
    assert_same(slope_G_c(G_c(Z)), (G_c(Z + h) - G_c(Z - h)) / (2 * h), 1e-9)
    assert_same(slope_G_d(G_d(Z)), (G_d(Z + h) - G_d(Z - h)) / (2 * h), 1e-9)
