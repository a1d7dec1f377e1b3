"""The sizes that are timed."""

from typing import NamedTuple


class Shape(NamedTuple):
    """Sequences in a batch, steps, features of a sample, and hidden size."""

    B: int
    T: int
    I: int  # noqa: E741, the field's letter for it
    H: int

    def __str__(self) -> str:
        return f"B{self.B} T{self.T} I{self.I} H{self.H}"


GRID = (
    Shape(1, 100, 64, 64),
    Shape(1, 100, 128, 256),
    Shape(8, 100, 128, 256),
    Shape(32, 100, 64, 128),
    Shape(32, 100, 128, 256),
    Shape(64, 100, 512, 512),
    Shape(128, 50, 1024, 1024),
    Shape(256, 28, 28, 128),
    Shape(16, 1000, 32, 96),
)
BATCHES = tuple(shape for shape in GRID if shape.B > 1)
LARGE = tuple(shape for shape in GRID if shape.B >= 32 and shape.H >= 256)
QUICK = (Shape(1, 100, 64, 64), Shape(1, 100, 128, 256), Shape(32, 100, 128, 256))
"""The part of the grid that a quick run takes."""
