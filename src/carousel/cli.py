"""The commands: they read the arguments, call the library and print what it returns."""

import json
import logging
import os
import shutil
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer

from carousel import __version__, texts
from carousel.errors import CarouselError
from carousel.files import as_argument

app = typer.Typer(
    help="The LSTM of Sherstinsky's tutorial: train it on sequences, score it, look inside.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)

RunFolder = Annotated[Path, typer.Argument(metavar="RUN", help="Run folder that `carousel fit` made.")]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON object on standard output and nothing else.")
]
Debug = Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"carousel {__version__}")
        raise typer.Exit


@app.callback()
def start(
    version: Annotated[
        bool, typer.Option("--version", help="Show the version.", is_eager=True, callback=_show_version)
    ] = False,
) -> None:
    # Where HOME cannot be written, matplotlib keeps its fonts elsewhere and warns, which nobody asked about.
    logging.getLogger("matplotlib").setLevel(logging.ERROR)


@app.command()
def fit(
    recipe: Annotated[
        str,
        typer.Argument(metavar="RECIPE|CONFIG.yaml", help="A recipe's name, or a configuration file."),
    ] = "japanese_vowels",
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
    with _plain_errors(debug):
        from carousel.experiments import resolve
        from carousel.training import fit as fit_run
        from carousel.training import override

        named = {"layer": layer, "seed": seed, "epochs": epochs}
        assignments = [f"{name}={value}" for name, value in named.items() if value is not None]
        run = fit_run(override(resolve(recipe), [*assignments, *(settings or [])]), out)
        metrics = run.metrics()
        if metrics["status"] == "interrupted":
            _print(
                as_json,
                {"run": str(run.folder), "report": None, **metrics},
                texts.interrupted(run.folder, metrics, run.task.shown),
            )
            raise typer.Exit(130)
        report = _draw_report(run.folder)
        _print(
            as_json,
            {"run": str(run.folder), "report": str(report), **metrics},
            texts.fitted(run.folder, metrics, run.task.shown, report),
        )


@app.command()
def evaluate(
    run: RunFolder,
    data: Annotated[
        Path | None,
        typer.Option(help="Labelled .npz or .csv file [default: the test part of the run's data set]"),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Score a run.

    On the test part of its data set, or on a file of labelled sequences.
    """
    with _plain_errors(debug):
        from carousel.data import read
        from carousel.training import evaluate as evaluate_run

        metrics = evaluate_run(run, read(data) if data else None)
        source = str(data) if data else "test"
        text = f"{source}: accuracy {100 * metrics['accuracy']:.1f} %, loss {metrics['loss']:.4f} nats"
        _print(as_json, {"run": str(run), "data": source, **metrics}, text)


@app.command()
def predict(
    run: RunFolder,
    data: Annotated[Path, typer.Option(help=".npz or .csv file of sequences.")],
    out: Annotated[Path | None, typer.Option(help="CSV file to write [default: standard output]")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Name the class of each sequence.

    Writes a CSV table: sequence, predicted class, and a probability for each class.
    """
    with _plain_errors(debug):
        from carousel.data import read
        from carousel.files import write_atomically
        from carousel.training import prediction_table

        table = prediction_table(run, read(data))
        text = table.to_csv(index=False).rstrip("\n")
        if out:
            write_atomically(out, text + "\n")
            text = f"{len(table)} predictions written to {out}"
        _print(as_json, {"run": str(run), "predictions": table.to_dict(orient="records")}, text)


@app.command()
def report(
    run: RunFolder,
    utterance: Annotated[str | None, typer.Option(metavar="ID", help="Test sequence to look into.")] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Write the report of a run.

    One HTML file that opens offline, and its figures as PNG files.
    """
    with _plain_errors(debug):
        from carousel.report.from_run import report_run

        page = report_run(run, utterance)
        _print(as_json, {"run": str(run), "report": str(page)}, f"report: {page}")


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

    It takes sequences of any length, and their lengths, and gives a probability for each class.
    """
    with _plain_errors(debug):
        try:
            from carousel.onnx.from_run import export_run
        except ImportError as error:
            raise CarouselError(str(error)) from error

        file = export_run(run, out)
        _print(as_json, {"run": str(run), "file": str(file)}, f"file: {file}")


@app.command()
def theory(
    part: Annotated[
        str, typer.Argument(metavar="PART|all", help="continuous, unrolling, gradients, evolution or all.")
    ] = "all",
    quick: Annotated[bool, typer.Option("--quick", help="Measure coarser, in seconds.")] = False,
    run: Annotated[
        Path | None,
        typer.Option(help="Instead, with part gradients: how far back an error reaches in this run's layer."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("theory"),
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Predict and measure the tutorial's claims.

    Writes one HTML page that opens offline, and its figures as PNG and SVG. Exits with 1 if a claim does not hold.
    """
    with _plain_errors(debug):
        if run:
            _show_run_flow(part, run, out, as_json)
            return
        from rich.console import Console
        from rich.progress import track

        from carousel.theory import PARTS, investigate, write_page
        from carousel.training.environment import cpu_threads

        console = Console(stderr=True)
        parts = track(
            list(PARTS) if part == "all" else [part],
            description="measuring",
            console=console,
            disable=not console.is_terminal,
        )
        with cpu_threads(1):
            found = {name: investigate(name, quick) for name in parts}
        page = write_page(out, found)
        results = [result for results in found.values() for result in results]
        claims = [
            {"name": result.claim.name, "status": result.claim.status, **result.verdict._asdict()}
            for result in results
        ]
        _print(as_json, {"page": str(page), "claims": claims}, texts.verdicts(claims, page))
        raise typer.Exit(0 if all(claim["holds"] for claim in claims) else 1)


def _show_run_flow(part: str, run: Path, out: Path, as_json: bool) -> None:
    from carousel.report.gradient_flow import draw_run_flow

    if part != "gradients":
        raise CarouselError(
            f"--run goes with the part 'gradients', got '{part}'; run carousel theory gradients --run RUN"
        )
    flow = draw_run_flow(run, out)
    data = {"run": str(run), **flow._asdict(), "figure": str(flow.figure)}
    _print(as_json, data, texts.reach(flow.reach, flow.longest, flow.figure))


@app.command()
def bench(
    quick: Annotated[
        bool, typer.Option("--quick", help="Measure a part of the grid, in few rounds: minutes.")
    ] = False,
    threads: Annotated[
        list[int] | None, typer.Option(help="How many threads; repeatable. [default: 1 and 2]")
    ] = None,
    only: Annotated[
        list[str] | None, typer.Option(metavar="NAME", help="Measure these rows of the table; repeatable.")
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("benchmarks/results"),
    markdown: Annotated[
        Path | None,
        typer.Option(metavar="FILE.json", help="Instead, print the table of this record in Markdown."),
    ] = None,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Measure speed and memory beside others.

    The layers against torch.nn.LSTM and whichever peers are installed, in turn in one process. Writes the results with
    the machine's description as JSON, and a picture. A contestant whose results differ is not timed.
    """
    with _plain_errors(debug):
        from carousel.benchmarks import Plan, Record, run, tables

        if markdown:
            table = tables.markdown(Record.read(markdown))
            _print(as_json, {"markdown": table}, table)
            return
        from carousel.benchmarks.files import make_folder, write

        plan = Plan.make(only or (), threads or (), quick)
        make_folder(out)
        record = run(plan, _shown)
        written = write(out, record)
        width = shutil.get_terminal_size((140, 24)).columns
        data = {"files": list(map(str, written)), **record.as_json(), "table": tables.judged(record)}
        _print(as_json, data, tables.report(record, width, written))


def _shown(settings: Sequence[Any]) -> Iterator[Any]:
    """The settings one by one, in a terminal with the progress; nothing is drawn while one is measured."""
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(
        console=console, disable=not console.is_terminal, auto_refresh=False, transient=True
    ) as progress:
        task = progress.add_task("", total=len(settings))
        for setting in settings:
            progress.update(task, description=str(setting), refresh=True)
            yield setting
            progress.advance(task)


@app.command()
def recipes(as_json: Json = False, debug: Debug = False) -> None:
    """List the recipes."""
    with _plain_errors(debug):
        from carousel.experiments import available

        found = available()
        _print(as_json, {"recipes": found}, "\n".join(f"{name}: {about}" for name, about in found.items()))


@app.command()
def doctor(as_json: Json = False, debug: Debug = False) -> None:
    """Check this machine.

    Versions, extras, the kernel, agreement with torch.nn.LSTM, and whether the current folder can be written.
    """
    with _plain_errors(debug):
        from carousel.training.environment import check_up

        health = check_up(Path.cwd())
        _print(as_json, health, texts.health(health))
        raise typer.Exit(0 if health["healthy"] else 1)


@contextmanager
def _plain_errors(debug: bool) -> Iterator[None]:
    """Bad input ends in one sentence and exit code 2, Ctrl-C in 130."""
    try:
        yield
    except (CarouselError, OSError) as error:
        _stop(f"Error: {error}", 2, debug)
    except KeyboardInterrupt as interrupt:
        _stop(f"Interrupted {interrupt}".rstrip(), 130, debug)


def _stop(sentence: str, code: int, debug: bool) -> NoReturn:
    if debug:
        traceback.print_exc()
    typer.echo(sentence, err=True)
    raise typer.Exit(code)


def _print(as_json: bool, data: dict[str, Any], text: str) -> None:
    try:
        typer.echo(json.dumps(data, allow_nan=False) if as_json else text)
    except BrokenPipeError as error:  # whoever reads has read enough, there is nobody to tell
        discard_output()
        raise typer.Exit(2) from error
    except OSError as error:
        discard_output()
        raise CarouselError(f"cannot write to standard output: {error.strerror}") from error


def discard_output() -> None:
    """Forget what standard output did not take; Python would try again as it ends, and complain."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


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
