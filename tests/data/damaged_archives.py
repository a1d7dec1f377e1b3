"""Damaged archives of sequences: `.npz`, and the text format of the UEA and UCR archives."""

import io
import pickle
import struct
from collections.abc import Iterator

import numpy as np
from damaged import ANY, GOOD, READ, zipped


def npz(**arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def archives() -> Iterator[tuple[str, bytes, str]]:
    values, lengths = np.arange(12.0).reshape(6, 2), np.array([2, 4])
    good = npz(values=values, lengths=lengths)
    yield "nothing", b"", "it is empty"
    yield "a pickle", pickle.dumps([1]), "it is no .npz archive"
    yield "a single array", np.lib.format.magic(1, 0) + b"x", "it is no .npz archive"
    yield "no arrays", zipped({}), "it"
    yield "other members", zipped({"../../evil.npy": b"x"}), "it"
    yield "pickled objects", npz(values=np.array([[1], [None]], object), lengths=lengths), "pickled"
    yield (
        "text for numbers",
        npz(values=np.array([["a"], ["b"]]), lengths=np.array([2])),
        "wanted real numbers",
    )
    yield (
        "complex numbers",
        npz(values=np.ones((2, 1), complex), lengths=np.array([2])),
        "wanted real numbers",
    )
    yield "NaN", npz(values=values * np.nan, lengths=lengths), "wanted a finite float32 number"
    yield "numbers too great", npz(values=values + 1e39, lengths=lengths), "wanted a finite float32 number"
    yield "no lengths", npz(values=values), "it has no array 'lengths'"
    yield "lengths that are too long", npz(values=values, lengths=lengths + 1), "array 'lengths' sums to"
    yield "negative lengths", npz(values=values, lengths=np.array([-2, 8])), "has length -2"
    yield (
        "an unknown array",
        npz(values=values, lengths=lengths, extra=values),
        "its array 'extra' is unknown",
    )
    yield "a bomb", _bomb(), "as archives made to do harm do"
    yield (
        "a header that lies",
        zipped({"values.npy": _npy_header((10**9, 10**3)), "lengths.npy": _npy_header((1,))}),
        "it is no .npz archive",
    )
    for share in range(1, 20):
        yield f"cut after {share} of 20", good[: len(good) * share // 20], "it is no .npz archive"
    rng = np.random.default_rng(2)
    for i, place in enumerate(rng.integers(0, len(good), 15)):
        yield f"another byte {i}", good[:place] + bytes([good[place] ^ 0xFF]) + good[place + 1 :], ANY


def _npy_header(shape: tuple[int, ...]) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": shape})
    return file.getvalue()


def _bomb() -> bytes:
    """An archive that says it unpacks to 4 GB, in a directory that was changed to say so."""
    good = bytearray(npz(values=np.zeros((6, 2)), lengths=np.array([2, 4])))
    entry = good.index(b"PK\1\2")
    good[entry + 24 : entry + 28] = struct.pack("<I", 2**32 - 2)
    return bytes(good)


TS = "@problemName x\n@timeStamps false\n@classLabel true a b\n@data\n1,2,3:4,5,6:a\n1,2:3,4:b\n"


def archive_texts() -> Iterator[tuple[str, str | bytes, str]]:
    yield "nothing", "", "it is empty"
    yield "no data", TS[: TS.index("1,2,3")], "it has no line '@data'"
    yield "no mark of data", TS.replace("@data\n", ""), "it has no line '@data'"
    yield "a table", GOOD, "it has no line '@data'"
    yield "a word in the header", "hello\n" + TS, "begins with 'hello'"
    yield "no label", TS.replace(":a", ":"), "has no label"
    yield "a label alone", TS + "a\n", "has no label"
    yield "a dimension too few", TS + "1,2:b\n", "has 1 dimensions, wanted 2"
    yield "a dimension too short", TS + "1,2:3:b\n", "has dimensions of 1 and 2 values"
    yield "a word", TS + "1,two:3,4:b\n", "holds 'two'"
    yield "an empty cell", TS + "1,:3,4:b\n", "holds ''"
    yield "missing numbers", TS + "?,2:NaN,4:b\n", READ
    yield "missing numbers alone", TS + "?,?:?,?:b\n", "holds no number"
    yield "infinite numbers", TS + "inf,2:3,4:b\n", "wanted a finite float32 number"
    yield "numbers too great", TS + "1e39,2:3,4:b\n", "wanted a finite float32 number"
    yield (
        "labels that are numbers to predict",
        TS.replace("@classLabel true a b", "@targetLabel true"),
        "its labels are numbers",
    )
    yield "times", TS.replace("@timeStamps false", "@timestamps true"), "have times of their own"
    yield "one class", TS.replace(":b\n", ":a\n"), READ
    yield "comments and blank lines", "# hello\n\n" + TS.replace("@data\n", "@data\n\n"), READ
    yield "line ends of other systems", TS.replace("\n", "\r\n"), READ
    yield "UTF-16", TS.encode("utf-16"), READ
    yield "Latin-1", TS.replace("problemName x", "problemName é").encode("latin-1"), "it is not text in UTF-8"
    yield "a NUL character", TS.replace("1,2:", "1,\0:"), "it holds a NUL character"
    yield "a pickle", pickle.dumps([1]), "it"
    for share in range(1, 10):
        yield f"cut after {share} of 10", TS[: len(TS) * share // 10], ANY
