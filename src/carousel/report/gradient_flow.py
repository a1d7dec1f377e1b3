"""How far back an error reaches in the layer of a run."""

from pathlib import Path
from typing import NamedTuple

from carousel.data import batches
from carousel.errors import CarouselError
from carousel.files import make_folder, write_atomically
from carousel.pages import draw
from carousel.theory.gradients import gradient_flow, plot_flow
from carousel.training import SequenceClassifier, open_run

SEQUENCES = 64


class RunFlow(NamedTuple):
    """What `draw_run_flow` found.

    Attributes:
        figure: path of the PNG.
        reach: the lag, in steps, at which 1 % of the error is left for good; None if more is left at every lag.
        longest: the longest lag there was.
    """

    figure: Path
    reach: int | None
    longest: int


def draw_run_flow(run_dir: str | Path, folder: Path) -> RunFlow:
    """Follow the error of the right class from the last output of a run's layer back through its test sequences.

    Writes `gradients-<run>.png` into `folder`, which is made if it is missing.

    Raises:
        CarouselError: the run cannot be opened, its layer has no such error signal, or the folder cannot be written.
    """
    run = open_run(run_dir)
    model = run.load_model()
    if not isinstance(model, SequenceClassifier):
        raise CarouselError(
            f"run '{run.folder}' is of task '{run.config.task.kind}', wanted a classifier: what is followed is the "
            "error of the right class"
        )
    if model.lstm is None:
        raise CarouselError(
            f"cannot follow an error through '{run.folder}': a GRU has no state signal apart from its output; "
            "train another layer"
        )
    batch = next(iter(batches(run.task.prepare(run.config).test, SEQUENCES)))
    assert batch.labels is not None
    error = model.head.weight.detach()[batch.labels]
    try:
        flow = gradient_flow(model.lstm, model.standardised(batch.x), lengths=batch.lengths, error=error)
    except ValueError as problem:
        raise CarouselError(f"cannot follow an error through '{run.folder}': {problem}") from problem
    figure = folder / f"gradients-{run.folder.resolve().name}.png"
    make_folder(folder)
    write_atomically(figure, draw(plot_flow(flow)).png)
    return RunFlow(figure, flow.reach(), len(flow.psi) - 1)
