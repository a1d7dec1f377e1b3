"""fit, evaluate: from data to a model, and from the model to scores."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from carousel import texts
from carousel.cli._data import TaskKind, table_options
from carousel.cli._shared import Debug, Json, RunFolder, app, plain_errors, require_file, show
from carousel.errors import CarouselError
from carousel.files import as_argument
from carousel.screen import waiting

if TYPE_CHECKING:
    from carousel.training import Run

WORTH_A_LOOK = {"japanese_vowels": "7"}
"""A test sequence of an embedded data set that is worth a look."""


@app.command()
@table_options
def fit(
    source: Annotated[
        str | None,
        typer.Argument(
            metavar="[RECIPE|CONFIG.yaml|DATA]",
            help="A recipe's name, a configuration, or a file (of music, a folder too) of your own. "
            "[default: japanese_vowels]",
            show_default=False,
        ),
    ] = None,
    task: TaskKind = None,
    *,
    of_table: dict[str, Any],
    horizon: Annotated[int | None, typer.Option(help="Steps to forecast.")] = None,
    output: Annotated[
        str | None, typer.Option(help="What a forecast is: point, quantile or gaussian.")
    ] = None,
    unroll: Annotated[
        int | None, typer.Option(help="Steps of a segment, which goes on in the state of the one before.")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="lstm, vanilla, augmented, torch or gru.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a field of the configuration; repeatable."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training part, at most.")] = None,
    devices: Annotated[
        int | None, typer.Option(help="Processes that train together, each on a device of its own.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder to make [default: runs/RECIPE-LAYER-N]")
    ] = None,
    tensorboard: Annotated[
        bool, typer.Option("--tensorboard", help="Also write event files for `tensorboard --logdir RUN`.")
    ] = False,
    start: Annotated[
        Path | None,
        typer.Option(
            "--from", metavar="RUN", help="Start from the weights of this run, in a model like its."
        ),
    ] = None,
    freeze: Annotated[
        int | None, typer.Option(metavar="LAYERS", help="With --from: first layers that stay as they are.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Instead, go on with a run that was interrupted or killed."),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Train a model and write its report.

    The best epoch is kept and scored once on the test part: the latest whose validation loss is within one standard
    error of the lowest. With --from the same is trained from nothing, too, and the report compares the two.
    """
    with plain_errors(debug):
        named = {
            "kind": task,
            "horizon": horizon,
            "output": output,
            "layer": layer,
            "unroll": unroll,
            "freeze": freeze,
            "seed": seed,
            "epochs": epochs,
            "devices": devices,
            "tensorboard": tensorboard or None,
        }
        changes = [f"{name}={value}" for name, value in named.items() if value is not None]
        changes += settings or []
        if resume:
            if source or start or changes or of_table or out:
                raise CarouselError(
                    f"--resume goes on with the run's own configuration; leave out all but --resume {resume}"
                )
            run = _resume(resume)
        else:
            run = _fit(source or "japanese_vowels", task, start, changes, of_table, out)
        if run is None:
            return
        metrics = run.metrics()
        if metrics["status"] == "interrupted":
            show(
                as_json,
                {"run": str(run.folder), "report": None, **metrics},
                texts.interrupted(run.folder, metrics, run.task),
            )
            raise typer.Exit(130)
        report = _draw_report(run.folder)
        worth, compared = _worth_of_start(run)
        show(
            as_json,
            {"run": str(run.folder), "report": str(report), **metrics, **compared},
            texts.fitted(run.folder, metrics, run.task, report, WORTH_A_LOOK.get(run.config.about), worth),
        )


@app.command()
def evaluate(
    run: RunFolder,
    data: Annotated[
        Path | None,
        typer.Option(help="File to score on [default: the test part of the run's data]"),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Score a run.

    On the test part of its data, or on another file: labelled sequences, series or text.
    """
    with plain_errors(debug):
        from carousel.training import evaluate as evaluate_run
        from carousel.training import open_run

        require_file(data)
        metrics = evaluate_run(run, data)
        source = str(data) if data else None
        text = texts.evaluated(source, metrics, open_run(run).task)
        show(as_json, {"run": str(run), "data": source or "test", **metrics}, text)


def _fit(
    source: str,
    task: str | None,
    start: Path | None,
    changes: list[str],
    of_table: dict[str, Any],
    out: Path | None,
) -> "Run | None":
    """The run; None in a process that `torchrun` has started and that is not the first."""
    with waiting(f"reading {source}"):  # PyTorch and Lightning take their seconds to import
        from carousel.experiments import configured
        from carousel.training import fit, start_from
        from carousel.training.processes import processes

        group = processes()
        with group.ending():
            changes = [*(start_from(start) if start else []), *changes]
            config, found = configured(source, task, changes, of_table)
    if group.is_first:
        for sentence in found:
            typer.echo(sentence, err=True)
    run = fit(config, out)
    return run if group.is_first else None


def _resume(folder: Path) -> "Run | None":
    """The run, as `_fit` does."""
    with waiting(f"reading {folder}"):
        from carousel.training import resume
        from carousel.training.processes import processes

    run = resume(folder)
    return run if processes().is_first else None


def _worth_of_start(run: "Run") -> tuple[str | None, dict[str, Any]]:
    """What the start from another run was worth, in a sentence and as the metrics of the same from nothing."""
    from carousel.training.from_nothing import comparison_of

    comparison = comparison_of(run)
    if comparison is None:
        return None, {}
    return comparison.verdict, {"from_nothing": comparison.drawn.metrics()}


def _draw_report(run: Path) -> Path:
    """The report of a run that is complete, and stays so if its report is not."""
    with waiting("drawing the report"):
        return _report_of(run)


def _report_of(run: Path) -> Path:
    from carousel.report.from_run import report_run

    remedy = f"the run '{run}' is complete, `carousel report {as_argument(run)}` draws its report"
    try:
        return report_run(run)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"while the report was drawn; {remedy}") from None
    except CarouselError as error:
        raise CarouselError(f"{error}; {remedy}") from error
