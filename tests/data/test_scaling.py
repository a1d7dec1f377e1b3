import numpy as np
from hypothesis import given
from ragged import ragged

from carousel.data import Sequences, load, moments


def test_moments_weigh_every_frame_alike():
    sequences = Sequences((np.array([[1.0], [2.0], [3.0]]), np.array([[6.0]])), ("a",), ("s", "t"))
    mean, std = moments(sequences)
    assert mean.dtype == std.dtype == np.float32
    assert mean.tolist() == [3.0]
    np.testing.assert_allclose(std, [np.sqrt(3.5)], rtol=1e-7)


def test_a_constant_feature_has_deviation_one():
    sequences = Sequences((np.full((9961, 2), [0.1, 3e38]),), ("a", "b"), ("s",))
    assert moments(sequences)[1].tolist() == [1.0, 1.0]


def test_a_deviation_too_small_for_float32_is_one():
    sequences = Sequences((np.array([[0.0]] * 99 + [[1.5e-45]]),), ("a",), ("s",))
    assert moments(sequences)[1].tolist() == [1.0]


def test_a_large_mean_does_not_drown_the_deviation():
    sequences = Sequences((np.array([[1e7], [1e7 + 1]] * 1000),), ("a",), ("s",))
    mean, std = moments(sequences)
    assert mean.tolist() == [10000000.0]
    assert std.tolist() == [0.5]


@given(ragged())
def test_moments_are_finite_and_safe_to_divide_by(sequences):
    mean, std = moments(sequences)
    assert mean.shape == std.shape == (sequences.n_features,)
    assert np.isfinite(mean).all()
    assert np.isfinite(std).all()
    assert (std > 0).all()


def test_scaled_speech_has_mean_zero_and_deviation_one():
    train, _ = load("japanese_vowels")
    mean, std = moments(train)
    scaled = (np.concatenate(train.values).astype(np.float64) - mean) / std
    np.testing.assert_allclose(scaled.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(scaled.std(axis=0), 1, atol=1e-6)
