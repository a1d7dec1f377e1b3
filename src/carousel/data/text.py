"""Documents as symbols: what text files become and what models of the next symbol take."""

import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from carousel.data.cuts import require_fractions
from carousel.data.encodings import decoded
from carousel.data.opening import reading
from carousel.errors import CarouselError

MAX_CHARACTERS = 512
"""More different characters than these, as in Chinese, and a text is read as bytes unless told otherwise."""


@dataclass(frozen=True, eq=False)
class Text:
    """D documents of symbols.

    Attributes:
        documents: D arrays of positions in the alphabet, uint8 or uint16 [T_i], T_i >= 1.
        alphabet: the characters that occur, in order of code point; None if symbols are bytes.
        ids: one name for each document.

    Raises:
        CarouselError: if the parts do not fit together.
    """

    documents: tuple[npt.NDArray[Any], ...]
    alphabet: tuple[str, ...] | None
    ids: tuple[str, ...]

    def __post_init__(self) -> None:
        for name in ("documents", "ids"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        if len(self.documents) == 0:
            raise CarouselError("there is no document; give at least one")
        if len(self.ids) != len(self.documents):
            raise CarouselError(
                f"there are {len(self.ids)} ids for {len(self.documents)} documents; give one each"
            )
        if self.alphabet is not None:
            object.__setattr__(self, "alphabet", tuple(self.alphabet))
            if len(set(self.alphabet)) < len(self.alphabet) or any(len(c) != 1 for c in self.alphabet):
                raise CarouselError("the alphabet must be single characters, all different; correct it")
        for document, name in zip(self.documents, self.ids, strict=True):
            if document.ndim != 1 or len(document) == 0 or document.dtype not in (np.uint8, np.uint16):
                raise CarouselError(
                    f"document '{name}' has dtype {document.dtype} and shape {document.shape}, "
                    "wanted uint8 or uint16 [symbols], at least one; convert it or leave it out"
                )
            if document.max() >= self.n_symbols:
                raise CarouselError(
                    f"document '{name}' holds symbol {document.max()}, wanted a position among "
                    f"the {self.n_symbols} symbols, counted from 0; correct it"
                )

    def __len__(self) -> int:
        return len(self.documents)

    @property
    def n_symbols(self) -> int:
        """The size of the alphabet; 256 for bytes."""
        return 256 if self.alphabet is None else len(self.alphabet)

    def encode(self, text: str) -> npt.NDArray[Any]:
        """The symbols of a string, uint8 or uint16 [T].

        Raises:
            CarouselError: if a character is not in the alphabet.
        """
        return encode(text, self.alphabet)

    def decode(self, symbols: npt.NDArray[Any]) -> str:
        """The string of some symbols; bytes that are no UTF-8 become the replacement character."""
        return decode(symbols, self.alphabet)


def encode(text: str, alphabet: tuple[str, ...] | None) -> npt.NDArray[Any]:
    """The symbols of a string in an alphabet of characters, or its bytes in UTF-8: uint8 or uint16 [T].

    Raises:
        CarouselError: if a character is not in the alphabet.
    """
    if alphabet is None:
        return np.frombuffer(text.encode("utf-8"), np.uint8).copy()
    codes = _code_points(text)
    known = _code_points("".join(alphabet))
    order = np.argsort(known)
    places = np.minimum(np.searchsorted(known, codes, sorter=order), len(known) - 1)
    symbols = order[places]
    foreign = known[symbols] != codes
    if foreign.any():
        raise CarouselError(
            f"the character {chr(codes[foreign.argmax()])!r} is not among the {len(alphabet)} of the alphabet; "
            "leave it out, or train on bytes"
        )
    return symbols.astype(np.uint8 if len(alphabet) <= 256 else np.uint16)


def decode(symbols: npt.NDArray[Any], alphabet: tuple[str, ...] | None) -> str:
    """The string that `encode` made these symbols of."""
    if alphabet is None:
        return symbols.astype(np.uint8).tobytes().decode("utf-8", "replace")
    return "".join(alphabet[symbol] for symbol in symbols)


def text_from(documents: dict[str, str], symbols: Literal["auto", "bytes", "characters"] = "auto") -> Text:
    """Strings, by name, as symbols.

    Args:
        documents: at least one string that is not empty.
        symbols: "auto" takes the characters that occur, or bytes where these are more than 512.

    Raises:
        CarouselError: if nothing is left, or there are more than 65536 characters.
    """
    filled = {name: content for name, content in documents.items() if content}
    if not filled:
        raise CarouselError("there are no characters; give at least one")
    occurring = _code_points("".join(sorted(set().union(*filled.values()))))
    alphabet = None if symbols == "bytes" else tuple(chr(int(code)) for code in occurring)
    if symbols == "auto" and len(occurring) > MAX_CHARACTERS:
        alphabet = None
    if alphabet is not None and len(alphabet) > 2**16:
        raise CarouselError(
            f"it has {len(alphabet)} different characters, wanted at most 65536; read it as bytes"
        )
    return Text(tuple(encode(c, alphabet) for c in filled.values()), alphabet, tuple(filled))


def read_text(
    paths: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    symbols: Literal["auto", "bytes", "characters"] = "auto",
) -> Text:
    """Text files as documents, whatever their extension; line ends become newlines.

    Files are UTF-8, or UTF-16 or UTF-32 with a byte-order mark. Read as `bytes`, a file may hold anything.

    Raises:
        CarouselError: if a file cannot be read, is empty, or is not such text.
    """
    names = [paths] if isinstance(paths, (str, os.PathLike)) else list(paths)
    if symbols == "bytes":
        return Text(tuple(_raw(path) for path in names), None, tuple(str(path) for path in names))
    contents = {}
    for path in names:
        with reading(path) as file:
            text = decoded(file.read())
            if not text:
                raise CarouselError("it holds no characters; write it again")
        contents[str(path)] = text.replace("\r\n", "\n").replace("\r", "\n")
    return text_from(contents, symbols)


def _raw(path: str | os.PathLike[str]) -> npt.NDArray[np.uint8]:
    with reading(path) as file:
        return np.frombuffer(file.read(), np.uint8).copy()


def text_parts(text: Text, validation_fraction: float, test_fraction: float) -> tuple[Text, Text, Text]:
    """Training, validation and test part, in the order of the documents; a document that a cut meets is divided.

    Raises:
        CarouselError: if a part would be empty.
    """
    require_fractions(validation_fraction, test_fraction)
    total = sum(len(document) for document in text.documents)
    edges = [
        0,
        round(total * (1 - validation_fraction - test_fraction)),
        round(total * (1 - test_fraction)),
        total,
    ]
    parts = [_between(text, first, last) for first, last in zip(edges, edges[1:], strict=False)]
    return parts[0], parts[1], parts[2]


def _between(text: Text, first: int, last: int) -> Text:
    if first >= last:
        raise CarouselError("the text is too short to divide into training, validation and test; add more")
    kept, names, offset = [], [], 0
    for document, name in zip(text.documents, text.ids, strict=True):
        piece = document[max(first - offset, 0) : max(last - offset, 0)]
        if len(piece):
            kept.append(piece)
            names.append(name)
        offset += len(document)
    return replace(text, documents=tuple(kept), ids=tuple(names))


def _code_points(text: str) -> npt.NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le"), np.uint32)
