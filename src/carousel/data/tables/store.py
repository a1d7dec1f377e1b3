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


def memory_rows(count: int, width: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
    """Room for rows in memory."""
    return np.zeros((count, width), dtype)


def disk_rows(folder: str | os.PathLike[str] | None) -> Room:
    """What makes room for rows on the disk of a folder; without one in the folder for temporary files.

    Raises:
        CarouselError: when called, if the disk has no room for them.
    """
    place = Path(tempfile.gettempdir() if folder is None else folder)

    def room(count: int, width: int, dtype: npt.DTypeLike) -> FileRows:
        size = count * width * np.dtype(dtype).itemsize
        try:
            free = shutil.disk_usage(place).free
            if size > free:
                raise CarouselError(
                    f"the rows need {size / 1e9:.1f} GB in '{place}', where {free / 1e9:.1f} GB are free; "
                    "free some space or choose another folder"
                )
            with tempfile.TemporaryFile(dir=place) as file:
                os.truncate(file.fileno(), size)
                descriptor = _Descriptor(os.dup(file.fileno()))
        except OSError as error:
            raise CarouselError(
                f"cannot keep rows in '{place}': {error.strerror or error}; choose another folder"
            ) from error
        return FileRows(descriptor, dtype, 0, count, width)

    return room
