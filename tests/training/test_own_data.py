"""From a file of one's own to a run, and what is said when the file does not do."""

import re

import numpy as np
import pandas as pd
import pytest

from carousel.data import Sequences, load, write_npz
from carousel.errors import CarouselError
from carousel.training import configure, evaluate, fit, load_config, override, prediction_table
from carousel.training.tasks import task_of
from commands import TINY, call, one_object, sentence

TRAIN, TEST = load("japanese_vowels")


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("own") / "nine men.npz"
    write_npz(path, TRAIN)
    return path


@pytest.fixture(scope="module")
def run(file, tmp_path_factory):
    config, _ = configure(file)
    small = ["layer=torch", "hidden_size=4", "epochs=1", "batch_size=64", "seed=3"]
    return fit(override(config, small), tmp_path_factory.mktemp("run"), progress=False)


def test_the_configuration_names_the_file_and_its_content(file):
    config, found = configure(file)
    assert (config.recipe, config.task.kind, config.data.dataset) == ("nine_men", "classify", None)
    assert config.data.file == str(file) and re.fullmatch("[0-9a-f]{64}", config.data.sha256)
    assert found == ["The task is to classify: the file holds sequences."]
    assert configure(file, "classify") == (config, [])


def test_a_fifth_of_each_class_is_kept_for_the_test_whatever_the_seed(file):
    config, _ = configure(file)
    material = task_of(config).prepare(config)
    assert np.bincount(material.test.labels).tolist() == [6] * 9
    other = override(config, ["seed=5"])
    assert task_of(other).prepare(other).test.ids == material.test.ids
    kept = material.train.dataset.sequences.ids
    held_out = material.validation.dataset.sequences.ids
    assert sorted([*kept, *held_out, *material.test.ids]) == sorted(TRAIN.ids)
    assert task_of(other).prepare(other).train.dataset.sequences.ids != kept


def test_the_run_scores_its_own_test_part_and_other_files(run, file):
    metrics = run.metrics()
    assert np.sum(metrics["test"]["confusion"]) == 54
    assert evaluate(run.folder) == metrics["test"]
    assert np.sum(evaluate(run.folder, file)["confusion"]) == 270
    assert list(prediction_table(run.folder, file)["sequence"]) == list(TRAIN.ids)


def test_the_configuration_replays_the_run_from_anywhere(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    again = fit(load_config(run.folder / "config.yaml"), "again", progress=False)
    assert again.metrics()["test"] == run.metrics()["test"]


def test_a_file_that_changed_since_is_noticed_before_anything_is_made(run, tmp_path):
    path = tmp_path / "mine.npz"
    write_npz(path, TRAIN)
    config, _ = configure(path)
    write_npz(path, TEST)
    with pytest.raises(
        CarouselError, match=f"^'{path}' has changed since this run was made: .* bring the old"
    ):
        fit(config, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
    path.unlink()
    with pytest.raises(CarouselError, match=f"^cannot read '{path}': it does not exist"):
        fit(config, tmp_path / "run", progress=False)


def test_the_command_trains_on_a_file_and_says_what_it_inferred(file, tmp_path):
    result = call("fit", file, *TINY, "--epochs", 1, "--out", tmp_path / "run")
    assert result.exit_code == 0, result.stderr
    assert result.stderr.startswith(
        "The task is to classify: the file holds sequences.\nnine_men: 9 classes, 171 sequences"
    )
    assert "--sequence" not in result.stdout and f"  carousel evaluate {tmp_path / 'run'}\n" in result.stdout
    found = one_object(call("evaluate", tmp_path / "run", "--data", file, "--json"))
    assert np.sum(found["confusion"]) == 270


def test_a_recipe_goes_before_a_file_of_its_name(file, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "japanese_vowels").write_bytes(b"no recipe")
    result = call("fit", "japanese_vowels", *TINY, "--epochs", 1)
    assert "\n'japanese_vowels'" not in result.stderr and result.exit_code == 0


@pytest.mark.parametrize(
    "content, words",
    [
        (None, "it does not exist; check the path"),
        (b"", "it is empty; write it again"),
        (b"no archive", "no .npz archive"),
    ],
)
def test_a_file_that_cannot_be_read_gets_a_sentence(content, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    if content is not None:
        (tmp_path / "mine.npz").write_bytes(content)
    got = sentence(call("fit", "mine.npz", "--task", "classify"))
    assert got.startswith("cannot read '") and words in got
    assert not (tmp_path / "runs").exists()


@pytest.mark.parametrize(
    "classes, words",
    [((), "has no labels, wanted at least two"), (("a",), "has only the class 'a', wanted at least two")],
)
def test_a_file_with_nothing_to_tell_apart_gets_a_sentence(classes, words, tmp_path):
    labels = np.zeros(3, int) if classes else None
    write_npz(
        tmp_path / "mine.npz", Sequences((np.zeros((2, 1)),) * 3, ("x",), tuple("abc"), labels, classes)
    )
    got = sentence(call("fit", tmp_path / "mine.npz", "--task", "classify", "--out", tmp_path / "run"))
    assert words in got and got.endswith("add a label for each sequence")


@pytest.mark.parametrize("name", ["book.xlsx", "cube.npy", "rows.csv.gz", "rows.JSON"])
def test_data_of_other_programs_is_not_learnt_letter_by_letter(name, tmp_path):
    path = tmp_path / name
    path.write_text("{'a': [1, 2, 3]}" * 200)
    assert sentence(call("fit", path)) == (
        f"cannot read '{path}': a table is read from .csv, .tsv, .parquet, .pq, sequences from .npz or .ts, "
        f"not from {path.suffix}; save it as one of these, or say --task symbols to have it learnt as text"
    )
    config, _ = configure(path, "symbols")
    assert config.task.kind == "symbols"


def test_an_unknown_task_gets_a_sentence(file):
    assert (
        sentence(call("fit", file, "--task", "clasify"))
        == "there is no task 'clasify'; did you mean 'classify'?"
    )


def test_columns_of_what_is_no_table_are_refused(file):
    with pytest.raises(
        CarouselError,
        match=r"^--target, --time: '.*' is no table, and only a table takes that; leave it out$",
    ):
        configure(file, target=["x"], time="y")


OF_A_TABLE = {"date_format": "%d/%m/%Y", "time_zone": "Europe/Berlin", "encoding": "latin-1"}


@pytest.mark.parametrize("name, value", OF_A_TABLE.items())
def test_how_a_table_is_read_is_no_matter_of_other_data(file, name, value):
    option = f"--{name.replace('_', '-')}"
    got = sentence(call("fit", file, option, value))
    assert got == f"{option}: '{file}' is no table, and only a table takes that; leave it out"
    got = sentence(call("fit", "japanese_vowels", option, value))
    assert got == f"{option}: only a table of your own takes that, 'japanese_vowels' is none; leave it out"
    assert sentence(call("fit", "--resume", "run", option, value)).endswith("leave out all but --resume run")


def test_a_ts_file_is_one_of_sequences(tmp_path):
    lines = ["@problemName waves", "@univariate true", "@classLabel true up down", "@data"]
    lines += [
        f"{','.join(str(sign * n + i) for n in range(5))}:{name}"
        for i in range(10)
        for sign, name in ((1, "up"), (-1, "down"))
    ]
    (tmp_path / "waves.ts").write_text("\n".join(lines) + "\n")
    config, found = configure(tmp_path / "waves.ts")
    assert found == ["The task is to classify: the file holds sequences."]
    material = task_of(config).prepare(config)
    assert material.names["classes"] == ("down", "up") or material.names["classes"] == ("up", "down")
    assert len(material.test) == 4


@pytest.fixture
def table(tmp_path):
    """Dates that fit with days first as with months first, in an encoding that the bytes do not tell."""
    rows = [f"{i:02}/{i:02}/2020,{i % 4}" for i in range(1, 13)]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["date,Größe", *rows]), encoding="latin-1")
    return path


def test_the_command_asks_for_options_that_it_takes(table):
    got = sentence(call("fit", table))
    assert got.startswith(f"cannot read '{table}': it is not text in UTF-8 (byte 0xF6 in line 1); ")
    assert got.endswith("; save it as UTF-8, or name its encoding with --encoding, in Python encoding=")
    assert sentence(call("fit", table, "--encoding", "latin-1")) == (
        f"in '{table}': the times in column 'date', such as '01/01/2020', can be read as '%d/%m/%Y' and '%m/%d/%Y'; "
        "say which with --date-format, in Python date_format="
    )
    got = sentence(call("fit", table, "--encoding", "latin-1", "--date-format", "%d.%m.%Y"))
    assert got == (
        f"in '{table}': no column is a time written as '%d.%m.%Y'; "
        "correct --date-format (in Python date_format=), or name the column with --time (time=)"
    )
    got = sentence(
        call("fit", table, *("--encoding=latin-1", "--date-format=%d/%m/%Y"), "--time-zone", "Mars/Base")
    )
    assert got.endswith(
        "the time zone is 'Mars/Base', wanted one such as 'Europe/Berlin' or 'UTC'; correct it"
    )


def test_what_is_said_of_a_table_stands_in_the_configuration(table):
    config, _ = configure(table, **OF_A_TABLE)
    schema = config.data.table
    kept = {"local_zone" if name == "time_zone" else name: value for name, value in OF_A_TABLE.items()}
    assert {name: getattr(schema, name) for name in kept} == kept, "rows a day apart are of the zone's clock"
    assert schema.targets == ("Größe",)


def test_parquet_has_no_encoding(tmp_path):
    path = tmp_path / "mine.parquet"
    pd.DataFrame({"x": [1.0, 2.0]}).to_parquet(path)
    assert sentence(call("fit", path, "--encoding", "latin-1")) == (
        f"--encoding: '{path}' is no text file, and only one has an encoding; leave it out"
    )


@pytest.mark.parametrize("task", ["symbols", "online"])
def test_columns_of_a_table_that_is_read_as_text_are_refused(task, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("time,x\n" + "".join(f"{i},{i % 7}\n" for i in range(60)))
    got = sentence(call("fit", path, "--task", task, "--target", "x", "--encoding", "latin-1"))
    assert got == (
        f"--target, --encoding: task '{task}' reads '{path}' as text, and only a table takes that; leave it out"
    )


def test_a_label_of_another_name_is_pointed_out(tmp_path):
    path = tmp_path / "x.csv"
    rows = [f"{s},{t},{(s + t) % 5},{'ab'[s % 2]},{t % 3}" for s in range(8) for t in range(20)]
    path.write_text("\n".join(["sequence,step,x,species,y", *rows]))
    hint = (
        "Column 'species' is the same in all rows of each sequence: if it is a label to tell, say --target species "
        "(in Python target=)."
    )
    assert configure(path)[1][-1] == hint
    assert hint not in configure(path, target=["x"])[1]
    assert hint not in configure(path, "forecast")[1]
    assert configure(path, target=["species"])[0].task.kind == "classify"


@pytest.mark.parametrize(
    ("header", "hint"),
    [
        (
            "rec id,t_ms,x,kind of move",
            "Column 'kind of move' is the same in all rows of each rec id: if it is a label to tell, say --target 'kind of move' (in Python target=).",
        ),
        (
            "id,step,x,kind",
            "Column 'kind' is the same in all rows of each id: if it is a label to tell, say --target kind (in Python target=).",
        ),
        ("id,date,x,kind", None),
    ],
    ids=["no time is found", "steps", "dates"],
)
def test_a_label_is_pointed_out_where_sequences_are_called_otherwise(header, hint, tmp_path):
    path = tmp_path / "x.csv"
    times = [f"2024-01-{t + 1:02}" if "date" in header else str(20 * t) for t in range(20)]
    rows = [f"r{s},{times[t]},{(s + t) % 5},{'ab'[s % 2]}" for s in range(60) for t in range(20)]
    path.write_text("\n".join([header, *rows]))
    said = [sentence for sentence in configure(path)[1] if "label" in sentence]
    assert said == ([hint] if hint else [])
    if hint:
        target = header.rpartition(",")[2]
        assert configure(path, target=[target])[0].task.kind == "classify"


def test_a_run_without_a_test_part_gets_a_sentence(file):
    got = sentence(call("fit", file, "--set", "test_fraction=0"))
    assert got == (
        "settings: test_fraction is 0, but every run is scored once on a part that it has not seen; set a small one "
        "such as 0.05"
    )


def test_what_a_table_suggests_says_which_settings_do_something(tmp_path):
    random = np.random.default_rng(0)
    table = pd.DataFrame(random.normal(size=(60, 2)).round(3), columns=["x", "y"])
    table.insert(0, "sequence", np.repeat([f"s{n}" for n in range(12)], 5))
    table.insert(1, "step", np.tile(range(5), 12))
    table["label"] = np.repeat(["up", "down"], 30)
    table.to_csv(tmp_path / "waves.csv", index=False)
    config, _ = configure(tmp_path / "waves.csv", changes=["input_offset=0.3", "test_fraction=0.25"])
    assert (config.task.kind, config.training.input_offset, config.data.test_fraction) == (
        "classify",
        0.3,
        0.25,
    )
    said = sentence(call("fit", tmp_path / "waves.csv", "--set", "history=9"))
    assert said == "settings: history is for task 'forecast', got 9 for task 'classify'; leave it out"


def test_a_comparison_refuses_what_does_nothing_before_it_trains(tmp_path):
    swept = ("--layers", "lstm,gru", "--sweep", "embedding_size=16,32", "--out", tmp_path / "comparison")
    assert sentence(call("compare", "japanese_vowels", *swept)) == (
        "variant 'lstm': settings: embedding_size is for task 'symbols' or 'online', got 16 for task 'classify'; leave it out"
    )
    assert not (tmp_path / "comparison").exists()
