"""Rounds, and the ratios of given times."""

import gc

import pytest

from carousel.benchmarks import pairing
from carousel.benchmarks.contestants import Contestant
from carousel.benchmarks.pairing import Ratio, take_times


def test_the_ratio_is_the_median_of_the_rounds_not_the_ratio_of_the_medians():
    own, other = [1.0, 2.0, 10.0], [3.0, 2.0, 20.0]  # medians 2 and 3, whose ratio is 1.5
    ratio = Ratio.of(other, own)
    assert ratio == (2.0, 1.5, 2.5)
    assert ratio.scaled(0.5) == (1.0, 0.75, 1.25)


class Race:
    """Contestants whose steps advance a clock of their own by known seconds."""

    def __init__(self, **seconds):
        self.now, self.ran = 0.0, []
        self.contestants = {
            name: Contestant(name, lambda name=name, s=s: self.step(name, s), dict)
            for name, s in seconds.items()
        }

    def step(self, name, seconds):
        self.ran.append(name)
        self.now += seconds

    def times(self, seconds):
        return take_times(self.contestants, seconds, clock=lambda: self.now)


def test_everyone_runs_once_a_round_and_the_order_rotates(monkeypatch):
    monkeypatch.setattr(pairing, "LEAST_ROUNDS", 3)
    monkeypatch.setattr(pairing.time, "sleep", lambda seconds: None)
    race = Race(a=1 / 64, b=1 / 32, c=1 / 16)
    times = race.times(0.0)
    assert times == {"a": [1 / 64] * 3, "b": [1 / 32] * 3, "c": [1 / 16] * 3}
    assert race.ran == ["a", "b", "c", "a", "b", "c", "b", "c", "a", "c", "a", "b"]


def test_rounds_go_on_until_the_time_is_over():
    assert len(Race(a=1.0).times(20.5)["a"]) == 21
    assert len(Race(a=1.0).times(0.0)["a"]) == pairing.LEAST_ROUNDS
    assert len(Race(a=1e-9).times(1.0)["a"]) == pairing.MOST_ROUNDS


def test_where_the_runtime_changes_the_next_one_waits_and_runs_once_untimed(monkeypatch):
    monkeypatch.setattr(pairing, "LEAST_ROUNDS", 2)
    pauses = []
    race = Race(a=1 / 16, b=1 / 8, x=1 / 4)
    monkeypatch.setattr(pairing.time, "sleep", lambda seconds: pauses.append(len(race.ran)))
    race.contestants["x"] = race.contestants["x"]._replace(runtime="other")
    assert race.times(0.0) == {"a": [1 / 16] * 2, "b": [1 / 8] * 2, "x": [1 / 4] * 2}
    assert race.ran[3:] == ["a", "a", "b", "x", "x", "b", "b", "x", "x", "a", "a"]
    assert pauses == [3, 6, 8, 10, 12]


def test_whoever_was_long_away_runs_once_untimed(monkeypatch):
    """Else it would be timed with fresh memory, which in a training its last step has left behind."""
    monkeypatch.setattr(pairing, "LEAST_ROUNDS", 2)
    race = Race(a=1.0, b=1 / 8)
    assert race.times(0.0) == {"a": [1.0] * 2, "b": [1 / 8] * 2}
    assert race.ran == ["a", "b", "a", "b", "b", "b", "a"]


def test_no_garbage_is_collected_meanwhile_and_then_again():
    seen = []
    take_times({"a": Contestant("a", lambda: seen.append(gc.isenabled()), dict)}, 0.0)
    assert seen[0] is True and set(seen[1:]) == {False}
    assert gc.isenabled()


def test_a_step_that_fails_leaves_the_collector_on():
    calls = []

    def fail():
        calls.append(1)
        if len(calls) > 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        take_times({"a": Contestant("a", fail, dict)}, 0.0)
    assert gc.isenabled()
