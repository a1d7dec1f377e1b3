"""Problems of memory are what their papers say: each sequence against its rule."""

import re

import numpy as np
import pytest

from carousel.data.problems import NOTHING, PROBLEMS, TEST, VALIDATION, Criterion, problem_of
from carousel.errors import CarouselError

SMALL = {
    "adding": {"length": 7},
    "copy": {"length": 3},
    "lag_2a": {"length": 5},
    "lag_2b": {"length": 5},
    "lag_2c": {"length": 6, "distractors": 3},
    "adding_1997": {"length": 30},
    "multiplication": {"length": 30},
}


def drawn(name, count, **sizes):
    return problem_of(name, **sizes).draw(np.random.default_rng(3), count)


@pytest.mark.parametrize("name", PROBLEMS)
def test_sequences_have_the_announced_form(name):
    problem = problem_of(name, **SMALL.get(name, {}))
    for examples in (problem.draw(np.random.default_rng(0), 5), problem.held_out(VALIDATION, 5)):
        T, B = examples.told.shape
        assert B == 5
        if examples.x.dtype == np.int64:
            assert examples.x.shape == (T, B)
            assert examples.x.min() >= NOTHING and examples.x.max() < problem.inputs
        else:
            assert (examples.x.shape, examples.x.dtype) == ((T, B, problem.inputs), np.float32)
        wanted = ((T, B), np.int64) if problem.classes else ((T, B, problem.outputs), np.float32)
        assert (examples.targets.shape, examples.targets.dtype) == wanted
        if problem.classes:
            assert examples.targets.min() >= 0 and examples.targets.max() < problem.outputs
        assert examples.told.any(axis=0).all() and examples.judged.any(axis=0).all()
        assert (examples.told | ~examples.judged).all()
        assert examples.told.any(axis=1)[-1], "no sequence ends at the last step"


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_seed_gives_the_same_again_and_parts_differ(name):
    problem = problem_of(name, **SMALL.get(name, {}))
    for one, other in zip(*(problem.draw(np.random.default_rng(5), 4) for _ in range(2)), strict=True):
        np.testing.assert_array_equal(one, other)
    parts = [problem.held_out(part, 8) for part in (VALIDATION, VALIDATION, TEST)]
    assert all(np.array_equal(*pair) for pair in zip(*parts[:2], strict=True))
    assert not all(np.array_equal(*pair) for pair in zip(parts[0], parts[2], strict=True))


def test_parts_of_the_sequences_are_all_of_them():
    examples = problem_of("reber").held_out(TEST, 7)
    parts = examples.cut(3)
    assert [part.told.shape[1] for part in parts] == [3, 3, 1]
    for arrays, whole in zip(zip(*parts, strict=True), examples, strict=True):
        np.testing.assert_array_equal(np.concatenate(arrays, axis=1), whole)
    assert problem_of("copy").held_out(TEST, 7).cut(4)[0].possible is None


def test_adding():
    examples = drawn("adding", 500, length=50)
    values, markers = examples.x[..., 0], examples.x[..., 1]
    assert set(markers.ravel()) == {0, 1}
    assert (markers.sum(axis=0) == 2).all()
    assert values.min() >= 0 and values.max() <= 1
    np.testing.assert_allclose(examples.targets[-1, :, 0], (values * markers).sum(axis=0), rtol=1e-6)
    assert examples.told[-1].all() and examples.told.sum() == 500
    often = markers.mean(axis=1)
    assert often.min() > 0.4 * often.mean(), "a mark may be anywhere"


@pytest.mark.parametrize("name", ["adding_1997", "multiplication"])
def test_marked_pairs_of_1997(name):
    examples = drawn(name, 3000, length=40)
    lengths = examples.told.argmax(axis=0) + 1
    assert set(lengths) == set(range(40, 45))
    values, markers = examples.x[..., 0], examples.x[..., 1]
    for b, length in enumerate(lengths):
        assert markers[0, b] == markers[length - 1, b] == -1
        assert not examples.x[length:, b].any()
        marked = np.flatnonzero(markers[:, b] == 1)
        assert len(marked) in (1, 2) and marked.max() < 40 // 2 - 1
        assert len(marked) == 1 or marked.min() < 10
        seen = [float(values[step, b]) for step in marked]
        first, second = seen if len(seen) == 2 else (seen[0], 0.0 if name == "adding_1997" else 1.0)
        wanted = 0.5 + (first + second) / 4 if name == "adding_1997" else first * second
        assert examples.targets[length - 1, b, 0] == pytest.approx(wanted, abs=1e-6)
    assert values.min() < (-0.99 if name == "adding_1997" else 0.01)
    alone = ((markers == 1).sum(axis=0) == 1).mean()
    assert alone == pytest.approx(1 / 10 + 9 / 10 / (40 // 2 - 2), abs=0.02)


def test_copy():
    examples = drawn("copy", 400, length=7)
    assert examples.told.shape == (27, 400) and examples.told.all()
    x, targets = examples.x, examples.targets
    assert set(x[:10].ravel()) == set(range(1, 9))
    assert not x[10:16].any() and (x[16:] == 9).all()
    assert not targets[:17].any()
    np.testing.assert_array_equal(targets[17:], x[:10])


@pytest.mark.parametrize("name", PROBLEMS)
def test_a_sequence_is_about_as_long_as_announced(name):
    problem = problem_of(name, **SMALL.get(name, {}))
    assert 0.9 * len(problem.held_out(TEST, 30).told) <= problem.longest


def test_what_the_paper_says_of_peepholes_and_spike_delays():
    assert problem_of("spike_delays").published.startswith(
        "LSTM with and without peepholes, without them often sooner"
    )


@pytest.mark.parametrize("name", ["lag_2a", "lag_2b"])
def test_lags_between_two_ends(name):
    examples = drawn(name, 300, length=6)
    strings = np.concatenate([examples.x, examples.targets[-1:]])
    np.testing.assert_array_equal(strings[1:], examples.targets)
    assert set(strings[0]) == {5, 6}, "x and y"
    np.testing.assert_array_equal(strings[0], strings[-1])
    middle = strings[1:-1]
    assert set(middle.ravel()) == set(range(5))
    assert (middle == np.arange(5)[:, None]).all() == (name == "lag_2a")
    assert examples.told.all()
    assert examples.judged.all() == (name == "lag_2a")
    assert examples.judged[-1].all() and examples.judged.sum(axis=0).min() == (6 if name == "lag_2a" else 1)


def test_the_long_lag():
    examples = drawn("lag_2c", 4000, length=6, distractors=3)
    b, e, x, y = 3, 4, 5, 6
    ends = examples.told.argmax(axis=0)
    assert examples.told.sum() == 4000
    for column, end in enumerate(ends):
        string = examples.x[:, column]
        assert string[0] == b and string[1] in (x, y) and string[end] == e
        assert set(string[2:end]) <= {0, 1, 2}
        assert (string[end + 1 :] == NOTHING).all()
        assert examples.targets[end, column] == (string[1] == y)
    further = ends - 8
    assert further.min() == 0 and further.mean() == pytest.approx(9, rel=0.05)
    assert (further == 0).mean() == pytest.approx(1 / 10, abs=0.02)


@pytest.mark.parametrize("name, noise", [("two_sequences_3a", 0.0), ("two_sequences_3b", 0.2)])
def test_two_sequences(name, noise):
    examples = drawn(name, 4000, length=20, informative=3)
    ends = examples.told.argmax(axis=0)
    assert set(ends + 1) == {20, 21, 22}
    answers = examples.targets[ends, np.arange(4000), 0]
    assert set(answers) == {0, 1}
    signal, rest = examples.x[:3, :, 0], examples.x[3:20, :, 0]
    assert ((signal - (2 * answers - 1)) ** 2).mean() == pytest.approx(noise, abs=0.01)
    assert rest.mean() == pytest.approx(0, abs=0.01) and rest.var() == pytest.approx(0.2, abs=0.01)
    assert not examples.x[20:][:, ends == 19].any()


def test_targets_of_3c_are_noisy_to_learn_from_and_clean_to_be_judged_by():
    problem = problem_of("two_sequences_3c", length=20)
    learnt, judged = problem.draw(np.random.default_rng(0), 4000), problem.held_out(TEST, 400)
    assert {round(float(value), 6) for value in judged.targets[judged.told].ravel()} == {0.2, 0.8}
    noisy = learnt.targets[learnt.told].ravel()
    signal = learnt.x[:3, :, 0].mean(axis=0) > 0
    order = learnt.told.T.nonzero()[0]
    assert len(np.unique(noisy)) > 3000 and list(order) == list(range(4000))
    answers = learnt.targets[learnt.told.argmax(axis=0), np.arange(4000), 0]
    # Three values of mean 1 and deviation sqrt(0.2) have the wrong sign once in 18,000.
    assert answers[signal].mean() == pytest.approx(0.8, abs=0.03)
    assert answers[~signal].var() == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize(
    "name, places", [("order_6a", [(10, 20), (50, 60)]), ("order_6b", [(10, 20), (33, 43), (66, 76)])]
)
def test_order(name, places):
    examples = drawn(name, 3000)
    ends = examples.told.argmax(axis=0)
    assert set(ends + 1) == set(range(100, 111))
    seen = [set() for _ in places]
    for b, end in enumerate(ends):
        symbols = ["EBabcdXY"[i] for i in examples.x[: end + 1, b]]
        assert symbols[0] == "E" and symbols[-1] == "B"
        told = [n for n, symbol in enumerate(symbols) if symbol in "XY"]
        assert len(told) == len(places)
        for steps, n in zip(seen, told, strict=True):
            steps.add(n)
        bits = "".join("1" if symbols[n] == "Y" else "0" for n in told)
        assert examples.targets[end, b] == int(bits, 2)
        assert set(symbols) - set("XYEB") <= set("abcd")
        assert (examples.x[end + 1 :, b] == NOTHING).all()
    assert seen == [set(range(first, last + 1)) for first, last in places]
    assert len(set(examples.targets[examples.told])) == 2 ** len(places)


def test_spike_delays():
    examples = drawn("spike_delays", 50, length=4, choices=2)
    for b in range(50):
        times = np.flatnonzero(examples.x[:, b, 0])
        assert times[0] == 0 and len(times) == 11 and set(examples.x[:, b, 0]) == {0, 1}
        np.testing.assert_array_equal(np.flatnonzero(examples.told[:, b]), times[1:])
        np.testing.assert_array_equal(examples.targets[times[1:], b, 0], np.diff(times) - 4)
        assert set(np.diff(times)) <= {4, 5, 6}


def test_timed_spikes_are_spike_delays_the_other_way_round():
    examples = drawn("timed_spikes", 50, length=4, choices=2)
    for b in range(50):
        times = np.array([0, *np.flatnonzero(examples.targets[:, b, 0])])
        assert len(times) == 11
        np.testing.assert_array_equal(examples.x[times[:-1], b, 0], np.diff(times) - 4)
        assert np.count_nonzero(examples.x[:, b, 0]) == np.count_nonzero(np.diff(times) - 4)
        np.testing.assert_array_equal(examples.told[:, b], np.arange(len(examples.told)) <= times[-1])
    told = examples.targets[examples.told]
    assert problem_of("timed_spikes", length=4, choices=2).trivial == pytest.approx(told.var(), rel=0.05)


def test_streams_that_are_held_out_are_longer():
    delays = problem_of("spike_delays")
    for part, spikes in {VALIDATION: 100, TEST: 1000}.items():
        assert (delays.held_out(part, 3).told.sum(axis=0) == spikes).all()
    assert len(problem_of("cosine", length=25).held_out(TEST, 1).told) == 25_000


def test_periodic_functions():
    waves = {name: drawn(name, 2, length=4).targets[:8, 0, 0].tolist() for name in ("triangle", "rectangle")}
    assert waves == {"triangle": [0, 0.5, 1, 0.5] * 2, "rectangle": [0, 0, 1, 1] * 2}
    cosine = drawn("cosine", 2, length=25)
    np.testing.assert_allclose(
        cosine.targets[:, 1, 0], (1 - np.cos(2 * np.pi * np.arange(250) / 25)) / 2, atol=1e-6
    )
    assert not cosine.x.any() and cosine.told.all()


def test_a_criterion_is_met_where_all_its_bounds_are():
    criterion = Criterion(right=0.99, error=0.1)
    assert criterion.is_met(right=0.99, error=0.09, loss=7.0)
    assert not criterion.is_met(right=0.98, error=0.09, loss=0.0)
    assert not criterion.is_met(right=1.0, error=0.1, loss=0.0)
    assert not Criterion(loss=0.1).is_met(right=1.0, error=0.0, loss=0.1)
    assert str(criterion) == "99 % of the sequences right and a mean error below 0.1"
    assert str(problem_of("adding").criterion) == "a loss below 0.00167"


def test_what_is_published_is_of_these_sizes_or_says_of_which():
    assert problem_of("lag_2c", length=1000, distractors=50).published.startswith(
        "LSTM after 203,000 sequences"
    )
    assert problem_of("lag_2c", length=900, distractors=900).published.startswith(
        "at length 1000, distractors 1000: LSTM after 49,000"
    )
    assert all(problem_of(name).published for name in PROBLEMS)


@pytest.mark.parametrize(
    "name, sizes, sentence",
    [
        ("coppy", {}, "there is no problem 'coppy'; did you mean 'copy'?"),
        ("order_6a", {"length": 9}, "problem 'order_6a' is of one size, got length 9; leave that out"),
        ("copy", {"choices": 2}, "problem 'copy' has length, got choices 2; leave that out"),
        (
            "adding_1997",
            {"length": 21},
            "the adding problem of 1997 wants a length of 22 or more, got 21; raise it",
        ),
        (
            "two_sequences_3a",
            {"length": 5, "informative": 6},
            "task 3a, the two-sequence problem wants a length of 6 or more, got 5; raise it",
        ),
    ],
)
def test_what_is_no_problem_gets_a_sentence(name, sizes, sentence):
    with pytest.raises(CarouselError, match=f"^{re.escape(sentence)}$"):
        problem_of(name, **sizes)
