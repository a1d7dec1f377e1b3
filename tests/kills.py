"""A training that ends as a kill would end it, seen from its files."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import pytest


class Killed(BaseException):
    """Nothing catches it but who wants it."""


@contextmanager
def killed_after(replacements: int) -> Iterator[None]:
    """What runs inside ends before it replaces one more file than so many, and has to come to that."""
    original, left = os.replace, replacements

    def replace(source: str, target: str) -> None:
        nonlocal left
        if left == 0:
            raise Killed
        left -= 1
        original(source, target)

    with pytest.MonkeyPatch.context() as patch, pytest.raises(Killed):
        patch.setattr(os, "replace", replace)
        yield
