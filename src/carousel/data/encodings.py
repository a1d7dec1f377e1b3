"""Which encoding a text file is in, where that is certain: Unicode says so itself, anything else is refused."""

import codecs

from carousel.errors import CarouselError

MARKS = {  # UTF-32 first: its mark begins like that of UTF-16
    codecs.BOM_UTF8: "utf-8-sig",
    codecs.BOM_UTF32_LE: "utf-32",
    codecs.BOM_UTF32_BE: "utf-32",
    codecs.BOM_UTF16_LE: "utf-16",
    codecs.BOM_UTF16_BE: "utf-16",
}

SAVE = "save it as UTF-8"
NAME = f"{SAVE}, or name its encoding with --encoding, in Python encoding="
"""Remedies: of any file, and of a table, whose encoding can be told."""


def encoding_of(head: bytes) -> str:
    """The encoding that a byte-order mark names; "utf-8" without one."""
    return next((name for mark, name in MARKS.items() if head.startswith(mark)), "utf-8")


def require_encoding(name: str) -> None:
    """Refuse what is no encoding of text.

    Raises:
        CarouselError: if Python knows no such text encoding.
    """
    try:
        "".encode(name)
    except (LookupError, ValueError) as error:
        raise CarouselError(f"the encoding is '{name}', wanted one such as 'utf-8' or 'latin-1'") from error


def decoded(raw: bytes, encoding: str | None = None) -> str:
    """A file's text: in the encoding given, or the one its mark names, or UTF-8.

    Raises:
        CarouselError: if the bytes are no text in this encoding, or hold NUL characters.
    """
    encoding = encoding or encoding_of(raw)
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        raise no_text(raw, encoding, error.start) from error
    if "\0" in text:
        raise nul_found(raw)
    return text


def saved_as(encoding: str) -> str:
    """The remedy for a file that has to be in an encoding."""
    return f"save it as {_shown(encoding)}"


def _shown(encoding: str) -> str:
    return encoding.removesuffix("-sig").upper()


def no_text(raw: bytes, encoding: str, start: int, remedy: str = SAVE) -> CarouselError:
    """The sentence for bytes that are no text from offset `start` on."""
    if b"\0" in raw and encoding == "utf-8":
        return nul_found(raw, remedy)
    if encoding == "utf-8-sig":  # which counts from behind its mark
        start += len(codecs.BOM_UTF8)
    line = raw.count(b"\n", 0, start) + 1
    return CarouselError(
        f"it is not text in {_shown(encoding)} (byte 0x{raw[start]:02X} in line {line}); {remedy}"
    )


def nul_found(raw: bytes, remedy: str = SAVE) -> CarouselError:
    """The sentence for NUL characters: what looks like UTF-16 without a mark, and anything else."""
    zeros = raw[:4096].count(0)
    if zeros > len(raw[:4096]) / 4:
        return CarouselError(f"it is binary, or UTF-16 without a byte-order mark; {remedy}")
    line = raw.count(b"\n", 0, raw.index(b"\0")) + 1
    return CarouselError(f"it holds a NUL character in line {line}, which no text has; save it again")
