"""The parts of a series in time order: which origins count in each, and how far it may be read."""

from typing import NamedTuple

from carousel.data.series import Series
from carousel.data.steps import Time


class Part(NamedTuple):
    """Origins of a series whose forecasts count.

    An origin counts from the last row before the part on, a lead if the row that it forecasts lies in the part.

    Attributes:
        series: where the rows are.
        counted: the first origin of each segment, [S].
        stops: the step after its last origin, [S].
        ends: the rows of each segment that exist for this part, [S].
        past: of the test part, the training and the validation part, which rivals may learn from.
    """

    series: Series
    counted: tuple[int, ...]
    stops: tuple[int, ...]
    ends: tuple[int, ...]
    past: "tuple[Part, Part] | None" = None

    @property
    def origins(self) -> int:
        """How many origins count."""
        return sum(max(0, stop - first) for first, stop in zip(self.counted, self.stops, strict=True))


def cut(series: Series, validation: Time, test: Time) -> tuple[Part, Part, Part]:
    """Training, validation and test part: rows before `validation`, from there to before `test`, and from `test` on."""
    first, second = (
        [series.rows_before(segment, time) for segment in range(len(series))] for time in (validation, test)
    )
    last = series.lengths.tolist()
    return _part(series, [0] * len(series), first), _part(series, first, second), _part(series, second, last)


def whole(series: Series) -> Part:
    """All origins that have a season behind them."""
    return _part(series, [series.season or 1] * len(series), series.lengths.tolist())


def _part(series: Series, starts: list[int], ends: list[int]) -> Part:
    """The leads in rows from `starts` to before `ends`; the last row has nothing ahead of it."""
    counted = tuple(max(0, start - 1) for start in starts)
    return Part(series, counted, tuple(max(0, end - 1) for end in ends), tuple(ends))
