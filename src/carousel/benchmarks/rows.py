"""The lines of the table: what is held against what, and how much is wanted."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from carousel.benchmarks.grid import BATCHES, GRID, LARGE, Shape
from carousel.benchmarks.problem import Mode
from carousel.benchmarks.result import Result

CELLS = {
    "plain": "plain LSTM",
    "ragged": "ragged batch",
    "projected": "proj_size=H/2",
    "float64": "float64",
    "diagonal": "diagonal peepholes",
    "peephole": "full peepholes",
    "augmented": "augmented with projection",
}
MODES = {
    "training": "training step",
    "inference": "inference",
    "streaming": "streaming step",
    "memory": "peak memory of a training step",
    "length": "training step of 10 T steps",
}
RIVALS = {
    "loop": "the same equations as a PyTorch loop",
    "compiled loop": "that loop in torch.compile",
    "plain": "operations per second of this library's plain LSTM",
    "peak": "the machine's FMA peak",
    "itself": "of T steps",
}
"""What tables say for the short names; a rival that is not here goes by its name."""


@dataclass(frozen=True)
class Row:
    """A line of the table: ratios of one mode against one rival, and how large they are wanted."""

    name: str
    """What `--only` calls it. Rows of one name are asked for together."""
    cells: tuple[str, ...]
    mode: Mode
    rival: str
    """A contestant; or this library's "plain" LSTM, the machine's "peak", or, where length is in question, "itself"."""
    shapes: tuple[Shape, ...] = GRID
    mean: float | None = None
    """The least geometric mean of the ratios that is wanted, for each number of threads."""
    least: float | None = None
    """The least ratio that is wanted anywhere."""
    most: float | None = None
    """The largest ratio that is wanted anywhere."""
    is_slow: bool = False
    """Asked for only by name."""

    @property
    def what(self) -> str:
        cells = "any cell" if self.cells == EVERY else "; ".join(CELLS[cell] for cell in self.cells)
        where = f", {self.shapes[0]}" if len(self.shapes) == 1 else ""
        return f"{cells}, {MODES[self.mode]}{where}"

    @property
    def against(self) -> str:
        return RIVALS.get(self.rival, self.rival)

    @property
    def wanted(self) -> str:
        """In words; empty where nothing is."""
        words = {"mean {:.2f}": self.mean, "each {:.2f}": self.least, "at most {:.1f}": self.most}
        return ", ".join(word.format(limit) for word, limit in words.items() if limit is not None)

    def covers(self, result: Result) -> bool:
        return (
            result.cell in self.cells
            and (result.mode, result.against) == (self.mode, self.rival)
            and result.shape in self.shapes
        )


EVERY = ("plain", "ragged", "projected", "float64", "peephole", "augmented")
SHORT = (Shape(1, 100, 64, 64), Shape(1, 100, 128, 256), Shape(32, 100, 64, 128))
"""Where time is taken against length."""
LONGER = 10
"""How many times as many steps the longer of two lengths has."""

ROWS = (
    Row("plain-training", ("plain",), "training", "nn.LSTM", mean=1.7, least=1.1),
    Row("plain-inference", ("plain",), "inference", "nn.LSTM", mean=1.25, least=1.0),
    Row("ragged", ("ragged",), "training", "nn.LSTM", BATCHES, least=3.0),
    Row("projected", ("projected",), "training", "nn.LSTM", least=2.0),
    Row("float64", ("float64",), "training", "nn.LSTM", least=3.0),
    Row("operations", ("peephole", "augmented"), "training", "plain", LARGE, least=0.9),
    Row("loop", ("peephole",), "training", "loop", (Shape(64, 100, 512, 512),), least=2.2),
    Row("loop", ("peephole",), "training", "loop", (Shape(32, 100, 128, 256),), least=2.5),
    Row("loop", ("peephole",), "training", "loop", (Shape(1, 100, 128, 256),), least=5.0),
    Row("peak", EVERY, "training", "peak", LARGE, least=0.7),
    Row("streaming", ("plain",), "streaming", "nn.LSTMCell", (Shape(1, 100, 128, 256),), least=4.0),
    Row("memory", ("plain",), "memory", "nn.LSTM", least=1.0),
    Row("length", ("plain",), "length", "itself", SHORT, most=10.5),
    Row("loops", ("plain",), "training", "loop"),
    Row("loops", ("augmented",), "training", "loop"),
    Row("compiled", ("peephole",), "training", "compiled loop", is_slow=True),
    Row("torchrecurrent", ("diagonal",), "training", "torchrecurrent"),
    Row("onnxruntime", ("plain",), "inference", "onnxruntime"),
    Row("onnxruntime", ("diagonal",), "inference", "onnxruntime"),
    Row("jax", ("plain",), "inference", "jax"),
    Row("jax", ("plain",), "training", "jax"),
)
"""First those of which a number is wanted, then the other peers."""


class Line(NamedTuple):
    """A row of which results are known."""

    row: Row
    means: dict[int, float]
    """Geometric mean of the ratios, by number of threads."""
    worst: Result | None
    """Where the ratio is furthest on the wrong side."""
    refused: list[Result]
    met: bool | None
    """None where no number is wanted, or none was measured."""


def judge(rows: Iterable[Row], results: Sequence[Result]) -> list[Line]:
    """Hold results against rows. A setting that was refused is not met."""
    return [_line(row, [result for result in results if row.covers(result)]) for row in rows]


def _line(row: Row, results: list[Result]) -> Line:
    refused = [result for result in results if result.ratio is None]
    ratios = {result: result.ratio for result in results if result.ratio is not None}
    if not ratios:
        return Line(row, {}, None, refused, False if refused and row.wanted else None)
    means = {
        threads: float(
            np.exp(np.mean([np.log(ratio) for result, ratio in ratios.items() if result.threads == threads]))
        )
        for threads in sorted({result.threads for result in ratios})
    }
    worst = (min if row.most is None else max)(ratios, key=lambda result: ratios[result])
    met = not refused and all(
        (
            row.mean is None or min(means.values()) >= row.mean,
            row.least is None or ratios[worst] >= row.least,
            row.most is None or ratios[worst] <= row.most,
        )
    )
    return Line(row, means, worst, refused, met if row.wanted else None)
