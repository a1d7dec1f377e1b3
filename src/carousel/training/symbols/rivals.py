"""What general compressors need for the same text."""

import bz2
import gzip
import lzma
from collections.abc import Callable

RIVALS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bz2": bz2.compress,
    "xz": lzma.compress,
}


def bits_of_rivals(past: bytes, text: bytes) -> dict[str, float]:
    """The bits that each compressor adds for a text behind its past, which it has seen as the model has."""
    return {
        name: 8.0 * max(0, len(compress(past + text)) - (len(compress(past)) if past else 0))
        for name, compress in RIVALS.items()
    }
