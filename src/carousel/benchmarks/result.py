"""What one measurement found, as it is written to a file."""

from dataclasses import asdict, dataclass
from typing import Any

from carousel.benchmarks.grid import Shape


@dataclass(frozen=True)
class Result:
    """This library beside one other in one setting.

    `ratio` says how many times as good this library is: median and quartiles over the rounds. Times are seconds a
    step of training or a pass, in streaming a sample; where memory is measured, bytes.
    """

    cell: str
    mode: str
    shape: Shape
    threads: int
    against: str
    own: float | None = None
    other: float | None = None
    ratio: float | None = None
    quartiles: tuple[float, float] | None = None
    rounds: int = 0
    speed: float | None = None
    """Operations in 1e9/s."""
    refused: str | None = None
    """Why there are no numbers."""

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"shape": self.shape._asdict()}

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> "Result":
        quartiles = found["quartiles"]
        return cls(
            **found
            | {"shape": Shape(**found["shape"]), "quartiles": quartiles and (quartiles[0], quartiles[1])}
        )
