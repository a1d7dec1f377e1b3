"""How a comparison writes its numbers: one unit and one precision for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log10

DIGITS = 4


@dataclass(frozen=True)
class Scale:
    """The unit and the precision of scores.

    Attributes:
        is_share: whether they lie between 0 and 1 and are told in per cent.
        decimals: how many are written.
    """

    is_share: bool
    decimals: int

    @classmethod
    def of(cls, scores: Sequence[float], is_share: bool) -> "Scale":
        """Per cent with one decimal, or as many as give the largest score four digits."""
        largest = max(map(abs, scores), default=0.0)
        magnitude = floor(log10(largest)) if largest else 0
        return cls(is_share, 1 if is_share else max(DIGITS - 1 - magnitude, 0))

    @property
    def unit(self) -> str:
        """What stands behind a score."""
        return " %" if self.is_share else ""

    @property
    def points(self) -> str:
        """What stands behind a difference."""
        return " points" if self.is_share else ""

    def number(self, value: float) -> str:
        return f"{100 * value if self.is_share else value:.{self.decimals}f}"

    def signed(self, value: float) -> str:
        text = self.number(abs(value))
        if not any(digit in "123456789" for digit in text):
            return text
        return ("+" if value > 0 else "−") + text

    def interval(self, ends: tuple[float, float]) -> str:
        return f"{self.signed(ends[0])} to {self.signed(ends[1])}"


def p_value(p: float) -> str:
    """`0.03`, or `< 0.001`."""
    return "< 0.001" if p < 0.001 else f"{p:.{3 if p < 0.1 else 2}f}"
