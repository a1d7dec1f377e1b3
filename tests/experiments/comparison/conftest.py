"""A run that is made in no time, and comparisons without other processes."""

import pytest

# Carousel is imported when a test asks for it: jaxtyping must see it first, also where these tests run alone.
TINY = {"hidden_size": 4, "epochs": 1, "batch_size": 64, "learning_rate": 0.03}


@pytest.fixture
def base():
    from carousel.training import Config, override

    return override(Config(recipe="tiny"), TINY)


@pytest.fixture
def made(monkeypatch):
    """What was trained, one after the other in this process."""
    from carousel.experiments.comparison import comparing
    from carousel.experiments.comparison.processes import Event
    from carousel.training import fit

    jobs = []

    def train(pending, workers, threads):
        for job in pending:
            jobs.append(job)
            fit(job.config, job.folder, progress=False)
            yield Event(job)

    monkeypatch.setattr(comparing, "train_in_processes", train)
    return jobs
