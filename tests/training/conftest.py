"""A run small enough to be made once for all tests here."""

import pytest

from carousel.training import Config, fit, override

TINY = ("layer=torch", "hidden_size=4", "epochs=3", "batch_size=64", "learning_rate=0.03")


@pytest.fixture(scope="session")
def tiny() -> Config:
    return override(Config(recipe="tiny"), TINY)


@pytest.fixture(scope="session")
def finished(tiny, tmp_path_factory):
    """A complete run; tests read it and never write to it."""
    return fit(tiny, tmp_path_factory.mktemp("finished"), progress=False)
