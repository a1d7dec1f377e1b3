"""A comparison from the beginning to its files: nothing is made twice, nothing mixed, nothing begun unasked."""

import pytest

from carousel.errors import CarouselError
from carousel.experiments import compare, compare_runs
from carousel.experiments.comparison import comparing
from carousel.experiments.comparison.processes import Event
from carousel.experiments.comparison.sentences import notes
from carousel.experiments.comparison.tables import candidates
from carousel.training import open_run, override


def names(jobs):
    return [job.folder.name for job in jobs]


def test_a_comparison_is_made_once_and_can_be_added_to(base, tmp_path, made, capsys):
    folder = tmp_path / "comparison"
    first = compare(base, ["torch", "lstm"], 2, out=folder)
    assert names(made) == ["torch-seed0", "lstm-seed0", "torch-seed1", "lstm-seed1"]
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("torch, seed 0: done; 1 of 4 runs, about ")
    assert lines[-1].startswith("lstm, seed 1: done; 4 of 4 runs, ")
    assert [row.scores for row in first.rows] == [
        [open_run(folder / "runs" / f"{layer}-seed{seed}").metrics()["test"]["accuracy"] for seed in (0, 1)]
        for layer in ("torch", "lstm")
    ]
    assert first.rows[0].parameters == open_run(folder / "runs" / "torch-seed0").metrics()["parameters"]
    written = (folder / "comparison.json").read_bytes()

    made.clear()
    assert compare(base, ["torch", "lstm"], 2, out=folder, progress=False) == first
    assert made == [] and (folder / "comparison.json").read_bytes() == written

    more = compare(base, ["lstm", "torch", "vanilla"], 3, out=folder, progress=False)
    assert names(made) == ["vanilla-seed0", "vanilla-seed1", "lstm-seed2", "torch-seed2", "vanilla-seed2"]
    assert [row.name for row in more.rows] == ["lstm", "torch", "vanilla"]
    assert more.rows[1].scores[:2] == first.rows[0].scores
    assert capsys.readouterr().err == ""

    told = "The folder holds 7 more finished runs, not asked for this time and not in the table."
    less = compare(base, ["lstm", "torch"], 1, out=folder, progress=False)
    assert not any("more finished" in note for note in notes(more))
    assert told in notes(less)
    assert told in (folder / "comparison.md").read_text()

    again = compare_runs(
        [folder / "runs" / f"{layer}-seed{seed}" for layer in ("lstm", "torch") for seed in (0, 1)]
    )
    assert [(row.name, row.scores, row.difference) for row in again.rows[1:]] == [
        (
            "torch",
            first.rows[0].scores,
            compare(base, ["lstm", "torch"], 2, out=folder, progress=False).rows[1].difference,
        )
    ]


def test_unasked_layers_that_cannot_have_a_setting_are_left_out_and_named(base, tmp_path, made):
    config = override(base, {"layer": "lstm", "recurrent_dropout": 0.2})
    found = compare(config, seeds=1, out=tmp_path / "unasked", progress=False)
    assert names(made) == ["lstm-seed0", "vanilla-seed0", "augmented-seed0"]
    why = "Layer 'torch' is left out, since layer 'torch' has recurrent_dropout 0.0, got 0.2."
    assert why in notes(found) and why in (tmp_path / "unasked" / "comparison.html").read_text().replace(
        "&#39;", "'"
    )
    with pytest.raises(CarouselError, match="variant 'torch': .*recurrent_dropout"):
        compare(config, ["lstm", "torch"], 1, out=tmp_path / "asked", progress=False)


def test_an_ablation_is_of_equal_parameters(base, tmp_path, made):
    found = compare(override(base, {"hidden_size": 12}), ablation=True, seeds=1, out=tmp_path, progress=False)
    assert len(made) == len(found.rows) == 10
    assert found.matched and len({row.hidden_size for row in found.rows}) > 2
    counts = [row.parameters for row in found.rows]
    assert max(counts) < 1.25 * min(counts)  # with a dozen cells, one more is a lot


def test_seeds_begin_with_that_of_the_configuration(base, tmp_path, made):
    assert compare(override(base, {"seed": 7}), ["torch"], 2, out=tmp_path, progress=False).seeds == [7, 8]


def test_an_interrupted_comparison_says_how_to_go_on_and_does(base, tmp_path, monkeypatch, made):
    train = comparing.train_in_processes

    def interrupted(pending, workers, threads):
        yield from train(pending[:1], workers, threads)
        raise KeyboardInterrupt

    monkeypatch.setattr(comparing, "train_in_processes", interrupted)
    with pytest.raises(
        KeyboardInterrupt,
        match="^after 1 of 2 runs, which are kept; the same command goes on with the others$",
    ):
        compare(base, ["torch", "lstm"], 1, out=tmp_path / "new", progress=False)
    assert not (tmp_path / "new" / "comparison.json").exists()
    monkeypatch.setattr(comparing, "train_in_processes", train)
    compare(base, ["torch", "lstm"], 1, out=tmp_path / "new", progress=False)
    assert names(made) == ["torch-seed0", "lstm-seed0"]


def test_an_interruption_before_any_run_has_ended_is_said(base, tmp_path, monkeypatch):
    def interrupted(pending, workers, threads):
        yield None
        raise KeyboardInterrupt

    monkeypatch.setattr(comparing, "train_in_processes", interrupted)
    with pytest.raises(KeyboardInterrupt) as raised:
        compare(base, ["torch", "lstm"], 1, out=tmp_path / "new", progress=False)
    assert str(raised.value) == (
        "before any of the 2 runs had ended; the same command goes on with what was begun"
    )


def test_a_run_that_cannot_be_made_is_said_and_the_others_are_made(base, tmp_path, monkeypatch, made, capsys):
    train = comparing.train_in_processes

    def failing(pending, workers, threads):
        yield Event(pending[0], "the worker was ended by SIGKILL", retried=True)
        yield Event(pending[0], "the disk is full")
        yield from train(pending[1:], workers, threads)

    monkeypatch.setattr(comparing, "train_in_processes", failing)
    with pytest.raises(CarouselError) as raised:
        compare(base, ["torch", "lstm"], 1, out=tmp_path / "new")
    assert str(raised.value) == (
        "1 of 2 runs could not be made, first torch, seed 0: the disk is full; what is finished is kept, and the same "
        "command tries the others again"
    )
    assert names(made) == ["lstm-seed0"]
    assert capsys.readouterr().err.startswith(
        "torch, seed 0: the worker was ended by SIGKILL; the run is tried once more\ntorch, seed 0: the disk is full\n"
    )


DIVERGED = "the loss was never a finite number; lower learning_rate, it is 9"


def test_a_point_of_a_sweep_that_does_not_learn_is_told_and_loses(base, tmp_path, monkeypatch, made, capsys):
    train = comparing.train_in_processes

    def diverging(pending, workers, threads):
        for job in pending:
            if job.config.training.learning_rate == 9 and job.seed == 1:
                yield Event(job, DIVERGED, diverged=True)
            else:
                yield from train([job], workers, threads)

    monkeypatch.setattr(comparing, "train_in_processes", diverging)
    sweep = {"learning_rate": [9.0, 0.03]}
    found = compare(base, ["torch", "lstm"], 2, sweep=sweep, out=tmp_path / "new")
    assert "torch, learning_rate=9.0, seed 1: did not learn: the loss was" in capsys.readouterr().err
    assert [(row.name, row.settings) for row in found.rows] == [
        ("torch", "learning_rate=0.03"),
        ("lstm", "learning_rate=0.03"),
    ]
    assert found.seeds == [0, 1]
    table = candidates(found).rows
    assert table[0] == ("torch", "learning_rate=9.0", "", "did not learn", "")
    assert table[1][4] == "chosen"
    told = "Settings did not learn where the loss of a run was never a finite number; they are not chosen."
    assert told in notes(found) and told in (tmp_path / "new" / "comparison.html").read_text()

    for nothing_learns in ({"learning_rate": [9.0]}, {"learning_rate": [9.0], "dropout": [0.0, 0.5]}):
        with pytest.raises(
            CarouselError, match="runs could not be made, first torch, .*seed 1: the loss was"
        ):
            compare(base, ["torch", "lstm"], 2, sweep=nothing_learns, out=tmp_path / "none", progress=False)


def test_a_point_of_a_sweep_with_an_accident_is_not_left_out(base, tmp_path, monkeypatch, made):
    train = comparing.train_in_processes

    def failing(pending, workers, threads):
        yield Event(pending[0], "the disk is full")
        yield from train(pending[1:], workers, threads)

    monkeypatch.setattr(comparing, "train_in_processes", failing)
    with pytest.raises(CarouselError, match="^1 of 2 runs could not be made, first .*: the disk is full; "):
        compare(base, ["torch"], 1, sweep={"dropout": [0.0, 0.5]}, out=tmp_path, progress=False)


def test_a_long_plan_is_not_begun_unasked(base, tmp_path, made):
    many = {"sweep": {"dropout": [i / 100 for i in range(60)]}, "out": tmp_path / "new", "workers": 3}
    with pytest.raises(
        CarouselError,
        match=r"^120 runs take about \d+ (s|min) with 3 at a time, by a few steps of the first, if none stops early; say yes to that with --yes, or choose fewer$",
    ):
        compare(base, ["torch", "lstm"], 1, **many)
    asked = []
    with pytest.raises(CarouselError, match="^nothing was begun; choose fewer values, variants or seeds$"):
        compare(base, ["torch", "lstm"], 1, **many, confirm=lambda plan: bool(asked.append(plan)))
    assert asked[0].startswith("120 runs take about ")
    assert made == [] and not (tmp_path / "new").exists()


def test_a_long_plan_is_judged_by_what_is_finished(base, tmp_path, made, monkeypatch):
    compare(base, ["torch"], 1, out=tmp_path / "new", progress=False)
    monkeypatch.setattr(comparing, "MANY", 1)
    with pytest.raises(
        CarouselError, match="^2 runs take about .* by the runs that are finished, if none stops early; "
    ):
        compare(base, ["torch"], 3, out=tmp_path / "new", progress=False)
    compare(base, ["torch"], 3, out=tmp_path / "new", progress=False, confirm=lambda plan: True)
    assert len(made) == 3


@pytest.mark.parametrize(
    "options, said",
    [
        ({"seeds": 0}, "a comparison wants at least one seed, got 0; five begin to show a spread"),
        ({"workers": 0}, "a comparison wants at least one worker, got 0"),
        ({"match": "parameter"}, "there is no match 'parameter'; did you mean 'parameters'?"),
        (
            {"ablation": True},
            "an ablation brings its own variants, got layers as well; leave one of them out",
        ),
    ],
)
def test_what_makes_no_comparison_is_said(base, tmp_path, options, said):
    with pytest.raises(CarouselError) as raised:
        compare(base, ["torch", "lstm"], out=tmp_path / "new", **options)
    assert str(raised.value) == said
    assert not (tmp_path / "new").exists()


def test_a_task_without_a_validation_part_has_nothing_to_sweep_by(base, tmp_path):
    text = override(base, {"kind": "online", "dataset": None, "file": str(tmp_path / "a.txt")})
    with pytest.raises(CarouselError) as raised:
        compare(text, ["torch"], 1, sweep={"dropout": [0.0, 0.5]})
    assert str(raised.value) == (
        "task 'online' has no validation part that a sweep could choose by; compare for each value apart"
    )


def test_an_unknown_recipe_is_said():
    with pytest.raises(
        CarouselError, match="unknown recipe 'japanse_vowels'; did you mean 'japanese_vowels'?"
    ):
        compare("japanse_vowels")
