"""The palette keeps the order of values in greyscale; labels keep apart; user text stays plain."""

import matplotlib
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.cbook import is_math_text
from matplotlib.figure import Figure

from carousel.style import SHARE, SIGNED, house_style, plain, spread, whole_numbers


@pytest.mark.parametrize("colours", [SHARE, SIGNED], ids=lambda colours: colours.name)
def test_a_greyscale_print_keeps_the_order_of_values(colours):
    luma = colours(np.linspace(0, 1, 64))[:, :3] @ [0.299, 0.587, 0.114]
    assert (np.diff(luma) < 0).all()
    assert luma[0] - luma[-1] > 0.7


def test_the_signed_map_is_neutral_at_zero():
    middle = SIGNED(0.5)[:3]
    assert max(middle) - min(middle) < 0.06


@given(st.lists(st.floats(0, 1), min_size=1, max_size=7))
def test_spread_labels_keep_apart_in_order_and_in_bounds(values):
    placed = spread(values, gap=0.13, low=0.0, high=1.0)
    order = np.argsort(values, kind="stable")
    assert (np.diff(np.asarray(placed)[order]) >= 0.13 - 1e-9).all()
    assert min(placed) >= -1e-9
    assert max(placed) <= 1 + 1e-9


def test_labels_with_room_stay_where_they_are():
    assert spread([0.9, 0.1, 0.5], gap=0.13, low=0.0, high=1.0) == [0.9, 0.1, 0.5]


@given(st.text(max_size=60))
def test_a_user_name_is_one_short_line_without_mathematics(name):
    shown = plain(name)
    assert len(shown.replace(r"\$", "$")) <= 20
    assert len(shown.splitlines()) <= 1
    assert not is_math_text(shown)


def test_a_long_name_keeps_both_ends():
    assert plain("accelerometer of the left wrist") == "accelerome…eft wrist"


@pytest.mark.parametrize("last", [0, 1, 7, 99])
def test_ticks_of_steps_are_whole(last):
    ticks = whole_numbers().tick_values(-0.5, last + 0.5)
    assert len(ticks)
    assert (ticks == np.round(ticks)).all()


def test_the_users_own_settings_do_not_leak_in():
    @house_style
    def draw():
        return Figure()

    with matplotlib.rc_context({"figure.facecolor": "black", "text.usetex": True}):
        figure = draw()
        assert matplotlib.rcParams["text.usetex"]
    assert figure.get_facecolor() == (1, 1, 1, 1)
