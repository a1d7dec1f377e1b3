"""Settings of different sections that do not go together are refused, not ignored."""

import pytest

from carousel.training import Config, override
from carousel.training.config import parse_config
from refusals import refusal


def complaint(*settings) -> str:
    return refusal(override, Config(), settings)


NEXT = ("forecast", "symbols")


@pytest.mark.parametrize("kind", NEXT)
def test_a_task_that_predicts_what_comes_next_has_layers_that_look_back(kind):
    config = override(Config(), [f"kind={kind}", "layer=augmented"])
    assert (config.model.bidirectional, config.model.context) == (False, (1, 0))
    assert override(config, ["layer=lstm"]).model.context == (0, 0)
    assert override(config, ["context=[3, 0]"]).model.context == (3, 0)
    assert override(config, ["kind=classify"]).model == Config().model
    text = f"task: {{kind: {kind}}}\nmodel: {{hidden_size: 8}}"
    assert parse_config(text, "text").model.bidirectional is False


@pytest.mark.parametrize("kind", NEXT)
@pytest.mark.parametrize(
    "setting, found",
    [("bidirectional=true", "bidirectional is true"), ("context=[0, 2]", "context looks 2 ahead")],
)
def test_a_layer_that_would_see_what_it_has_to_predict_is_refused(kind, setting, found):
    assert complaint(f"kind={kind}", "layer=augmented", setting) == (
        f"settings: a layer that looks ahead would see what task '{kind}' has to predict: {found}; "
        "set bidirectional to false and the second number of context to 0"
    )


def test_data_come_from_one_place():
    config = parse_config("data: {file: mine.csv}", "text")
    assert (config.data.dataset, config.data.name) == (None, "mine.csv")
    sentence = complaint("file=mine.csv", "dataset=japanese_vowels")
    assert sentence.endswith("data wants either a file or the name of a known dataset; give one of them")


ADDING = ("kind=memory", "problem=adding")


def test_a_problem_of_memory_has_dropout_between_layers_alone():
    adding = override(Config(), ADDING)
    there = ["kind=classify", "problem=null", "dataset=japanese_vowels"]
    assert (adding.model.dropout, override(adding, there).model.dropout) == (0, 0.2)
    assert override(Config(), [*ADDING, "dropout=0.1", "num_layers=2"]).model.dropout == 0.1
    assert complaint(*ADDING, "dropout=0.1") == (
        "settings: task 'memory' has dropout between layers alone, got dropout 0.1 and one layer; set dropout to 0, or "
        "num_layers to 2"
    )


ELSEWHERE = {
    "horizon=6": ("symbols", "'forecast'"),
    "output=point": ("classify", "'forecast'"),
    "levels=[0.1, 0.5, 0.9]": ("music", "'forecast'"),
    "base=last": ("online", "'forecast'"),
    "history=48": ("classify", "'forecast'"),
    "alphabet=bytes": ("music", "'symbols' or 'online'"),
    "embedding_size=32": ("forecast", "'symbols' or 'online'"),
    "frame=0.5": ("classify", "'music'"),
    "sequences=10": ("classify", "'memory'"),
    "held_out=10": ("forecast", "'memory'"),
    "advance=4": ("symbols", "'online'"),
    "input_offset=0.4": ("forecast", "'classify'"),
    "validation_fraction=0.1": ("online", "'classify', 'forecast', 'symbols' or 'music'"),
    "test_fraction=0.1": ("online", "'classify', 'forecast', 'symbols' or 'music'"),
    "patience=5": ("online", "'classify', 'forecast', 'symbols', 'music' or 'memory'"),
}
"""Settings, a task each in which it does nothing, and those in which it does something."""


@pytest.mark.parametrize("setting", ELSEWHERE)
def test_a_setting_of_another_task_is_refused(setting):
    kind, tasks = ELSEWHERE[setting]
    name, value = setting.split("=")
    told = f"'{value}'" if value.isalpha() else value
    assert complaint(f"kind={kind}", setting) == (
        f"settings: {name} is for task {tasks}, got {told} for task '{kind}'; leave it out"
    )


def test_a_problem_of_memory_has_no_setting_of_another_task():
    assert complaint(*ADDING, "input_offset=0.4") == (
        "settings: input_offset is for task 'classify', got 0.4 for task 'memory'; leave it out"
    )


def test_a_new_task_leaves_the_offset_of_the_old_one_behind():
    classifying = override(Config(), ["input_offset=0.4"])
    assert override(classifying, ["kind=forecast"]).training.input_offset == 0
