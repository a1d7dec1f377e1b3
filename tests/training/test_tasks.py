"""Each kind of task says which test score runs are compared by."""

from collections.abc import Mapping
from typing import get_args, get_origin

import pytest

from carousel.training import TASKS, Config, override
from carousel.training.metrics import Positive


@pytest.mark.parametrize("kind", TASKS)
def test_the_primary_score_is_a_number_among_the_test_scores(kind):
    task = TASKS[kind]
    first, *rest = task.primary.split(".")
    found = task.test_scores.model_fields[first].annotation
    for _ in rest:
        assert get_origin(found) in (dict, Mapping)
        found = get_args(found)[1]
    assert found in (float, int) or get_args(found)[0] in (float, Positive)
    assert isinstance(task.higher_is_better, bool)


def test_a_normal_distribution_is_judged_by_its_likelihood():
    config = override(Config(), {"kind": "forecast"})
    forecast = TASKS["forecast"]
    assert forecast.primary_of(config) == "mase.forecast"
    assert forecast.primary_of(override(config, {"output": "gaussian"})) == "nll.forecast"


def test_baselines_are_in_terms_of_the_primary_score():
    mase = {"forecast": 0.8, "persistence": 1.5, "seasonal": 1.0}
    baselines = TASKS["forecast"].baselines
    assert baselines({"mase": mase, "nll": None}) == {"persistence": 1.5, "seasonal": 1.0}
    assert baselines({"mase": mase, "nll": {"forecast": 2.1, "garch": 2.2}}) == {"garch": 2.2}
    assert TASKS["symbols"].baselines({"loss": 2.0, "rivals": {"gzip": 3.0}}) == {"gzip": 3.0}
    assert TASKS["classify"].baselines({"accuracy": 1.0, "rivals": {"1-NN DTW": 0.9}}) == {"1-NN DTW": 0.9}


def test_test_scores_from_before_there_were_rivals_are_read():
    old = {"loss": 0.5, "accuracy": 0.75, "confusion": [[2, 0], [1, 1]], "classes": ["a", "b"]}
    classify = TASKS["classify"]
    read = classify.test_scores.model_validate(old).model_dump()
    assert (read["rivals"], classify.verdict(read), classify.baselines(read)) == ({}, "", {})
    errors = {"mae": 1.0, "rmse": 1.0, "mape": None, "mase": 1.0, "by_lead": [1.0]}
    target = dict.fromkeys(("forecast", "persistence", "seasonal"), errors)
    old = {
        "loss": 0.5, "pairs": 3, "mase": {"forecast": 0.5, "persistence": 1.0, "seasonal": 2.0},
        "targets": {"y": {**target, "pinball": None, "crps": None, "nll": None}}, "levels": [], "below": [], "coverage": [],
    }  # fmt: skip
    forecast = TASKS["forecast"]
    read = forecast.test_scores.model_validate(old).model_dump()
    assert forecast.verdict(read).endswith("% below that of persistence")
    assert read["targets"]["y"]["ar"] is None
