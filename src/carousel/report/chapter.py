"""What the report of a run says that depends on the kind of its task."""

from collections.abc import Mapping
from typing import NamedTuple

from carousel.report.page import ReportFigure
from carousel.report.recall import ClassRecall
from carousel.training import Run

UNSEEN = "torch.nn.GRU does not show its gates"
"""Why the report of a run with layer gru has no picture of them."""


def columns_of(run: Run) -> dict[str, list[float]]:
    """The history of a run, column by column."""
    rows = run.history()
    return {name: [row[name] for row in rows] for name in rows[0]}


class Chapter(NamedTuple):
    """The part of a report that a task brings.

    Attributes:
        finding: what the kept epoch reaches on the validation part, to be read after "epoch 3 was kept ...; ".
        facts: the scores, each under its name.
        figures: in the order of the page.
        recalls: of a classifier's test part.
        sample: text that the model wrote.
    """

    finding: str
    facts: Mapping[str, str]
    figures: tuple[ReportFigure, ...]
    recalls: tuple[ClassRecall, ...] = ()
    sample: str = ""
