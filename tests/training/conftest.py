"""A run small enough to be made once for all tests here."""

import pytest

# Carousel is imported when a test asks for it: jaxtyping must see it first, also where these tests run alone.

TINY = ("layer=torch", "hidden_size=4", "epochs=3", "batch_size=64", "learning_rate=0.03")


@pytest.fixture(scope="session")
def tiny():
    """Its configuration."""
    from carousel.training import Config, override

    return override(Config(recipe="tiny"), TINY)


@pytest.fixture(scope="session")
def finished(tiny, tmp_path_factory):
    """A complete run; tests read it and never write to it."""
    from carousel.training import fit

    return fit(tiny, tmp_path_factory.mktemp("finished"), progress=False)
