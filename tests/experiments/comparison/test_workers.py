"""Runs in other processes: side by side, killed, stopped and gone on with."""

import subprocess
import sys

import pytest

from carousel.experiments.comparison import processes, worker
from carousel.experiments.comparison.plan import Plan
from carousel.experiments.comparison.processes import train_in_processes
from carousel.experiments.comparison.variants import of_layers
from carousel.training import SequenceClassifier, open_run, override
from carousel.training.config import to_yaml


@pytest.fixture
def started(monkeypatch):
    """The processes, in the order of their start."""
    found = []

    class Recorded(subprocess.Popen):
        def __init__(self, *arguments, **options):
            super().__init__(*arguments, **options)
            found.append(self)

    monkeypatch.setattr(processes.subprocess, "Popen", Recorded)
    return found


def has_begun(job) -> bool:
    return (job.folder / "history.csv").is_file()


def test_a_worker_that_is_killed_is_said_and_its_run_goes_on(base, tmp_path, started, monkeypatch):
    monkeypatch.setattr(processes, "TICK", 0.02)  # so that it is caught in the middle on a fast machine, too
    long = override(base, {"epochs": 60, "patience": 60})
    killed, failing, last = (
        Plan(config, of_layers(config, [layer]), [0]).jobs(tmp_path)[0]
        for config, layer in (
            (long, "torch"),
            (override(base, {"start": "nowhere"}), "vanilla"),
            (base, "lstm"),
        )
    )
    told = []
    for event in train_in_processes([killed, failing, last], 1, 1):
        if event is not None:
            told.append(event)
        elif has_begun(killed):
            started[0].kill()  # nothing, if it has ended
    assert [(event.job, event.retried) for event in told] == [
        (killed, True),
        (failing, False),
        (last, False),
        (killed, False),
    ]
    assert [event.error for event in told] == [
        "the worker was ended by SIGKILL, perhaps for want of memory",
        "there is no run folder 'nowhere'; `carousel fit` makes one and prints its name",
        None,
        None,
    ]
    assert [line["epoch"] for line in open_run(killed.folder).history()] == list(range(1, 61))
    assert open_run(killed.folder).metrics()["status"] == "complete"
    assert not failing.folder.exists()
    assert len(started) == 2 and all(process.poll() is not None for process in started)


def test_workers_run_side_by_side_and_once_stopped_leave_runs_that_go_on(base, tmp_path, started):
    long = override(base, {"epochs": 2000, "patience": 2000})
    jobs = Plan(long, of_layers(long, ["lstm", "torch"]), [0]).jobs(tmp_path)
    events = train_in_processes(jobs, 2, 1)
    while not all(map(has_begun, jobs)):
        assert next(events) is None
    events.close()
    assert [process.poll() for process in started] == [130, 130]  # they were let end
    for job in jobs:
        run = open_run(job.folder)
        assert run.metrics()["status"] == "interrupted"
        assert 1 <= len(run.history()) < 2000


def test_a_training_that_diverges_is_told_from_an_accident(base, tmp_path, monkeypatch):
    forward = SequenceClassifier.forward
    monkeypatch.setattr(SequenceClassifier, "forward", lambda *given: forward(*given) * float("nan"))
    answer = worker._train({"folder": str(tmp_path / "run"), "config": to_yaml(base)})
    assert answer["diverged"] and answer["error"].startswith("the loss was never a finite number; lower")
    lost = override(base, {"start": "nowhere"})
    assert not worker._train({"folder": str(tmp_path / "run"), "config": to_yaml(lost)})["diverged"]


def test_a_worker_that_dies_twice_is_given_up(base, tmp_path, monkeypatch):
    monkeypatch.setattr(processes, "COMMAND", [sys.executable, "-c", "raise SystemExit(3)"])
    jobs = Plan(base, of_layers(base, ["torch", "lstm"]), [0]).jobs(tmp_path)
    told = [event for event in train_in_processes(jobs, 2, 1) if event is not None]
    assert sorted((str(event.job), event.error, event.retried) for event in told) == [
        (f"{layer}, seed 0", "the worker ended with code 3", retried)
        for layer in ("lstm", "torch")
        for retried in (False, True)
    ]
