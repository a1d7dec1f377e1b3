"""Music as pictures: what was told of a piece, and what was composed."""

import numpy as np
import pytest

from carousel.data.rolls import LOWEST, NAMES
from carousel.report.rolls import composition, told_piece
from tunes import tune


def headings(figure):
    return [axes.get_title(loc="left") for axes in figure.axes if axes.get_title(loc="left")]


def test_dots_are_what_sounded_on_what_was_told():
    roll = tune(0, 10)
    chances = np.clip(roll, 0.1, 0.9)
    losses = np.arange(10.0)
    figure = told_piece(roll, chances, losses, "Test piece a")
    top, bottom = figure.axes
    keys = np.flatnonzero(roll.any(axis=0))
    low, high = keys[0] - 2, keys[-1] + 2
    np.testing.assert_array_equal(top.images[0].get_array(), chances[:, low : high + 1].T)
    np.testing.assert_array_equal(top.collections[0].get_offsets(), np.argwhere(roll[:, low : high + 1]))
    assert [bar.get_height() for bar in bottom.patches] == losses.tolist()
    ticks = {
        label.get_text(): int(place) + low
        for place, label in zip(top.get_yticks(), top.get_yticklabels(), strict=True)
    }
    assert ticks and all(NAMES[key] == name and (key + LOWEST) % 12 == 0 for name, key in ticks.items())
    assert "costs 5.00 nats on average" in figure.get_label()


@pytest.mark.parametrize("gates", [(), ("g_cu", "g_cs", "g_cr")])
def test_a_composition_stands_above_its_gates(gates):
    random = np.random.default_rng(0)
    signals = {name: random.uniform(size=(10, 20)) for name in (*gates, *(["s", "v"] if gates else []))}
    figure = composition(tune(1, 10), signals, "Composed")
    assert len(headings(figure)) == 1 + (len(gates) + 1 if gates else 0)
    assert "2.0 keys sounding at a time" in figure.get_label()


def test_silence_is_drawn_too():
    figure = composition(np.zeros((4, 88)), {}, "Composed")
    assert figure.axes[0].images[0].get_array().max() == 0
