"""Sequences as a NumPy archive, in and out.

`values` [sum T_i, F] holds all sequences one after another and `lengths` [N] cuts them apart; or `values` [N, T, F] has
an axis for them, and `lengths` [N], where there are any, say how many steps of each are real. Optional: `labels` [N]
(integers or strings), `features` [F] and `ids` [N] (strings).
"""

import os
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from carousel.data.labels import encode_labels
from carousel.data.sequences import Sequences
from carousel.errors import CarouselError, did_you_mean

KNOWN = ("values", "lengths", "labels", "features", "ids")
LARGEST_BOMB = 1 << 30
"""What unpacks to fewer bytes does no harm, however small it is packed."""


def write_npz(path: str | os.PathLike[str], sequences: Sequences) -> None:
    """Write a `.npz` file that `read` takes. A failure leaves no file behind, and an older one untouched.

    Labels are written as names, so a class without members is not in the file.

    Raises:
        CarouselError: if the name does not end in .npz, or the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() != ".npz":
        raise CarouselError(
            f"cannot write '{path}': its extension is '{path.suffix}', wanted .npz; rename it"
        )
    arrays: dict[str, Any] = {
        "values": np.concatenate(sequences.values),
        "lengths": sequences.lengths,
        "features": np.array(sequences.features),
        "ids": np.array(sequences.ids),
    }
    if sequences.labels is not None:
        arrays["labels"] = np.array(sequences.classes)[sequences.labels]
    unfinished = path.with_name(path.name + ".part")
    try:
        with unfinished.open("wb") as file:
            np.savez_compressed(file, **arrays)
        unfinished.replace(path)
    except OSError as error:
        raise CarouselError(f"cannot write '{path}': {error.strerror}; choose another place") from error
    finally:
        with suppress(OSError):
            unfinished.unlink()


def read_npz(file: IO[bytes]) -> Sequences:
    """The sequences of an open `.npz` file.

    Raises:
        CarouselError: if it is damaged or not laid out as this module's docstring says.
    """
    arrays = _load(file)
    values = arrays["values"]
    if values.ndim not in (2, 3):
        raise CarouselError(
            f"array 'values' has shape {values.shape}, wanted [steps of all sequences, features] "
            "or [sequences, steps, features]; reshape it"
        )
    if "lengths" not in arrays and values.ndim == 2:
        raise CarouselError(
            "it has no array 'lengths', which cuts the 2-D 'values' into sequences; "
            "add it, or make 'values' [sequences, steps, features]"
        )
    lengths = arrays["lengths"] if "lengths" in arrays else np.full(len(values), values.shape[1])
    if lengths.dtype.kind not in "iu" or lengths.ndim != 1:
        raise CarouselError(
            f"array 'lengths' has dtype {lengths.dtype} and shape {lengths.shape}, "
            "wanted one integer for each sequence; convert it"
        )
    ids = _names(arrays, "ids", len(lengths)) or tuple(str(i) for i in range(len(lengths)))
    features = _names(arrays, "features", values.shape[-1]) or tuple(f"x{i}" for i in range(values.shape[-1]))
    if len(set(ids)) < len(ids):
        raise CarouselError("array 'ids' names two sequences alike; give each its own id")
    for name, length in zip(ids, lengths, strict=True):
        if length < 1:
            raise CarouselError(
                f"sequence '{name}' has length {length}, wanted at least one step; leave it out"
            )
    pieces = _padded(values, lengths, ids) if values.ndim == 3 else _joined(values, lengths)
    return Sequences(tuple(pieces), features, ids, *encode_labels(_names(arrays, "labels", len(lengths))))


def _joined(values: npt.NDArray[Any], lengths: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
    if lengths.sum() != len(values):
        raise CarouselError(
            f"array 'lengths' sums to {lengths.sum()}, but 'values' has {len(values)} rows; make them agree"
        )
    return np.split(values, np.cumsum(lengths)[:-1])[: len(lengths)]


def _padded(
    values: npt.NDArray[Any], lengths: npt.NDArray[Any], ids: tuple[str, ...]
) -> list[npt.NDArray[Any]]:
    if len(lengths) != len(values):
        raise CarouselError(
            f"array 'lengths' has {len(lengths)} numbers, but 'values' has {len(values)} sequences; make them agree"
        )
    for name, length in zip(ids, lengths, strict=True):
        if length > values.shape[1]:
            raise CarouselError(
                f"sequence '{name}' has length {length}, but 'values' has {values.shape[1]} steps; make them agree"
            )
    return [sequence[:length] for sequence, length in zip(values, lengths, strict=True)]


def _load(file: IO[bytes]) -> dict[str, npt.NDArray[Any]]:
    try:
        with np.load(file, allow_pickle=False) as archive:
            _require_no_bomb(archive.zip.infolist())
            arrays = {name: _load_array(archive, name) for name in archive.files}
        if len(arrays) != _counted(file, len(arrays)):
            raise ValueError("the archive's directory hides some of its arrays")
    except CarouselError:
        raise
    except (
        Exception
    ) as error:  # zipfile, zlib and NumPy each have their own ways to fail on a damaged archive
        raise CarouselError(
            "it is no .npz archive, or one that is cut short or damaged; write it again"
        ) from error
    for name in arrays:
        if name not in KNOWN:
            raise CarouselError(f"its array '{name}' is unknown; {did_you_mean(name, KNOWN)}")
    if "values" not in arrays:
        found = ", ".join(f"'{other}'" for other in arrays) or "nothing"
        raise CarouselError(f"it has no array 'values', got {found}; add it")
    return arrays


def _require_no_bomb(members: list[zipfile.ZipInfo]) -> None:
    packed = sum(member.compress_size for member in members)
    unpacked = sum(member.file_size for member in members)
    if unpacked > LARGEST_BOMB and unpacked > 100 * packed:
        raise CarouselError(
            f"it unpacks to {unpacked / 1e9:.1f} GB from {packed / 1e6:.1f} MB, as archives made to do harm do; "
            "save it without compression if it is meant so"
        )


def _counted(file: IO[bytes], found: int) -> int:
    """How many arrays the record at the end of the archive counts; `found` where it is not in its usual place."""
    file.seek(-22, os.SEEK_END)
    record = file.read()
    return int.from_bytes(record[10:12], "little") if record.startswith(b"PK\5\6") else found


def _load_array(archive: Any, name: str) -> npt.NDArray[Any]:
    try:
        return np.asarray(archive[name])
    except ValueError as error:
        if "allow_pickle" in str(error):
            raise CarouselError(
                f"array '{name}' holds pickled Python objects, which are never loaded; "
                "save it as numbers or strings of a NumPy dtype"
            ) from error
        raise


def _names(arrays: dict[str, npt.NDArray[Any]], key: str, count: int) -> tuple[str, ...] | None:
    """The strings of an optional array, integers as their digits; None if there is no such array."""
    if key not in arrays:
        return None
    array = arrays[key]
    if array.dtype.kind not in "iuU" or array.shape != (count,):
        raise CarouselError(
            f"array '{key}' has dtype {array.dtype} and shape {array.shape}, "
            f"wanted integers or strings of shape {(count,)}; convert it"
        )
    return tuple(str(name) for name in array)
