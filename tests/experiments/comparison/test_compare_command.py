"""`carousel compare` as a user meets it."""

import json
from pathlib import Path

import pytest

from carousel.data import load, write_npz
from carousel.data.midi import midi_file
from carousel.errors import CarouselError
from commands import TINY, call, one_object, sentence
from tunes import tune

FEW = (
    "--layers",
    "torch,lstm",
    "--seeds",
    "2",
    "--set",
    "hidden_size=4",
    "--set",
    "epochs=1",
    "--set",
    "batch_size=64",
)


def test_a_recipe_is_compared_and_the_result_is_told_and_kept(tmp_path, monkeypatch, made):
    monkeypatch.chdir(tmp_path)
    result = call("compare", "japanese_vowels", *FEW, "--match", "parameters")
    assert result.exit_code == 0, result.stderr
    folder = Path("comparisons/japanese_vowels-1")
    assert result.stdout == (folder / "comparison.md").read_text() + f"\npage: {folder}/comparison.html\n"
    assert "\n| torch " in result.stdout and "\n| majority class |" in result.stdout
    assert "lstm, seed 1: done; 4 of 4 runs" in result.stderr

    found = one_object(call("compare", "japanese_vowels", *FEW, "--match", "parameters", "--json"))
    assert found == json.loads((folder / "comparison.json").read_text())
    assert len(made) == 4

    runs = sorted(folder.glob("runs/*"))
    told = call("compare", *runs)
    assert told.exit_code == 0 and told.stdout.startswith("# japanese_vowels: lstm, torch\n")
    assert "page:" not in told.stdout
    assert call("compare", *runs, "--out", "again").stdout.endswith("\npage: again/comparison.html\n")


def test_a_sweep_and_a_file_of_ones_own(tmp_path, made):
    write_npz(tmp_path / "mine.npz", load("japanese_vowels")[0].select(range(0, 270, 3)))
    result = call(
        "compare", tmp_path / "mine.npz", *FEW, "--seeds", 1, "--sweep", "dropout=0.0,0.5", "--sweep", "weight_decay=0.1",
        "--out", tmp_path / "result",
    )  # fmt: skip
    assert result.exit_code == 0, result.stderr
    assert [job.variant.settings for job in made[:2]] == [
        "dropout=0.0 weight_decay=0.1",
        "dropout=0.5 weight_decay=0.1",
    ]
    assert "The task is to classify: the file holds sequences." in result.stderr
    assert result.stdout.count("| chosen |") == 2


def test_a_table_is_described_as_for_fit(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    rows = [f"2024-01-{1 + n // 24:02d} {n % 24:02d}:00,{n % 7},{n}" for n in range(480)]
    Path("sales.csv").write_text("\n".join(["at,sold,stock", *rows]))
    asked = []

    def compare(config, *arguments, **options):
        asked.append(config)
        raise CarouselError("asked")

    monkeypatch.setattr("carousel.experiments.comparison.compare", compare)
    told = call("compare", "sales.csv", "--target", "sold", "--set", "horizon=3").stderr
    assert told.startswith("The task is to forecast 'sold'.\n") and told.endswith("Error: asked\n")
    (config,) = asked
    assert (config.task.kind, config.task.horizon) == ("forecast", 3)
    assert config.data.table.targets == ("sold",)
    said = sentence(call("compare", "japanese_vowels", "--target", "sold"))
    assert said == "--target: only a table of your own takes that, 'japanese_vowels' is none; leave it out"


def test_a_long_plan_is_begun_with_yes_alone(tmp_path, monkeypatch, made):
    monkeypatch.setattr("carousel.experiments.comparison.comparing.MANY", 1)
    plan = ("compare", "japanese_vowels", *FEW, "--seeds", 1, "--out", tmp_path / "new")
    assert "say yes to that with --yes, or choose fewer" in sentence(call(*plan))
    assert made == []
    assert call(*plan, "--yes").exit_code == 0
    assert len(made) == 2


@pytest.mark.parametrize(
    "arguments, said",
    [
        (["japanse_vowels"], "unknown recipe 'japanse_vowels'; did you mean 'japanese_vowels'?"),
        (["japanese_vowels", "--layers", "torch,lstn"], "there is no layer 'lstn'; did you mean 'lstm'?"),
        (["japanese_vowels", "--seeds", "0"], "a comparison wants at least one seed, got 0; five begin to show a spread"),
        (["japanese_vowels", "--sweep", "hiden_size=1,2"], "unknown setting 'hiden_size'; did you mean 'hidden_size'?"),
        (["japanese_vowels", "--set", "hiden_size=1"], "unknown setting 'hiden_size'; did you mean 'hidden_size'?"),
        (["japanese_vowels", "--sweep", "hidden_size=1", "--sweep", "hidden_size=2"], "hidden_size is swept over twice; give all its values at once"),
        (["japanese_vowels", "nowhere"], "'japanese_vowels' is no run folder; give run folders, or one recipe, configuration or file"),
        (["japanese_vowels", "--ablation", "--layers", "torch"], "an ablation brings its own variants, got layers as well; leave one of them out"),
    ],
)  # fmt: skip
def test_bad_input_is_answered_in_a_sentence(tmp_path, monkeypatch, arguments, said):
    monkeypatch.chdir(tmp_path)
    assert said in sentence(call("compare", *arguments))
    assert list(tmp_path.iterdir()) == []


def test_results_of_another_recipe_are_refused(tmp_path, made):
    assert call("compare", "japanese_vowels", *FEW, "--seeds", 1, "--out", tmp_path / "new").exit_code == 0
    said = sentence(
        call("compare", "japanese_vowels", *FEW, "--set", "recipe=other", "--out", tmp_path / "new")
    )
    assert said.endswith(
        "is a run of recipe 'japanese_vowels', the comparison is of 'other'; choose another folder with --out"
    )


def test_run_folders_are_compared_as_they_are(tmp_path):
    call("fit", *TINY, "--epochs", 1, "--out", tmp_path / "run")
    said = sentence(call("compare", tmp_path / "run", "--seeds", 3, "--workers", 2))
    assert said == "--seeds, --workers: finished runs are compared as they are; leave it out"
    assert sentence(call("compare", tmp_path / "run", "--seeds", 0)).startswith("--seeds: finished runs are")
    assert call("compare", tmp_path).stdout == call("compare", tmp_path / "run").stdout
    (tmp_path / "run" / "model.safetensors").unlink()
    assert "is half-written: model.safetensors is missing" in sentence(call("compare", tmp_path))


def test_of_a_comparison_the_runs_are_asked_for(tmp_path, made):
    folder = tmp_path / "c"
    assert call("compare", "japanese_vowels", *FEW, "--layers", "torch, lstm", "--out", folder).exit_code == 0
    assert sentence(call("compare", folder)) == (
        f"'{folder}' is one comparison, and its page tells all of it; give those of more data sets, or the runs in it, "
        f"{folder}/runs"
    )
    told = call("compare", folder / "runs")
    assert told.exit_code == 0 and told.stdout.startswith("# japanese_vowels: lstm, torch\n")
    assert told.stdout == call("compare", *sorted((folder / "runs").iterdir())).stdout
    (folder / "comparison.json").unlink()
    assert (
        sentence(call("compare", folder))
        == f"'{folder}' is a comparison and no run; give the runs in it, {folder}/runs"
    )


def test_a_folder_of_music_is_data(tmp_path, monkeypatch):
    asked = []

    def compare(config, *arguments, **options):
        asked.append(config)
        raise CarouselError("asked")

    monkeypatch.setattr("carousel.experiments.comparison.compare", compare)
    music = tmp_path / "tunes"
    (music / "slow").mkdir(parents=True)
    (music / "slow" / "one.mid").write_bytes(midi_file(tune(0), frame=1.0))
    (music / "runs" / "before").mkdir(parents=True)
    (music / "runs" / "before" / "config.yaml").touch()
    told = call("compare", music).stderr
    assert told.startswith("The task is to tell the next frame of music: the folder holds MIDI files.\n")
    assert told.endswith("Error: asked\n") and asked[0].data.file == str(music)
    said = sentence(call("compare", music, music))
    assert said == f"'{music}' is no run folder; give run folders, or one recipe, configuration or file"


def test_a_folder_of_neither_runs_nor_data_gets_a_sentence(tmp_path):
    (tmp_path / "notes.txt").write_text("nothing to train on")
    assert sentence(call("compare", tmp_path)) == (
        f"the folder '{tmp_path}' holds neither runs nor data, which are MIDI files in a folder; name a folder that does, "
        "a recipe, a configuration or a file"
    )
