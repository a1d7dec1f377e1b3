"""The command as a process of its own: what it needs, its standard output, Ctrl-C, a full disk."""

import json
import os
import re
import resource
import signal
import subprocess
import sys
import time

import pytest

from carousel import __main__
from commands import TINY, call, one_object


def environment(**changes) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", **changes}


def start(*arguments, **options) -> subprocess.Popen:
    command = [sys.executable, "-m", "carousel", *map(str, arguments)]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdout=pipe, stderr=pipe, text=True, env=environment(), **options)


@pytest.mark.parametrize(
    "arguments, sentence",
    [
        (["recipes"], "Error: cannot write to standard output: No space left on device\n"),
        (["recipes", "--json"], "Error: cannot write to standard output: No space left on device\n"),
        (["--help"], "Error: No space left on device\n"),
    ],
)
def test_a_standard_output_that_is_full_gets_one_sentence(arguments, sentence):
    with open("/dev/full", "w") as full:
        command = [sys.executable, "-m", "carousel", *arguments]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=environment())
    assert (done.returncode, done.stderr) == (2, sentence)


def test_a_reader_that_has_read_enough_is_no_error():
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "carousel", "recipes"]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, env=environment())
    os.close(writer)
    assert (done.returncode, done.stderr) == (2, "")


def test_ctrl_c_before_the_commands_are_loaded(monkeypatch, capsys):
    def press():
        raise KeyboardInterrupt

    monkeypatch.setattr(__main__, "_require_extra", press)
    with pytest.raises(SystemExit) as stop:
        __main__.main()
    assert (stop.value.code, *capsys.readouterr()) == (130, "", "Interrupted\n")


def test_ctrl_c_in_a_real_training_keeps_the_best_epoch(tmp_path):
    folder = tmp_path / "run"
    endless = ["--epochs", 100_000, "--set", "patience=100000", "--json"]
    process = start("fit", *TINY, *endless, "--out", folder)
    try:
        deadline = time.monotonic() + 120
        while not (folder / "metrics.json").exists():
            assert process.poll() is None and time.monotonic() < deadline, process.communicate()
            time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 130, err
    assert "Traceback" not in err
    found = json.loads(out)
    assert (found["status"], found["test"], found["report"]) == ("interrupted", None, None)
    assert one_object(call("evaluate", folder, "--json"))["accuracy"] > 0
    assert one_object(call("report", folder, "--json"))["report"] == str(folder / "report.html")


def test_a_full_disk_in_a_real_process_leaves_nothing(tmp_path):
    def small_files():
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))

    process = start("fit", *TINY, "--epochs", 1, "--out", tmp_path / "run", preexec_fn=small_files)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (2, "")
    assert re.fullmatch(
        r"Error: cannot write '.*': File too large; free some space or choose another place",
        err.splitlines()[-1],
    )
    assert list(tmp_path.iterdir()) == []


def test_the_command_without_its_extra_says_how_to_install_it(monkeypatch, capsys):
    monkeypatch.setattr(__main__, "find_spec", lambda name: None if name in ("rich", "typer") else True)
    with pytest.raises(SystemExit) as stop:
        __main__.main()
    assert stop.value.code == 2
    assert capsys.readouterr() == (
        "",
        'Error: the commands need rich, typer; run pip install "carousel-lstm[train]"\n',
    )


def test_the_commands_need_what_the_extra_installs():
    from importlib.metadata import requires

    names = {"pytorch_lightning": "pytorch-lightning", "sklearn": "scikit-learn", "yaml": "pyyaml"}
    train = [line for line in requires("carousel-lstm") if re.search("extra == ['\"]train['\"]", line)]
    assert {re.match(r"[\w.-]+", line)[0] for line in train} == {
        names.get(name, name) for name in __main__.NEEDED
    }


def test_help_does_not_load_the_training():
    code = (
        "import sys; from typer.testing import CliRunner; from carousel.cli import app;"
        "CliRunner().invoke(app, ['fit', '--help']);"
        "print({'pytorch_lightning', 'matplotlib', 'pandas'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr
