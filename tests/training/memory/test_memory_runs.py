"""A problem from its configuration to a verdict; killed, to the same bits."""

import os
import re

import pytest

from carousel.data.problems import PROBLEMS
from carousel.errors import CarouselError
from carousel.experiments import available, resolve
from carousel.training import (
    TASKS,
    Config,
    evaluate,
    fit,
    generate,
    open_run,
    override,
    prediction_table,
    resume,
)
from commands import call, sentence
from kills import Killed

EASY = ["kind=memory", "problem=two_sequences_3b", "length=4", "hidden_size=8", "epochs=40", "sequences=200"]
EASY += ["held_out=100", "batch_size=20", "learning_rate=0.02"]
HARD = ["kind=memory", "problem=copy", "length=5", "hidden_size=4", "epochs=3", "sequences=20"]
HARD += ["held_out=10", "batch_size=8"]


@pytest.fixture(scope="module")
def solved(tmp_path_factory):
    return fit(override(Config(recipe="easy"), EASY), tmp_path_factory.mktemp("solved"), progress=False)


@pytest.fixture(scope="module")
def unsolved(tmp_path_factory):
    return fit(override(Config(recipe="hard"), HARD), tmp_path_factory.mktemp("unsolved"), progress=False)


def test_training_stops_when_the_validation_part_meets_the_criterion(solved):
    metrics, rows = solved.metrics(), solved.history()
    test = metrics["test"]
    assert metrics["status"] == "complete"
    assert 1 < len(rows) < 40, "it was solved early, and not at once"
    assert metrics["best_epoch"] == metrics["epochs"] == len(rows)
    assert test["solved_after"] == test["seen"] == 200 * len(rows)
    met = [row["validation_right"] >= 1 - 5 / 256 and row["validation_error"] < 0.04 for row in rows]
    assert met == [False] * (len(rows) - 1) + [True]
    assert test["trivial"] == 0.25 and test["error"] < 0.05
    assert test == evaluate(solved.folder)


def test_the_verdict_is_one_sentence(solved, unsolved):
    test = solved.metrics()["test"]
    assert solved.task.verdict(test) == (
        "Task 3b, the two-sequence problem with noise on the signal (length 4, informative 3) is solved after "
        f"{test['solved_after']:,} training sequences (98.05 % of the sequences right and a mean error below 0.04 on "
        f"the validation part); the test part is {100 * test['right']:.1f} % right, loss {test['loss']:.3g}, with a "
        "trivial level of 0.25; published: at length 100, informative 3: LSTM after 41,740 sequences (Hochreiter and "
        "Schmidhuber 1997)."
    )
    test = unsolved.metrics()["test"]
    assert test["solved_after"] is None
    assert unsolved.task.verdict(test).startswith(
        f"The copy problem (length 5) is not solved; the best epoch came after {test['seen']} training sequences "
        "(wanted were a loss below 0.00832 on the validation part); the test part is 0.0 % right, loss "
    )


def test_the_rate_is_constant_and_every_sequence_counts(unsolved):
    assert len(unsolved.history()) == 3
    assert unsolved.metrics()["test"]["seen"] == 20 * unsolved.metrics()["best_epoch"]
    task = TASKS["memory"]
    assert (task.primary, task.higher_is_better) == ("solved_after", False)
    test = unsolved.metrics()["test"]
    assert (task.primary_score(unsolved.config, test), task.is_reached(test)) == (3 * 20, False)
    solved = test | {"solved_after": 40}
    assert (task.primary_score(unsolved.config, solved), task.is_reached(solved)) == (40, True)
    assert task.baselines(test) == {}


@pytest.mark.parametrize(
    "settings, words",
    [
        (
            ["problem=lag_2a", "length=100000"],
            "the sequences of task 2a, .* 1,000 held out and 32 in a batch, take some [0-9,]+ GB, and this machine has "
            "[0-9,]+; lower the sizes of the problem, held_out or batch_size$",
        ),
        (["problem=timed_spikes", "length=100000"], "the sequences of generating timed spikes .* GB"),
        (["problem=cosine", "length=100000"], "the sequences of generating a cosine .* GB"),
        (["problem=copy", "held_out=1000000", "length=100000"], "the sequences of the copy problem .* GB"),
        (
            ["problem=reber", "held_out=1000000"],
            "the embedded Reber grammar has 1000 strings to hold out at most",
        ),
    ],
)
def test_what_cannot_be_drawn_gets_a_sentence_at_once(settings, words, tmp_path, monkeypatch):
    monkeypatch.setattr("carousel.training.tasks.memory.memory", lambda: 64e9)
    config = override(Config(), ["kind=memory", *settings])
    with pytest.raises(CarouselError, match=f"^{words}"):
        fit(config, tmp_path / "run", progress=False)


@pytest.mark.parametrize("recipe", [name for name in available() if resolve(name).task.kind == "memory"])
def test_a_recipe_has_no_dropout_and_can_be_drawn(recipe):
    config = resolve(recipe)
    assert config.model.dropout == 0, "one layer has nothing between layers"
    assert config.task.held_out <= len(TASKS["memory"].prepare(config).test.told[0])


@pytest.mark.parametrize("which", ["solved", "unsolved"])
@pytest.mark.parametrize("killed", ["in the middle", "at the end"])
def test_a_kill_changes_no_bit(which, killed, request, tmp_path, monkeypatch):
    whole = request.getfixturevalue(which)
    after = 2 if killed == "in the middle" else len(whole.history())
    original, checkpoints = os.replace, []

    def replace(source, target):
        if len(checkpoints) == after:
            raise Killed
        original(source, target)
        if str(target).endswith("last.ckpt"):
            checkpoints.append(target)

    with monkeypatch.context() as patch, pytest.raises(Killed):
        patch.setattr(os, "replace", replace)
        fit(whole.config, tmp_path / "killed", progress=False)
    again = resume(tmp_path / "killed", progress=False)
    for name in ("model.safetensors", "config.yaml"):
        assert (again.folder / name).read_bytes() == (whole.folder / name).read_bytes()
    assert again.metrics()["test"] == whole.metrics()["test"]
    assert len(again.history()) == len(whole.history())


@pytest.mark.parametrize("name", PROBLEMS)
def test_every_problem_trains(name, tmp_path):
    small = ["length=22"] if "length" in PROBLEMS[name]().sizes else []
    settings = [f"problem={name}", *small, "hidden_size=2", "epochs=1", "sequences=4", "held_out=2"]
    run = fit(
        override(Config(), ["kind=memory", *settings, "batch_size=4"]), tmp_path / "run", progress=False
    )
    test = open_run(run.folder).metrics()["test"]
    assert test["seen"] == 4 and test["loss"] >= 0 and test["problem"].startswith(PROBLEMS[name].title)


def test_a_table_of_the_test_part(unsolved):
    examples = unsolved.task.prepare(unsolved.config).test
    table = prediction_table(unsolved.folder, examples)
    assert list(table) == ["sequence", "loss", "error", "right"] and len(table) == 10
    assert table["loss"].mean() == pytest.approx(unsolved.metrics()["test"]["loss"], rel=1e-5)


@pytest.mark.parametrize(
    "settings, words",
    [
        ([], "there is no problem ''; known: 'adding', 'adding_1997'"),
        (["problem=ading"], "there is no problem 'ading'; did you mean 'adding'?"),
        (["problem=reber", "length=5"], "problem 'reber' is of one size, got length 5; leave that out"),
        (
            ["problem=copy", "dataset=japanese_vowels"],
            "task 'memory' draws its own sequences, got 'japanese_vowels'",
        ),
        (["problem=copy", "unroll=9"], "task 'memory' reads sequences whole, got unroll 9; set unroll to 0"),
        (["problem=copy", "bidirectional=true"], "a layer that looks ahead would see what task 'memory'"),
        (
            ["problem=copy", "layer=torch", "gradient=truncated"],
            "a truncated gradient is for task 'memory' and one plain layer 'lstm' or 'vanilla', any peepholes, got "
            "layer 'torch'; set gradient to full",
        ),
        *(
            (
                ["problem=copy", f"{name}={value}", "gradient=truncated"],
                f"a truncated gradient is for .* {name} ",
            )
            for name, value in {
                "num_layers": 2,
                "proj_size": 2,
                "input_gate": "true",
                "context": [1, 0],
                "recurrent_dropout": 0.5,
                "zoneout": [0.5, 0],
                "weight_dropout": 0.5,
            }.items()
        ),
        (["kind=classify", "gradient=truncated"], "a truncated gradient is for .*, got "),
        (
            ["kind=symbols", "problem=copy"],
            "task 'symbols' is about data, only task 'memory' has a problem, got problem copy; leave it out",
        ),
        (
            ["kind=classify", "length=3"],
            "task 'classify' is about data, only task 'memory' has a problem, got length",
        ),
    ],
)
def test_what_does_not_fit_gets_a_sentence(settings, words):
    with pytest.raises(CarouselError, match=f"^settings: {re.escape(words)}".replace(r"\.\*", ".*")):
        override(Config(), ["kind=memory", *settings])


def test_a_run_on_a_problem_reads_nothing_and_writes_nothing(unsolved, tmp_path):
    file = tmp_path / "some.csv"
    file.write_text("a\n1\n")
    told = sentence(call("evaluate", unsolved.folder, "--data", file))
    assert told == (
        f"task 'memory' draws its own sequences and reads none, got '{file}'; `carousel evaluate` without a file scores "
        "those that are held out"
    )
    with pytest.raises(CarouselError, match="whose predictions are about data"):
        generate(unsolved.folder)


def test_the_command_says_the_verdict_and_no_prediction_of_files(tmp_path):
    done = call(
        "fit",
        "--task",
        "memory",
        *[part for pair in HARD[1:] for part in ("--set", pair)],
        "--out",
        tmp_path / "run",
    )
    assert done.exit_code == 0
    assert done.stdout.startswith("The copy problem (length 5) is not solved")
    assert "carousel evaluate" in done.stdout and "carousel predict" not in done.stdout
    assert (tmp_path / "run" / "report.html").exists()


@pytest.mark.parametrize("recipe", [name for name in available() if resolve(name).task.kind == "memory"])
def test_the_recipes_run(recipe, tmp_path):
    config = override(resolve(recipe), ["epochs=1", "sequences=2", "held_out=2", "batch_size=2"])
    assert fit(config, tmp_path / "run", progress=False).metrics()["test"]["seen"] == 2
