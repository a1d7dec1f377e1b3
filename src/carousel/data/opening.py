"""Files opened for reading, with a sentence for whatever is in the way."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from carousel.errors import CarouselError


@contextmanager
def naming(path: str | os.PathLike[str]) -> Iterator[None]:
    """What goes wrong inside is told as "cannot read 'path': ...".

    Raises:
        CarouselError: for every `CarouselError` and `OSError` inside.
    """
    try:
        yield
    except CarouselError as error:
        raise CarouselError(f"cannot read '{path}': {error}") from error
    except FileNotFoundError as error:
        raise CarouselError(f"cannot read '{path}': it does not exist; check the path") from error
    except OSError as error:
        raise CarouselError(
            f"cannot read '{path}': {error.strerror or error}; check the path and its permissions"
        ) from error


@contextmanager
def reading(path: str | os.PathLike[str]) -> Iterator[IO[bytes]]:
    """A file that is not empty, open for reading bytes; errors inside name it.

    Raises:
        CarouselError: if it cannot be read, is a directory or is empty.
    """
    path = Path(path)
    with naming(path):
        if "\0" in str(path):
            raise CarouselError("its name holds a NUL byte, which no file has; check the path")
        if path.is_dir():
            raise CarouselError("it is a directory; name a file in it")
        with path.open("rb") as file:
            if not file.read(1):
                raise CarouselError("it is empty; write it again")
            file.seek(0)
            yield file
