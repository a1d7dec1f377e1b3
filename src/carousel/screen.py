"""What a person at a terminal sees while they wait."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

IS_FIRST = os.environ.get("RANK", "0") == "0"
"""Whether this process is the one to be seen of several that train together; `torchrun` numbers them."""


@contextmanager
def waiting(what: str, shown: bool = True) -> Iterator[None]:
    """Say on a terminal what is being done, until it is done; elsewhere nothing."""
    console = Console(stderr=True)
    if shown and IS_FIRST and console.is_terminal:
        with console.status(f"{what} …"):
            yield
    else:
        yield
