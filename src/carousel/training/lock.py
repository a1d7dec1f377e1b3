"""One process at a time in a run folder."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from carousel.errors import CarouselError
from carousel.files import cannot_write
from carousel.training.parts import LOCK


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Be the only process that trains in a folder; the lock of one that was killed does not count.

    Raises:
        CarouselError: another process trains there, or the folder cannot be written.
    """
    file = folder / LOCK
    lock = FileLock(file, blocking=False)
    try:
        lock.acquire()
    except Timeout as error:
        raise CarouselError(
            f"another process is training in '{folder}'; wait for it, or end it and resume"
        ) from error
    except OSError as error:
        raise cannot_write(file, error) from error
    try:
        yield
    finally:
        file.unlink(missing_ok=True)  # before it is released, so that no one else holds it yet
        lock.release()
