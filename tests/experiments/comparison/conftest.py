"""A run that is made in no time, and comparisons without other processes."""

import pytest

from carousel.experiments.comparison import comparing
from carousel.experiments.comparison.processes import Event
from carousel.training import Config, fit, override

TINY = {"hidden_size": 4, "epochs": 1, "batch_size": 64, "learning_rate": 0.03}


@pytest.fixture
def base() -> Config:
    return override(Config(recipe="tiny"), TINY)


@pytest.fixture
def made(monkeypatch):
    """What was trained, one after the other in this process."""
    jobs = []

    def train(pending, workers, threads):
        for job in pending:
            jobs.append(job)
            fit(job.config, job.folder, progress=False)
            yield Event(job)

    monkeypatch.setattr(comparing, "train_in_processes", train)
    return jobs
