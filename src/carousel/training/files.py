"""Files that are either wholly there or not at all."""

import os
from pathlib import Path

from carousel.errors import CarouselError


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace the file at `path` in one step, so that no reader and no crash ever sees half of it.

    A device or a pipe, such as `/dev/stdout`, cannot be replaced and is written to directly.

    Raises:
        CarouselError: the disk is full or read-only, or the folder is missing; the old file is untouched.
    """
    data = content.encode() if isinstance(content, str) else content
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
        else:
            _replace(path, data)
    except OSError as error:
        raise cannot_write(path, error) from error


def cannot_write(path: Path, error: OSError) -> CarouselError:
    """The sentence for a full or read-only disk, with the reason that the operating system gives."""
    return CarouselError(
        f"cannot write '{path}': {error.strerror or error}; free some space or choose another place"
    )


def _replace(path: Path, data: bytes) -> None:
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
