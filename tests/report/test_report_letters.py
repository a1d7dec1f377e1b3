"""What a model wrote, letter by letter, and the bits of a text as it was told."""

import numpy as np
import pytest

from carousel.report.code_length import code_length
from carousel.report.letters import UNITS, letters


@pytest.fixture
def signals():
    draw = np.random.default_rng(0).uniform
    signals = {name: draw(0, 1, (9, 20)) for name in ("g_cu", "g_cs", "g_cr")}
    return {**signals, "s": draw(-2, 2, (9, 20)) * np.arange(20), "v": draw(-1, 1, (9, 20))}


def test_letters_stand_below_every_panel_and_blanks_are_seen(signals):
    figure = letters(list("to $be\n\t\0"), np.linspace(0, 1, 9), signals, "Said")
    panels = [axes for axes in figure.axes if axes.get_title(loc="left")]
    assert [axes.get_title(loc="left").split("  ")[-1] for axes in panels] == [
        "chance of the letter",
        "control update (input gate)",
        "control state (forget gate)",
        "control readout (output gate)",
        "state",
    ]
    for axes in panels:
        assert [label.get_text() for label in axes.get_xticklabels()] == [*"to␣", r"\$", *"be↵→·"]
    bars = [bar.get_height() for bar in panels[0].patches]
    np.testing.assert_allclose(bars, np.linspace(0, 1, 9))
    assert "The mean chance of a letter is 0.50" in figure.get_label()


def test_units_are_those_whose_state_varies_and_the_longest_kept_is_on_top(signals):
    figure = letters(list("abcdefghi"), np.ones(9), signals, "Said")
    state, forget = signals["s"], signals["g_cs"]
    varied = np.argsort(-state.std(axis=0))[:UNITS]
    order = varied[np.argsort(-forget[:, varied].mean(axis=0))]
    image = next(axes for axes in figure.axes if axes.get_title(loc="left").endswith("state")).images[0]
    np.testing.assert_array_equal(image.get_array(), state[:, order].T)


def test_code_length_is_the_running_mean_beside_compressors():
    bits = np.array([8.0, 4.0, 3.0, 1.0])
    figure = code_length(bits, {"gzip": [6.0, 5.0], "bz2": [7.0, 4.5], "xz": [8.0, 7.5]}, [2, 4])
    _, so_far, *rivals = figure.axes[0].lines
    np.testing.assert_allclose(so_far.get_xydata(), [[1, 8], [2, 6], [3, 5], [4, 4]])
    assert [line.get_xydata().tolist() for line in rivals] == [
        [[2, 6], [4, 5]],
        [[2, 7], [4, 4.5]],
        [[2, 8], [4, 7.5]],
    ]
    said = {text.get_text() for text in figure.axes[0].texts}
    assert said == {"the model 4.000", "gzip 5.000", "bz2 4.500", "xz 7.500"}
    assert "the model ends at 4.000, compressors at gzip 5.000, bz2 4.500, xz 7.500" in figure.get_label()
