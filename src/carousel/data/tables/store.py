"""Rows of numbers in memory or in a file without a name, written anywhere and read by the slice."""

import os
import shutil
import tempfile
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from carousel.data.series import Rows
from carousel.errors import CarouselError


class FileRows:
    """Rows [T, F] of a file, each slice read from disk when it is asked for; nothing is kept in memory.

    The file has no name, so it is gone when the last that reads from it is, however that ends.
    """

    def __init__(self, file: "_Descriptor", dtype: npt.DTypeLike, first: int, count: int, width: int) -> None:
        self._file, self._first = file, first
        self.dtype = np.dtype(dtype)
        self.shape = (count, width)

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> npt.NDArray[Any]:
        first, last, _ = rows.indices(len(self))
        found = np.empty((max(last - first, 0), self.shape[1]), self.dtype)
        view = _bytes_of(found)
        place = (self._first + first) * self._row_bytes
        while len(view):
            size = os.preadv(self._file.number, [view], place)
            if size == 0:
                raise CarouselError("the rows kept on disk are cut short; read the table again")
            view, place = view[size:], place + size
        return found[:: rows.step or 1]

    def __setitem__(self, rows: slice, values: npt.NDArray[Any]) -> None:
        view = _bytes_of(np.ascontiguousarray(values, self.dtype))
        place = (self._first + rows.start) * self._row_bytes
        try:
            while len(view):
                size = os.pwrite(self._file.number, view, place)
                view, place = view[size:], place + size
        except OSError as error:
            raise CarouselError(
                f"cannot keep rows on disk: {error.strerror or error}; free some space or choose another folder"
            ) from error

    @property
    def _row_bytes(self) -> int:
        return self.dtype.itemsize * self.shape[1]

    def part(self, first: int, count: int) -> "FileRows":
        """Some of these rows."""
        return FileRows(self._file, self.dtype, self._first + first, count, self.shape[1])


class _Followed:
    """Some rows on disk, and behind them others in memory."""

    def __init__(self, rows: Rows, count: int, new: npt.NDArray[Any]) -> None:
        self._rows, self._count, self._new = rows, count, new
        self.dtype = rows.dtype
        self.shape = (count + len(new), rows.shape[1])

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> npt.NDArray[Any]:
        first, last, step = rows.indices(len(self))
        count = len(self._rows)
        parts = [
            self._rows[first : min(last, count)],
            self._new[max(first - count, 0) : max(last - count, 0)],
        ]
        return np.concatenate(parts)[::step]


class _Descriptor:
    """An open file that closes with the last that holds it."""

    def __init__(self, number: int) -> None:
        self.number = number
        weakref.finalize(self, os.close, number)


def _bytes_of(rows: npt.NDArray[Any]) -> memoryview:
    return rows.reshape(-1).view(np.uint8).data


Stored: TypeAlias = FileRows | npt.NDArray[Any]
Room: TypeAlias = Callable[[int, int, npt.DTypeLike], Stored]
"""Makes room for so many rows, of so many columns, of a dtype."""


def part(rows: Stored, first: int, count: int) -> Stored:
    """Some rows, on the same memory or in the same file."""
    return rows.part(first, count) if isinstance(rows, FileRows) else rows[first : first + count]


def followed(rows: Rows, count: int, new: npt.NDArray[Any]) -> Rows:
    """The first `count` rows, and new ones behind them; those on disk stay there."""
    if isinstance(rows, np.ndarray):
        return np.concatenate([rows[:count], new])
    return _Followed(rows, count, new)


def memory_rows(count: int, width: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Room for rows in memory."""
    return np.zeros((count, width), dtype)


LARGE = "/var/tmp"
"""Where many systems want large temporary files: what lies in /tmp may lie in memory."""


def disk_rows(folder: str | os.PathLike[str] | None) -> Room:
    """What makes room for rows on the disk of a folder; without one where `place_of_rows` says.

    Raises:
        CarouselError: when called, if the disk has no room for them.
    """
    place = place_of_rows() if folder is None else Path(folder)

    remedy = (
        "name another folder in the environment variable TMPDIR"
        if folder is None
        else "choose another folder"
    )

    def room(count: int, width: int, dtype: npt.DTypeLike) -> FileRows:
        size = count * width * np.dtype(dtype).itemsize
        try:
            free = shutil.disk_usage(place).free
            if size > free:
                raise CarouselError(
                    f"the rows need {size / 1e9:.1f} GB in '{place}', where {free / 1e9:.1f} GB are free; "
                    f"free some space or {remedy}"
                )
            with tempfile.TemporaryFile(dir=place) as file:
                os.truncate(file.fileno(), size)
                descriptor = _Descriptor(os.dup(file.fileno()))
        except OSError as error:
            raise CarouselError(
                f"cannot keep rows in '{place}': {error.strerror or error}; {remedy}"
            ) from error
        return FileRows(descriptor, dtype, 0, count, width)

    return room


def place_of_rows() -> Path:
    """The folder of TMPDIR; without that /var/tmp if it can be written, else what the system uses.

    It is not that of a run, which may be read-only or shared over a network, where a file without a name is given one
    and left behind by whoever is killed.
    """
    if "TMPDIR" not in os.environ and os.access(LARGE, os.W_OK | os.X_OK):
        return Path(LARGE)
    return Path(tempfile.gettempdir())
