"""A run small enough to be made once for all tests here."""

import pytest
import torch

from carousel.training import Config, fit, override

TINY = ("layer=torch", "hidden_size=4", "epochs=3", "batch_size=64", "learning_rate=0.03")


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Models this small gain nothing from threads, and the machine may be shared."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="session")
def tiny() -> Config:
    return override(Config(recipe="tiny"), TINY)


@pytest.fixture(scope="session")
def finished(tiny, tmp_path_factory):
    """A complete run; tests read it and never write to it."""
    return fit(tiny, tmp_path_factory.mktemp("finished"), progress=False)
