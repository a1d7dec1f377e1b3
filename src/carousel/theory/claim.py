"""A claim of the tutorial as something that can be held against a measurement."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

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


@dataclass(frozen=True)
class Result:
    """A claim with everything that was found out about it."""

    claim: Claim
    predicted: Mapping[str, Any]
    measured: Mapping[str, Any]
    verdict: Verdict
    figure: Figure
