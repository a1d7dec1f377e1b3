"""report, export: what is made of a run."""

from pathlib import Path
from typing import Annotated

import typer

from carousel.cli._shared import Debug, Json, RunFolder, app, plain_errors, show
from carousel.errors import CarouselError


@app.command()
def report(
    run: RunFolder,
    sequence: Annotated[
        str | None,
        typer.Option(metavar="ID", help="Sequence, series or piece of the test part to look into."),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write the report of a run.

    One HTML file that opens offline, and its figures as PNG files.
    """
    with plain_errors(debug):
        from carousel.report.from_run import report_run

        page = report_run(run, sequence)
        show(as_json, {"run": str(run), "report": str(page)}, f"report: {page}")


@app.command()
def export(
    run: RunFolder,
    out: Annotated[
        Path | None, typer.Option(help="ONNX file to write [default: model.onnx in the run folder]")
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write a run's model as an ONNX file.

    A classifier takes sequences of any length, and their lengths, and gives a probability for each class. A forecaster
    takes rows, and gives what comes after the last. A model of text takes symbols and a state, and gives the chances of
    the next symbol and the state.
    """
    with plain_errors(debug):
        try:
            from carousel.onnx.from_run import export_run
        except ImportError as error:
            raise CarouselError(str(error)) from error

        file = export_run(run, out)
        show(as_json, {"run": str(run), "file": str(file)}, f"file: {file}")
