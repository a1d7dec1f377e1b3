"""The parts of the theory lab, run one by one."""

import importlib
from types import ModuleType

from carousel.errors import CarouselError, did_you_mean
from carousel.theory.claim import Result

PARTS = {
    "continuous": "from a delay differential equation to the RNN",
    "unrolling": "from the whole sequence to segments of it",
    "gradients": "why the standard RNN is hard to train",
    "evolution": "from the RNN to the LSTM, step by step",
}


def investigate(part: str, quick: bool = False) -> list[Result]:
    """Predict, measure, compare and draw every claim of a part.

    Args:
        part: one of `PARTS`.
        quick: coarser measurements, in seconds instead of a minute.

    Raises:
        CarouselError: there is no such part.
    """
    module = _module(part)
    predicted, measured = module.predict(quick), module.measure(quick)
    verdicts, figures = module.compare(predicted, measured), module.plot(predicted, measured)
    return [Result(claim, verdicts[claim.name], figures[claim.name]) for claim in module.CLAIMS]


def _module(part: str) -> ModuleType:
    if part not in PARTS:
        raise CarouselError(f"the theory has no part '{part}'; {did_you_mean(part, PARTS)}")
    return importlib.import_module(f"carousel.theory.{part}")
