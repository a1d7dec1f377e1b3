"""The embedded Reber grammar: its strings, what may follow in them, and how they are divided."""

import re
from itertools import product
from math import log

import numpy as np
import pytest

from carousel.data.problems import TEST, VALIDATION, problem_of
from carousel.data.problems.reber import MOST, STRINGS, SYMBOLS, dealt, following, pool
from carousel.errors import CarouselError

INNER = r"B(TS*X{0}|PT*V(P{0}|VE))E?".format("(XT*VP)*(XT*VVE|SE)")


GRAMMAR = re.compile(rf"B(?P<outer>[TP])(?:{INNER})(?P=outer)E")


def text_of(examples, b):
    last = examples.told[:, b].sum() - 1
    return "".join(SYMBOLS[i] for i in (*examples.x[: last + 1, b], examples.targets[last, b]))


def test_a_grammar_written_otherwise_accepts_every_reber_string_and_no_spoilt_one():
    for string in pool(1000):
        assert GRAMMAR.fullmatch(string), string
        other = string[:-2] + ("P" if string[-2] == "T" else "T") + "E"
        assert not GRAMMAR.fullmatch(other)
    shortest = {string for string in pool(1000) if len(string) == 9}
    assert shortest == {f"B{outer}B{inner}E{outer}E" for outer, inner in product("TP", ("TXS", "PVV"))}
    assert not GRAMMAR.fullmatch("BTBTXVETE")


def test_what_may_follow_in_the_grammar_is_what_does():
    followers = {}
    for string in pool(1000):
        for n, chances in enumerate(following(string)):
            assert string[n + 1] in chances
            followers.setdefault(string[: n + 1], set()).update(chances)
    for string in pool(1000):
        for n in range(len(string) - 1):
            assert string[n + 1] in followers[string[: n + 1]]
    told = {len(chances) for chances in followers.values()}
    assert told == {1, 2}
    assert followers["B"] == {"T", "P"} and followers["BT"] == {"B"} and followers["BTBPVVE"] == {"T"}


def test_reber_sets_are_different_strings():
    problem = problem_of("reber")
    parts = [problem.held_out(part, 100) for part in (VALIDATION, TEST)]
    held_out = [{text_of(part, b) for b in range(100)} for part in parts]
    learnt = problem.draw(np.random.default_rng(0), 4000)
    strings = {text_of(learnt, b) for b in range(4000)}
    assert strings == set(dealt(0, STRINGS)) and len(strings) == 256
    assert len(held_out[0]) == len(held_out[1]) == 100
    assert not held_out[0] & held_out[1] and not (held_out[0] | held_out[1]) & strings
    for b in range(100):
        told = parts[0].told[:, b].sum()
        chances = [{SYMBOLS[i] for i in np.flatnonzero(row)} for row in parts[0].possible[:told, b]]
        assert chances == [set(chance) for chance in following(text_of(parts[0], b))]
        assert not parts[0].possible[told:, b].any()


def test_the_parts_of_reber_are_alike():
    problem = problem_of("reber")
    lengths = [len(string) for string in dealt(0, STRINGS)]
    for part in (VALIDATION, TEST):
        held_out = problem.held_out(part, 256)
        assert held_out.told.sum(axis=0).mean() + 1 == pytest.approx(np.mean(lengths), rel=0.02)
        few = problem.held_out(part, 64)
        assert few.told.sum(axis=0).mean() + 1 == pytest.approx(np.mean(lengths), rel=0.06)
        choices = (held_out.possible.sum(axis=-1) > 1).sum(axis=0) + 1
        level = log(2) * (choices / held_out.told.sum(axis=0)).mean()
        assert level == pytest.approx(problem.trivial, rel=0.01)


def test_more_different_strings_of_reber_than_can_be_found_get_a_sentence():
    with pytest.raises(
        CarouselError, match=f"{MOST} strings to hold out at most, got held_out 1000000; lower it$"
    ):
        problem_of("reber").held_out(VALIDATION, 1_000_000)


def test_the_trivial_level_of_reber_is_that_of_an_answer_without_the_second_symbol():
    losses = []
    for string in dealt(0, STRINGS):
        chances = [len(chance) for chance in following(string)]
        chances[-2] = 2
        losses.append(np.mean(np.log(chances)))
    assert problem_of("reber").trivial == pytest.approx(np.mean(losses), rel=1e-12)
