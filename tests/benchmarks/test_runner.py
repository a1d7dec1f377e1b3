"""Measuring a setting: who is timed, who is refused, and what the numbers mean."""

import pytest
import torch

from carousel.benchmarks import pairing, peers, runner
from carousel.benchmarks.contestants import UnsuitableError
from carousel.benchmarks.grid import Shape
from carousel.benchmarks.plan import Setting
from carousel.benchmarks.problem import Problem
from carousel.benchmarks.runner import measure

SHAPE = Shape(B=2, T=3, I=4, H=6)
PEAKS = {1: 100.0}


@pytest.fixture(autouse=True)
def few_rounds(monkeypatch):
    monkeypatch.setattr(pairing, "LEAST_ROUNDS", 3)


def plant(monkeypatch, name, change):
    """Replace a contestant by one whose values are changed."""
    build = peers.CONTESTANTS[name]

    def wrong(problem):
        contestant = build(problem)
        return contestant._replace(read=lambda found: change(contestant.read(found)))

    monkeypatch.setitem(peers.CONTESTANTS, name, wrong)


def off(values):
    return values | {"d x": values["d x"] + 0.1 * values["d x"].abs().max()}


def test_every_rival_gets_a_result():
    setting = Setting("peephole", "training", SHAPE, 1, ("loop", "plain", "peak"))
    loop, plain, peak = measure(setting, 0.0, PEAKS)
    assert [one.against for one in (loop, plain, peak)] == ["loop", "plain", "peak"]
    for one in (loop, plain, peak):
        assert (one.cell, one.mode, one.shape, one.threads) == ("peephole", "training", SHAPE, 1)
        assert one.refused is None and one.rounds == 3
        assert one.quartiles[0] <= one.ratio <= one.quartiles[1]
        assert one.own == loop.own > 0


def test_a_planted_wrong_contestant_is_refused_and_the_others_are_timed(monkeypatch):
    plant(monkeypatch, "loop", off)
    setting = Setting("plain", "training", SHAPE, 1, ("nn.LSTM", "loop"))
    right, wrong = measure(setting, 0.0, PEAKS)
    assert right.ratio > 0
    assert (wrong.own, wrong.ratio) == (None, None)
    assert wrong.refused == "loop disagrees by 1.0e-01 in d x with carousel"


def test_a_layer_that_differs_from_its_witness_is_not_timed_at_all(monkeypatch):
    plant(monkeypatch, "carousel", off)
    monkeypatch.setattr(runner, "take_times", None)
    setting = Setting("plain", "training", SHAPE, 1, ("loop", "peak"))
    wanted = "nn.LSTM disagrees by 9.1e-02 in d x with carousel"
    assert [one.refused for one in measure(setting, 0.0, PEAKS)] == [wanted] * 2


def test_a_plain_layer_that_differs_is_not_measured_against(monkeypatch):
    build = peers.CONTESTANTS["nn.LSTM"]
    monkeypatch.setitem(
        peers.CONTESTANTS, "nn.LSTM", lambda problem: build(problem)._replace(read=lambda found: {})
    )
    loop, plain = measure(Setting("peephole", "training", SHAPE, 1, ("loop", "plain")), 0.0, PEAKS)
    assert loop.ratio > 0
    assert plain.refused.startswith("nn.LSTM computes  instead of output, v, s")


def test_who_cannot_take_part_is_refused_with_the_reason(monkeypatch):
    def unsuitable(problem):
        raise UnsuitableError("too small")

    monkeypatch.setitem(peers.CONTESTANTS, "jax", unsuitable)
    (found,) = measure(Setting("plain", "inference", SHAPE, 1, ("jax",)), 0.0, PEAKS)
    assert found.refused == "too small"


TIMES = {
    "carousel": [2.0, 4.0, 2.0],
    "nn.LSTM": [4.0, 8.0, 6.0],
    "plain": [1.0, 2.0, 1.0],
    "nn.LSTMCell": [6.0] * 3,
}


@pytest.fixture
def given_times(monkeypatch):
    monkeypatch.setattr(
        runner, "take_times", lambda contestants, seconds: {name: TIMES[name] for name in contestants}
    )


def test_times_and_ratios(given_times):
    nn_lstm, peak = measure(Setting("plain", "training", SHAPE, 1, ("nn.LSTM", "peak")), 0.0, PEAKS)
    operations = Problem.draw("plain", "training", SHAPE).operations
    assert (nn_lstm.own, nn_lstm.other, nn_lstm.ratio, nn_lstm.quartiles) == (2.0, 6.0, 2.0, (2.0, 2.5))
    assert nn_lstm.speed == pytest.approx(operations / 2.0 / 1e9)
    assert peak.ratio == pytest.approx(operations / 2.0 / 1e9 / 100.0)


def test_float64_is_held_against_half_the_peak(given_times):
    (single,) = measure(Setting("plain", "training", SHAPE, 1, ("peak",)), 0.0, PEAKS)
    (double,) = measure(Setting("float64", "training", SHAPE, 1, ("peak",)), 0.0, PEAKS)
    assert double.ratio == pytest.approx(2 * single.ratio)


def test_against_the_plain_lstm_operations_a_second_count(given_times):
    (found,) = measure(Setting("peephole", "training", SHAPE, 1, ("plain",)), 0.0, PEAKS)
    more_work = (4 * 4 + 4 * 6 + 3 * 6) / (4 * 4 + 4 * 6)
    assert found.ratio == pytest.approx(0.5 * more_work)


def test_streaming_counts_a_step(given_times):
    (found,) = measure(Setting("plain", "streaming", SHAPE._replace(B=1), 1, ("nn.LSTMCell",)), 0.0, PEAKS)
    assert (found.own, found.other, found.ratio) == (pytest.approx(2.0 / 3), 2.0, 3.0)


def test_length_takes_ten_times_the_steps(monkeypatch):
    lengths = {}

    def take_times(contestants, seconds):
        for name, contestant in contestants.items():
            lengths[name] = len(contestant.step()[0])
        return {"short": [1.0, 1.0, 2.0], "long": [9.0, 11.0, 16.0]}

    monkeypatch.setattr(runner, "take_times", take_times)
    (found,) = measure(Setting("plain", "length", SHAPE, 1, ("itself",)), 0.0, PEAKS)
    assert lengths == {"short": 3, "long": 30}
    assert (found.own, found.other, found.ratio) == (11.0, 1.0, 9.0)


def test_memory_is_held_as_theirs_over_ours(monkeypatch):
    bytes_of = {"carousel": 100, "nn.LSTM": 150}
    monkeypatch.setattr(runner, "peak_memory", lambda name, *setting: bytes_of[name])
    (found,) = measure(Setting("plain", "memory", SHAPE, 1, ("nn.LSTM",)), 0.0, PEAKS)
    assert (found.own, found.other, found.ratio, found.speed) == (100, 150, 1.5, None)


def test_memory_that_the_system_does_not_tell_is_refused(monkeypatch):
    def fail(*setting):
        raise UnsuitableError("it does not tell")

    monkeypatch.setattr(runner, "peak_memory", fail)
    (found,) = measure(Setting("plain", "memory", SHAPE, 1, ("nn.LSTM",)), 0.0, PEAKS)
    assert found.refused == "it does not tell"


def test_what_pytorch_says_of_its_slow_paths_is_not_repeated():
    measure(Setting("projected", "inference", SHAPE, 1, ("nn.LSTM",)), 0.0, PEAKS)


def test_threads_are_set_meanwhile_and_restored(monkeypatch):
    seen, before = [], torch.get_num_threads()
    monkeypatch.setattr(runner, "_speeds", lambda *arguments: seen.append(torch.get_num_threads()) or [])
    measure(Setting("plain", "inference", SHAPE, 2, ("nn.LSTM",)), 0.0, PEAKS)
    assert (seen, torch.get_num_threads()) == ([2], before)
