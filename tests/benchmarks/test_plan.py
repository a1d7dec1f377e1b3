"""From rows to settings, and what cannot be planned."""

import pytest

from carousel.benchmarks import Plan, plan
from carousel.benchmarks.grid import GRID, LARGE, QUICK
from carousel.benchmarks.rows import ROWS
from carousel.errors import CarouselError


@pytest.fixture(autouse=True)
def everyone_is_here(monkeypatch):
    monkeypatch.setattr(plan, "absent", dict)
    monkeypatch.setattr(plan, "cores", lambda: 2)


def places(found: Plan) -> list[tuple]:
    return [setting[:4] for setting in found.settings]


def test_a_setting_holds_all_who_are_measured_together():
    found = Plan.make(["plain-training", "loops", "peak"], [1])
    assert len(places(found)) == len(set(places(found)))
    rivals = {setting[:4]: setting.rivals for setting in found.settings}
    assert rivals["plain", "training", GRID[0], 1] == ("nn.LSTM", "loop")
    assert rivals["plain", "training", LARGE[0], 1] == ("nn.LSTM", "peak", "loop")
    assert rivals["float64", "training", LARGE[0], 1] == ("peak",)


def test_threads_and_sizes():
    assert places(Plan.make(["plain-training"])) == [
        ("plain", "training", shape, threads) for shape in GRID for threads in (1, 2)
    ]
    assert {setting.shape for setting in Plan.make(is_quick=True).settings} == set(QUICK)
    assert Plan.make(["streaming"], [2, 1, 2]).threads == [1, 2]


def test_settings_are_in_the_order_of_the_grid():
    found = Plan.make(["peak", "loops"], [1])
    for cell in ("plain", "augmented"):
        assert [setting.shape for setting in found.settings if setting.cell == cell] == list(GRID)


def test_one_core_is_measured_with_one_thread(monkeypatch):
    monkeypatch.setattr(plan, "cores", lambda: 1)
    assert Plan.make().threads == [1]


def test_slow_rows_are_measured_only_if_named():
    assert {row.name for row in Plan.make().rows} == {row.name for row in ROWS} - {"compiled"}
    assert {row.name for row in Plan.make(["compiled"]).rows} == {"compiled"}


def test_absent_rivals_are_left_out_and_named_if_they_were_asked_for(monkeypatch):
    monkeypatch.setattr(plan, "absent", lambda: {"jax": "jax not installed"})
    found = Plan.make(["jax", "streaming"])
    assert {row.name for row in found.rows} == {"streaming"}
    assert found.absent == {"jax": "jax not installed"}
    assert Plan.make(["streaming"]).absent == {}


@pytest.mark.parametrize(
    "names, threads, sentence",
    [
        (["streming"], [], "no row of the table is called 'streming'; did you mean 'streaming'?"),
        ([], [3], "--threads must lie in 1..2, the cores that this process may use, got 3"),
        ([], [1, 0], "--threads must lie in 1..2, the cores that this process may use, got 0"),
    ],
)
def test_what_cannot_be_planned(names, threads, sentence):
    with pytest.raises(CarouselError) as refusal:
        Plan.make(names, threads)
    assert str(refusal.value) == sentence


def test_a_setting_in_words():
    assert str(Plan.make(["streaming"], [1]).settings[0]) == "plain streaming B1 T100 I128 H256, 1 thread"
