"""bench: speed and memory beside others."""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer

from carousel.cli._shared import Debug, Json, app, plain_errors, show
from carousel.files import make_folder


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
    with plain_errors(debug):
        from carousel.benchmarks import Plan, Record, run, tables

        if markdown:
            table = tables.markdown(Record.read(markdown))
            show(as_json, {"markdown": table}, table)
            return
        from carousel.benchmarks.files import write

        plan = Plan.make(only or (), threads or (), quick)
        make_folder(out)
        record = run(plan, _shown)
        written = write(out, record)
        width = shutil.get_terminal_size((140, 24)).columns
        data = {"files": list(map(str, written)), **record.as_json(), "table": tables.judged(record)}
        show(as_json, data, tables.report(record, width, written))


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
