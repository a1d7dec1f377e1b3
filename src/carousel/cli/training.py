"""fit, evaluate, predict: from data to a model, and from the model to scores and predictions."""

from pathlib import Path
from typing import Annotated

import typer

from carousel import texts
from carousel.cli._shared import Debug, Json, RunFolder, app, plain_errors, require_file, show
from carousel.errors import CarouselError
from carousel.files import as_argument

UTTERANCES = {"japanese_vowels": "7"}
"""A test sequence of an embedded data set that is worth a look."""


@app.command()
def fit(
    source: Annotated[
        str,
        typer.Argument(
            metavar="RECIPE|CONFIG.yaml|DATA",
            help="A recipe's name, a configuration, or a file of your own: .npz, .csv, or text.",
        ),
    ] = "japanese_vowels",
    task: Annotated[
        str | None, typer.Option(help="classify or symbols [default: what DATA suggests]")
    ] = None,
    layer: Annotated[str | None, typer.Option(help="lstm, vanilla, augmented or torch.")] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a field of the configuration; repeatable."),
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of everything random.")] = None,
    epochs: Annotated[int | None, typer.Option(help="Passes over the training part, at most.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Run folder to make [default: runs/RECIPE-LAYER-N]")
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Train a model and write its report.

    The best epoch is kept and scored once on the test part: the latest whose validation loss is within one standard
    error of the lowest.
    """
    with plain_errors(debug):
        from carousel.experiments import is_data, resolve
        from carousel.training import configure, override
        from carousel.training import fit as fit_run

        config, found = configure(source, task) if is_data(source) else (resolve(source), [])
        named = {"layer": layer, "seed": seed, "epochs": epochs}
        assignments = [f"{name}={value}" for name, value in named.items() if value is not None]
        config = override(config, [*assignments, *(settings or [])])
        for sentence in found:
            typer.echo(sentence, err=True)
        run = fit_run(config, out)
        metrics = run.metrics()
        if metrics["status"] == "interrupted":
            show(
                as_json,
                {"run": str(run.folder), "report": None, **metrics},
                texts.interrupted(run.folder, metrics, run.task.shown),
            )
            raise typer.Exit(130)
        report = _draw_report(run.folder)
        show(
            as_json,
            {"run": str(run.folder), "report": str(report), **metrics},
            texts.fitted(run.folder, metrics, run.task.shown, report, UTTERANCES.get(run.config.data.name)),
        )


@app.command()
def evaluate(
    run: RunFolder,
    data: Annotated[
        Path | None,
        typer.Option(help="Labelled file [default: the test part of the run's data]"),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Score a run.

    On the test part of its data set, or on a file of labelled sequences.
    """
    with plain_errors(debug):
        from carousel.training import evaluate as evaluate_run
        from carousel.training import open_run

        require_file(data)
        metrics = evaluate_run(run, data)
        source = str(data) if data else "test"
        text = f"{source}: {open_run(run).task.told(metrics)}"
        show(as_json, {"run": str(run), "data": source, **metrics}, text)


@app.command()
def predict(
    run: RunFolder,
    data: Annotated[Path, typer.Option(help="File of sequences.")],
    out: Annotated[Path | None, typer.Option(help="CSV file to write [default: standard output]")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Name the class of each sequence.

    Writes a CSV table: sequence, predicted class, and a probability for each class.
    """
    with plain_errors(debug):
        from carousel.files import write_atomically
        from carousel.training import prediction_table

        require_file(data)
        table = prediction_table(run, data)
        text = table.to_csv(index=False).rstrip("\n")
        if out:
            write_atomically(out, text + "\n")
            text = f"{len(table)} predictions written to {out}"
        show(as_json, {"run": str(run), "predictions": table.to_dict(orient="records")}, text)


def _draw_report(run: Path) -> Path:
    """The report of a run that is complete, and stays so if its report is not."""
    from carousel.report.from_run import report_run

    remedy = f"the run '{run}' is complete, `carousel report {as_argument(run)}` draws its report"
    try:
        return report_run(run)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"while the report was drawn; {remedy}") from None
    except CarouselError as error:
        raise CarouselError(f"{error}; {remedy}") from error
