"""A claim of the tutorial as something that can be held against a measurement."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

from matplotlib.figure import Figure


@dataclass(frozen=True)
class Claim:
    """What is claimed, in words and as an equation.

    Attributes:
        name: part and claim, such as "continuous.order".
        title: a few words.
        paragraph: for a reader who has the paper open.
        equation: LaTeX.
        status: "confirmed" by public material on the paper, this library's "reading" of it, or "derived" here.
    """

    name: str
    title: str
    paragraph: str
    equation: str
    status: Literal["confirmed", "reading", "derived"]


class Verdict(NamedTuple):
    """Prediction and measurement held together."""

    holds: bool
    sentence: str
    """Both numbers, and what they say."""


class Result(NamedTuple):
    """A claim, whether it held, and the figure that shows prediction and measurement."""

    claim: Claim
    verdict: Verdict
    figure: Figure
