"""Files that are either wholly there or not at all."""

import errno
import os
import re
import shlex
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from carousel.errors import CarouselError

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM)


def write_atomically(path: Path, content: str | bytes) -> None:
    """Replace the file at `path` in one step, so that no reader and no crash ever sees half of it.

    A device or a pipe, such as `/dev/stdout`, cannot be replaced and is written to directly.

    Raises:
        CarouselError: the disk is full or read-only, or the folder is missing; the old file is untouched.
    """
    if path.exists() and not path.is_file():
        try:
            path.write_bytes(_encoded(content))
        except OSError as error:
            raise cannot_write(path, error) from error
    else:
        write_together({path: content})


def write_together(contents: Mapping[Path, str | bytes]) -> None:
    """Replace several files once all of them are written, so that a failure leaves the old ones in place.

    Raises:
        CarouselError: the disk is full or read-only, or a folder is missing.
    """
    temporary = {path: path.with_name(f".{path.name}.{os.getpid()}") for path in contents}
    path = Path()
    try:
        for path, content in contents.items():
            with open(temporary[path], "wb") as file:
                file.write(_encoded(content))
                file.flush()
                os.fsync(file.fileno())
        for path in contents:
            os.replace(temporary[path], path)
    except OSError as error:
        raise cannot_write(path, error) from error
    finally:
        for left in temporary.values():
            with suppress(OSError):
                left.unlink()


def make_folder(folder: Path) -> None:
    """Make a folder, and those that it lies in, if they are missing.

    Raises:
        CarouselError: the disk is full or read-only, or something else has that name.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise cannot_write(folder, error) from error


def remove_unfinished(folder: Path) -> None:
    """Remove what a process that was killed while it wrote has left in a folder, at any depth.

    Raises:
        CarouselError: the disk is read-only.
    """
    path = folder
    try:
        for path in folder.rglob(".*"):
            if is_unfinished(path):
                path.unlink()
    except OSError as error:
        raise cannot_write(path, error) from error


def is_unfinished(path: Path) -> bool:
    """Whether a file is one that a process was killed over while it wrote it, by its name."""
    return re.fullmatch(r"\..+\.\d+", path.name) is not None and path.is_file()


def cannot_write(path: Path, error: OSError) -> CarouselError:
    """The sentence for a file that cannot be written, with the reason that the operating system gives."""
    remedy = "free some space or choose another place" if error.errno in NO_ROOM else "check the path"
    return CarouselError(f"cannot write '{path}': {error.strerror or error}; {remedy}")


def as_argument(path: Path) -> str:
    """A path as it can be pasted behind a command: quoted where a shell needs it, and no option."""
    text = str(path)
    return shlex.quote(f"./{text}" if text.startswith("-") else text)


def as_options(names: Iterable[str]) -> str:
    """Names of arguments as the command has them: `time_zone` is `--time-zone`."""
    return ", ".join(f"--{name.replace('_', '-')}" for name in names)


def _encoded(content: str | bytes) -> bytes:
    return content.encode() if isinstance(content, str) else content
