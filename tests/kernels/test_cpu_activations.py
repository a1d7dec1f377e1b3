"""The kernel's logistic and tanh: at most 2 units in the last place from the true value, on every level."""

import numpy as np
import pytest
import torch
from scans import LEVELS

pytestmark = pytest.mark.usefixtures("native")

# Numbers with many more digits than the result.
WIDE = {np.float32: np.float64, np.float64: np.longdouble}
DTYPES = [np.float32, np.float64]


@pytest.fixture
def activate(native, use_level):
    def call(level, name, x):
        use_level(level)
        result = np.full_like(x, np.nan)
        native.activate(name, x.dtype == np.float64, x.ctypes.data, result.ctypes.data, len(x))
        return result

    return call


def logistic(x):
    e = np.exp(-np.abs(x))
    return np.where(x < 0, e, 1) / (1 + e)


TRUE = {"logistic": logistic, "tanh": np.tanh}


def samples(dtype):
    """Dense where the functions bend, and all magnitudes from the smallest number to 10,000, of either sign."""
    random = np.random.default_rng(0)
    magnitudes = np.exp2(random.uniform(np.log2(float(np.finfo(dtype).tiny)) - 20, np.log2(1e4), 200_000))
    near = [random.normal(scale=scale, size=100_000) for scale in (0.1, 1, 10, 100)]
    ends = [np.linspace(-end - 1, -end + 1, 10_001) for end in (87.33654, 708.3964185322641)]
    edges = np.concatenate([np.arange(-40, 41) / 2 * np.log(2), [1e4, 88.8, 104, 710, 746]])
    edges = np.concatenate([np.nextafter(edges.astype(dtype), dtype(to)) for to in (-np.inf, 0, np.inf)])
    x = np.concatenate([magnitudes, *near, *ends, edges]).astype(dtype)
    return np.concatenate([x, -x])


@pytest.mark.parametrize("name", TRUE)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("level", LEVELS)
def test_within_two_units_in_the_last_place(activate, level, dtype, name):
    x = samples(dtype)
    got, wanted = activate(level, name, x), TRUE[name](x.astype(WIDE[dtype]))
    tiny = np.finfo(dtype).tiny
    if name == "logistic":
        below = wanted < tiny
        assert below.any()
        assert not got[below].any(), "a logistic below the smallest normal number is zero"
        got, wanted = got[~below], wanted[~below]
    unit = np.spacing(np.abs(wanted).astype(dtype)).astype(WIDE[dtype])
    assert np.max(np.abs(got.astype(WIDE[dtype]) - wanted) / unit) <= 2
    assert np.all(np.abs(got) <= 1)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("level", LEVELS)
def test_at_the_ends(activate, level, dtype):
    x = np.array([0.0, -0.0, np.inf, -np.inf, np.nan, 1e4, -1e4], dtype)
    tanh = activate(level, "tanh", x)
    np.testing.assert_array_equal(tanh, [0, 0, 1, -1, np.nan, 1, -1])
    assert list(np.signbit(tanh[:2])) == [False, True]
    np.testing.assert_array_equal(activate(level, "logistic", x), [0.5, 0.5, 1, 0, np.nan, 1, 0])


@pytest.mark.parametrize("name", TRUE)
@pytest.mark.parametrize("level", LEVELS)
def test_each_place_of_a_vector(activate, level, name):
    """A count that fills no vector writes nothing beyond, and a neighbour changes nothing."""
    x = np.linspace(-3, 3, 37)
    wanted = activate(level, name, x)
    for count in range(1, 37):
        np.testing.assert_array_equal(activate(level, name, x[:count].copy()), wanted[:count])
    torch.testing.assert_close(torch.from_numpy(wanted), getattr(torch, _TORCH[name])(torch.from_numpy(x)))


_TORCH = {"logistic": "sigmoid", "tanh": "tanh"}
