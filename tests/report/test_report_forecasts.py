"""What the pictures of forecasts show is what they were given."""

import matplotlib.dates
import numpy as np
import pytest
from matplotlib.text import Text

from carousel.errors import CarouselError
from carousel.report import Shot, by_lead, calibration, forecast_window, stretch

Y = np.sin(np.arange(20.0))
TIMES = np.arange(20)
SHOTS = [
    Shot(2, np.full(5, 0.2), np.full(5, -2.0), np.full(5, 2.0)),
    Shot(17, np.full(5, 0.4), np.full(5, 3.0), np.full(5, 4.0)),
]


def lines(axes) -> list[np.ndarray]:
    return [line.get_xydata() for line in axes.lines if len(line.get_xydata()) > 2]


def test_a_stretch_shows_truth_forecasts_and_bands():
    figure = stretch(Y, SHOTS, "The end", "load", TIMES, 0.9)
    (axes,) = figure.axes
    truth, first = lines(axes)
    np.testing.assert_array_equal(truth, np.column_stack([TIMES, Y]))
    np.testing.assert_array_equal(first, np.column_stack([np.arange(3, 8), np.full(5, 0.2)]))
    assert len(axes.collections) == 2
    assert (
        axes.get_title(loc="left")
        == "black: truth; blue: forecast with its 90 % band; grey: where it was made"
    )
    assert axes.get_title(loc="right") == "71.4 % of these truths lie in the bands"
    assert axes.get_ylabel() == "load"
    assert "20 steps, and forecasts from 2 origins; 71.4 %" in figure.get_label()


def test_what_was_not_measured_is_in_no_share():
    y = Y.copy()
    y[18:] = np.nan
    assert "100.0 % of the truths" in stretch(y, SHOTS, "The end", "load", TIMES, 0.9).get_label()


def test_points_have_no_band():
    figure = stretch(Y, [Shot(2, np.zeros(1))], "The end", "load", TIMES, None)
    (axes,) = figure.axes
    assert not axes.collections
    assert axes.get_title(loc="right") == ""
    assert "band" not in axes.get_title(loc="left")


def test_times_are_dates():
    times = np.datetime64("2024-03-01", "ns") + TIMES * np.timedelta64(3600 * 10**9, "ns")
    figure = stretch(Y, SHOTS, "The end", "load", times, 0.9)
    figure.draw_without_rendering()
    assert isinstance(figure.axes[0].xaxis.get_major_formatter(), matplotlib.dates.ConciseDateFormatter)


@pytest.mark.parametrize(("worst", "scale"), [(3.0, "linear"), (300.0, "log")])
def test_errors_by_lead(worst, scale):
    errors = {"forecast": [1.0, 2.0, 2.5], "persistence": [1.0, 2.0, worst], "seasonal": [2.0, 2.0, None]}
    figure = by_lead(errors, "load")
    axes, margin = figure.axes
    assert [line.get_ydata().tolist()[:2] for line in axes.lines] == [[1.0, 2.0], [1.0, 2.0], [2.0, 2.0]]
    assert axes.lines[0].get_xdata().tolist() == [1, 2, 3]
    assert axes.get_yscale() == scale
    means = {"model 1.833", f"persistence {1 + worst / 3:.4g}", "seasonal naive 2"}
    assert {text.get_text() for text in margin.texts} == means
    assert len({line.get_linestyle() for line in axes.lines}) == 3, "told apart without colour"
    assert "over all leads: model 1.833, persistence" in figure.get_label()


def test_the_heading_of_a_target_with_a_long_name_meets_no_other():
    errors = {"forecast": [6.2018], "persistence": [35.364], "seasonal": [11.913], "ar": [8.8132]}
    figure = by_lead(errors, "number of visitors, weekly")
    figure.draw_without_rendering()
    axes, margin = figure.axes
    what, remark = (
        text.get_window_extent()
        for text in axes.get_children()
        if isinstance(text, Text) and "mean" in text.get_text()
    )
    assert what.x1 < remark.x0 or remark.x1 < what.x0
    assert max(text.get_window_extent().x1 for text in margin.texts) < figure.bbox.width


def test_where_there_is_no_season_it_is_not_drawn():
    same = [1.0, 2.0]
    figure = by_lead({"forecast": [0.5, 1.0], "persistence": same, "seasonal": same}, "load")
    assert {text.get_text() for text in figure.axes[1].texts} == {"model 0.75", "persistence 1.5"}


def test_calibration_shows_shares_and_what_lies_between():
    figure = calibration([0.1, 0.5, 0.9], [0.2, 0.5, 0.8])
    left, right = figure.axes
    np.testing.assert_allclose(left.lines[1].get_xydata(), [[0.1, 0.2], [0.5, 0.5], [0.9, 0.8]])
    assert [bar.get_height() for bar in right.patches] == pytest.approx([2, 0.75, 0.75, 2])
    assert sum(bar.get_height() * bar.get_width() for bar in right.patches) == pytest.approx(1)
    assert "band between 10.0 % and 90.0 % holds 60.0 % of the truths" in figure.get_label()


def test_gates_and_state_stand_above_the_forecasts():
    random = np.random.default_rng(0)
    signals = {
        "x": random.normal(size=(20, 2)),
        "s": random.normal(size=(20, 3)),
        "g_cs": random.random((20, 3)),
    }
    figure = forecast_window(signals, ["load", "hour"], Y, SHOTS, "The end", "load")
    figure.draw_without_rendering()
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles[:4] == [
        "$x$  input",
        "$g_{cs}$  control state (forget gate)",
        "$s$  state",
        "forecasts of load",
    ]
    np.testing.assert_array_equal(lines(figure.axes[3])[0][:, 1], Y)
    assert figure.axes[3].get_xlim() == figure.axes[0].get_xlim()
    assert "forecasts of load from 2 of the steps" in figure.get_label()
    with pytest.raises(CarouselError, match=r"'x' must have shape \(20, 1\)"):
        forecast_window(signals, ["load"], Y, SHOTS, "The end", "load")
