"""What a run found, written to results.md, which the page docs/clients.md shows."""

import os
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch

from carousel.benchmarks import machine
from carousel.benchmarks.pairing import Ratio
from carousel.kernels import cpu
from integration.fits import Fit

RESULTS = Path(__file__).with_name("results.md")
HEAD = "| package | model | loss, first → last step | largest difference | step, ms | times as fast | quartiles |"


@dataclass(frozen=True)
class Row:
    """One client's trainings, in pairs: with its own layers, and with carousel's."""

    package: str
    model: str
    pairs: list[tuple[Fit, Fit]]

    @property
    def difference(self) -> float:
        """The largest between the losses of a step, relative to the loss."""
        return max(
            float(np.max(np.abs(np.divide(ours.watch.losses, theirs.watch.losses) - 1)))
            for theirs, ours in self.pairs
        )

    def __str__(self) -> str:
        theirs, ours = ([fit.watch.seconds for fit in fits] for fits in zip(*self.pairs, strict=True))
        losses = self.pairs[0][1].watch.losses
        ratio, step = Ratio.of(theirs, ours), 1000 * np.median(theirs) / (len(losses) - 1)
        return (
            f"| {self.package} {version(self.package)} | `{self.model}` | {losses[0]:.3f} → {losses[-1]:.3f} "
            f"| {self.difference:.1e} | {step:.0f} | {ratio.median:.2f} | {ratio.low:.2f}–{ratio.high:.2f} |"
        )


def write(rows: list[Row]) -> None:
    """Replace the record by that of this run."""
    here, pairs = machine.describe(), rows[0].pairs
    steps = len(pairs[0][0].watch.losses)
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "pytorch-lightning", "numpy"))
    lines = [
        f"{date.today().isoformat()}, {here['processor']} ({here['instructions']}), {torch.get_num_threads()} of "
        f"{here['cores']} cores, which {os.getloadavg()[1]:.1f} processes shared; Python {here['python']}, {packages}; "
        f"carousel on its {'PyTorch operations' if cpu.MISSING else 'C++ kernels'}. "
        f"{steps} training steps in float32, {len(pairs)} pairs of trainings.",
        "",
        HEAD,
        "|" + "---|" * (HEAD.count("|") - 1),
        *map(str, rows),
        "",
    ]
    RESULTS.write_text("\n".join(lines))
