"""What a person at a terminal sees while they wait."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console


@contextmanager
def waiting(what: str, shown: bool = True) -> Iterator[None]:
    """Say on a terminal what is being done, until it is done; elsewhere nothing."""
    console = Console(stderr=True)
    if shown and console.is_terminal:
        with console.status(f"{what} …"):
            yield
    else:
        yield
