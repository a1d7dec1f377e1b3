"""carousel.equations.vanilla: closed forms and bad input. Its gradients are tested as those of `augmented`."""

import numpy as np
import pytest

from carousel.equations import vanilla
from helpers import assert_same

SHAPES = {
    **dict.fromkeys(vanilla.INPUT, (3, 2)),
    **dict.fromkeys(vanilla.STATE + vanilla.VALUE, (3, 3)),
    **dict.fromkeys(vanilla.BIAS, (3,)),
}


def params_of(value: float = 0.0) -> dict[str, np.ndarray]:
    return {name: np.full(shape, value) for name, shape in SHAPES.items()}


def test_has_eleven_matrices_and_four_biases():
    assert len(SHAPES) == 15
    assert sum(np.prod(shape) for shape in SHAPES.values()) == 3 * (4 * 2 + 3 * 3 + 4 * 3 + 4)


def test_constant_error_carousel():
    """With g_cs = 1 and no other path from state to state the error is carried unchanged, over 1,000 steps."""
    K = 1000
    params = params_of() | {"b_cs": np.full(3, 50.0), "b_cr": np.full(3, 50.0), "b_cu": np.full(3, -50.0)}
    signals = vanilla.forward(params, np.zeros((K, 1, 2)), s_init=np.full((1, 3), 0.5))
    assert_same(signals["s"], np.full((K, 1, 3), 0.5), 1e-12)
    dE_dv = np.zeros((K, 1, 3))
    dE_dv[-1] = 1.0
    errors, _ = vanilla.backward(params, signals, dE_dv)
    assert_same(errors["psi"], np.repeat(errors["psi"][-1:], K, axis=0), 1e-12)
    assert_same(errors["psi"][-1], np.full((1, 3), 1 - np.tanh(0.5) ** 2), 1e-12)


def test_one_step_by_hand():
    params = params_of() | {"W_xdu": np.ones((3, 2)), "b_cs": np.array([-50.0, 0.0, 50.0])}
    signals = vanilla.forward(params, np.array([[[0.2, 0.3]]]), s_init=np.ones((1, 3)))
    s = np.array([0.0, 0.5, 1.0]) + 0.5 * np.tanh(0.5)
    assert_same(signals["s"][0, 0], s, 1e-12)
    assert_same(signals["v"][0, 0], 0.5 * np.tanh(s), 1e-12)


def test_the_readout_gate_sees_the_new_state():
    params = params_of() | {"W_scr": np.eye(3), "b_du": np.full(3, 50.0)}
    signals = vanilla.forward(params, np.zeros((1, 1, 2)))
    assert_same(signals["a_cr"], signals["s"], 0.0)
    assert_same(signals["s"], np.full((1, 1, 3), 0.5), 1e-12)


def test_takes_the_single_tap_of_a_layers_symbols():
    rng = np.random.default_rng(0)
    params = {name: rng.normal(size=shape) for name, shape in SHAPES.items()}
    tapped = params | {name: params[name][None] for name in vanilla.INPUT}
    x = rng.normal(size=(4, 2, 2))
    signals = vanilla.forward(params, x)
    assert_same(vanilla.forward(tapped, x), signals, 0.0)
    _, gradients = vanilla.backward(tapped, signals, signals["v"])
    assert {name: gradients[name].shape for name in params} == {n: v.shape for n, v in tapped.items()}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"W_xcu": np.ones((2, 3, 2))}, "W_xcu must have shape"),
        ({"W_xcs": np.ones((2, 3, 2))}, "W_xcs must have shape"),
        ({"W_xdu": np.ones((2, 3, 2))}, "context window needs carousel.equations.augmented"),
        ({"W_qdr": np.ones((3, 3))}, "unknown symbols W_qdr"),
        ({"b_cr": np.ones(2)}, r"b_cr must have shape \(3,\), got \(2,\)"),
    ],
)
def test_bad_params_are_named(change, message):
    with pytest.raises(ValueError, match=message):
        vanilla.forward(params_of() | change, np.zeros((1, 1, 2)))


def test_missing_bias_is_named():
    params = params_of()
    del params["b_cu"]
    with pytest.raises(ValueError, match="params lacks b_cu"):
        vanilla.forward(params, np.zeros((1, 1, 2)))


def test_upstream_of_another_shape_is_refused():
    signals = vanilla.forward(params_of(0.1), np.zeros((4, 1, 2)))
    with pytest.raises(ValueError, match="dE_dv must have shape"):
        vanilla.backward(params_of(0.1), signals, np.ones((3, 1, 3)))
