"""The panels of one sequence share time, gate scale and unit order."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from carousel.errors import CarouselError
from carousel.report import classified_sequence

GATES = ("g_cu", "g_cs", "g_cr", "g_cx")
NAMES = {
    "g_cu": "control update (input gate)",
    "g_cs": "control state (forget gate)",
    "g_cr": "control readout (output gate)",
    "g_cx": "control input (external input gate)",
}


def example(steps=6, features=3, units=5, count=4, gates=GATES, seed=0):
    generator = np.random.default_rng(seed)
    signals = {name: generator.random((steps, units)) for name in gates}
    signals["x"] = 3 * generator.standard_normal((steps, features))
    signals["s"] = 2 * generator.standard_normal((steps, units))
    weights = generator.random((steps, count))
    return {
        "signals": signals,
        "features": [f"x{index}" for index in range(features)],
        "probabilities": weights / weights.sum(axis=1, keepdims=True),
        "classes": [f"class {index}" for index in range(count)],
        "title": "one sequence",
    }


def panels(figure):
    """The panels by the first word of their titles; keys and margins have none."""
    return {axes.get_title(loc="left").split()[0]: axes for axes in figure.axes if axes.get_title(loc="left")}


def image(axes):
    (only,) = axes.images
    return only


def test_the_panels_come_in_the_order_of_the_signals():
    figure = classified_sequence(**example())
    shown = panels(figure)
    assert list(shown) == ["$x$", "$g_{cu}$", "$g_{cs}$", "$g_{cr}$", "$g_{cx}$", "$s$", "probability"]
    tops = [axes.get_position().y1 for axes in shown.values()]
    assert tops == sorted(tops, reverse=True)
    for gate, name in NAMES.items():
        assert name in shown[f"$g_{{{gate[2:]}}}$"].get_title(loc="left")


@pytest.mark.parametrize("absent", GATES)
def test_an_absent_gate_has_no_panel(absent):
    shown = panels(classified_sequence(**example(gates=[gate for gate in GATES if gate != absent])))
    assert len(shown) == 6
    assert f"$g_{{{absent[2:]}}}$" not in shown


def test_a_layer_without_gates_shows_the_rest():
    assert list(panels(classified_sequence(**example(gates=[])))) == ["$x$", "$s$", "probability"]


def test_the_panels_share_one_time_axis():
    plain = panels(classified_sequence(**example()))["probability"]
    assert plain.get_title(loc="right") == "had the sequence ended at this step"
    figure = classified_sequence(**example(steps=6), step_label="hour")
    shown = list(panels(figure).values())
    assert {axes.get_xlim() for axes in shown} == {(-0.5, 5.5)}
    assert len({(axes.get_position().x0, axes.get_position().x1) for axes in shown}) == 1
    for axes in shown[:-1]:
        assert image(axes).get_extent()[:2] == [-0.5, 5.5]
    shown[0].set_xlim(1, 2)
    assert shown[-1].get_xlim() == (1, 2)
    assert shown[-1].get_xlabel() == "hour"
    assert shown[-1].get_title(loc="right") == "had the sequence ended at this hour"


def test_equal_things_have_equal_colours():
    case = example()
    case["signals"]["g_cu"] *= 0.1
    shown = panels(classified_sequence(**case))
    gates = [image(shown[f"$g_{{{gate[2:]}}}$"]) for gate in GATES]
    assert {gate.get_clim() for gate in gates} == {(0.0, 1.0)}
    assert len({gate.cmap.name for gate in gates}) == 1
    for symbol, name in (("$x$", "x"), ("$s$", "s")):
        largest = np.abs(case["signals"][name]).max()
        assert image(shown[symbol]).get_clim() == (-largest, largest)


def test_one_key_serves_all_gates():
    figure = classified_sequence(**example())
    keys = [axes.get_ylabel() for axes in figure.axes if not axes.get_title(loc="left") and axes.get_ylabel()]
    assert keys == ["value", "gate, the same scale for all", "state"]
    (key,) = [axes for axes in figure.axes if axes.get_ylabel() == "gate, the same scale for all"]
    shown = panels(figure)
    assert key.get_position().y1 == pytest.approx(shown["$g_{cu}$"].get_position().y1)
    assert key.get_position().y0 == pytest.approx(shown["$g_{cx}$"].get_position().y0)


def test_keys_stand_in_one_column_right_of_the_panels():
    figure = classified_sequence(**example())
    rest = [axes for axes in figure.axes if not axes.get_title(loc="left")]
    assert len({axes.get_position().x0 for axes in rest}) == 1
    assert rest[0].get_position().x0 > figure.axes[0].get_position().x1


def test_units_have_one_order_by_the_final_state():
    case = example()
    shown = panels(classified_sequence(**case))
    state = image(shown["$s$"]).get_array()
    assert (np.diff(state[:, -1]) <= 0).all()
    order = np.argsort(-case["signals"]["s"][-1])
    for name in (*GATES, "s"):
        symbol = "$s$" if name == "s" else f"$g_{{{name[2:]}}}$"
        np.testing.assert_array_equal(image(shown[symbol]).get_array(), case["signals"][name][:, order].T)
        assert shown[symbol].get_ylabel() == "5 units,\nhighest final\n$s$ on top"


def test_the_input_is_shown_as_it_came():
    case = example()
    axes = panels(classified_sequence(**case))["$x$"]
    np.testing.assert_array_equal(image(axes).get_array(), case["signals"]["x"].T)
    assert [text.get_text() for text in axes.get_yticklabels()] == case["features"]


def test_the_true_class_is_thick_and_named_at_its_end():
    case = example()
    figure = classified_sequence(**case, true_class=2)
    lines = panels(figure)["probability"].get_lines()
    for index, line in enumerate(lines):
        np.testing.assert_array_equal(line.get_ydata(), case["probabilities"][:, index])
    widths = [line.get_linewidth() for line in lines]
    assert widths[2] > 2 * max(width for index, width in enumerate(widths) if index != 2)
    assert "class 2 (true)" in [text.get_text() for text in figure.axes[-1].texts]


def test_only_classes_that_led_are_named_and_told_apart_without_colour():
    case = example(count=4)
    case["probabilities"] = np.array(
        [[0.6, 0.2, 0.1, 0.1]] * 2 + [[0.1, 0.6, 0.2, 0.1]] * 2 + [[0, 0, 0, 1.0]] * 2
    )
    figure = classified_sequence(**case, true_class=3)
    assert sorted(text.get_text() for text in figure.axes[-1].texts) == [
        "class 0",
        "class 1",
        "class 3 (true)",
    ]
    lines = panels(figure)["probability"].get_lines()
    assert len({lines[index].get_linestyle() for index in (0, 1, 3)}) == 3


def test_without_a_true_class_no_line_claims_to_be_it():
    figure = classified_sequence(**example())
    assert not [text for text in figure.axes[-1].texts if "true" in text.get_text()]


def test_the_label_says_how_it_ended():
    case = example()
    case["probabilities"][-1] = [0.05, 0.9, 0.05, 0.0]
    label = classified_sequence(**case, true_class=2).get_label()
    assert "6 steps" in label
    assert "giving class 1 a probability of 0.90; the true class is class 2" in label


@settings(max_examples=12, deadline=None)
@given(
    steps=st.integers(1, 60),
    features=st.integers(1, 60),
    units=st.integers(1, 30),
    count=st.integers(1, 12),
    gates=st.sets(st.sampled_from(GATES)),
)
def test_any_shape_draws_without_a_warning(steps, features, units, count, gates):
    figure = classified_sequence(**example(steps, features, units, count, gates), true_class=0)
    assert len(panels(figure)) == 3 + len(gates)
    figure.draw_without_rendering()


def test_one_step_is_visible():
    shown = panels(classified_sequence(**example(steps=1), true_class=0))
    assert {line.get_marker() for line in shown["probability"].get_lines()} == {"o"}
    assert shown["$x$"].get_xlim() == (-0.5, 0.5)


def test_a_silent_sequence_has_a_scale():
    case = example()
    case["signals"]["x"][:] = 0
    assert image(panels(classified_sequence(**case))["$x$"]).get_clim() == (-1.0, 1.0)


def test_names_of_users_are_not_mathematics():
    case = example()
    case["features"] = ["$\\broken{$", "a b", "c\nd"]
    case["classes"] = ["$x$", "$", "_^", "an unusually long name of a class"]
    classified_sequence(**case | {"title": "$\\frac$"}, true_class=0).draw_without_rendering()


def changed(**parts):
    case = example()
    case["signals"] = case["signals"] | {
        name: value for name, value in parts.items() if name in case["signals"]
    }
    return case | {name: value for name, value in parts.items() if name not in case["signals"]}


@pytest.mark.parametrize(
    ("case", "words"),
    [
        (changed(x=np.zeros((6, 2))), r"'x' must have shape \(6, 3\).* 3 feature names, but has \(6, 2\)"),
        (changed(x=np.zeros((5, 3))), r"'x' must have shape \(6, 3\).* but has \(5, 3\)"),
        (
            changed(g_cs=np.zeros((6, 4))),
            r"'g_cs' must have shape \(6, 5\).* 5 units of 's', but has \(6, 4\)",
        ),
        (changed(g_cx=np.zeros((6, 1, 5))), r"'g_cx' must have shape \(6, 5\).* but has \(6, 1, 5\)"),
        (changed(s=np.zeros(5)), r"'s' must have shape \[steps, units\]"),
        (changed(s=np.zeros((0, 5))), "at least 1"),
        (
            changed(probabilities=np.zeros((6, 3))),
            r"'probabilities' must have shape \(6, 4\).* 4 class names",
        ),
        (changed(s=np.full((6, 5), np.nan)), "'s' must be finite"),
        (changed(true_class=4), "true class must be 0 to 3, but is 4"),
        (changed(true_class=-1), "true class must be 0 to 3, but is -1"),
        (changed(signals={"x": np.zeros((6, 3))}), "lack 's'"),
    ],
)
def test_shapes_that_disagree_are_refused_in_one_sentence(case, words):
    with pytest.raises(CarouselError, match=words) as caught:
        classified_sequence(**case)
    assert str(caught.value).count(". ") == 0
    assert str(caught.value).endswith(".")


def test_no_figure_touches_pyplot():
    code = "import sys, carousel.report; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
