"""compare: variants of a recipe over seeds, or finished runs."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from carousel import texts
from carousel.cli._data import (
    DateFormat,
    Encoding,
    Group,
    Known,
    Target,
    TaskKind,
    Time,
    TimeZone,
    given,
)
from carousel.cli._shared import Debug, Json, app, plain_errors, show
from carousel.errors import CarouselError
from carousel.files import as_options
from carousel.screen import waiting

SEEDS = 5


@app.command()
def compare(
    sources: Annotated[
        list[str],
        typer.Argument(
            metavar="RECIPE|CONFIG.yaml|DATA|RUN…|COMPARISON…",
            help="A recipe's name, a configuration or a file (of music, a folder too) of your own, as for fit; or run "
            "folders, or folders of them; or comparisons of the same variants on several data sets.",
        ),
    ],
    layers: Annotated[
        str | None,
        typer.Option(
            metavar="LAYER,…",
            help="What is compared, with the first of them [default: torch,lstm,vanilla,augmented]",
        ),
    ] = None,
    ablation: Annotated[
        bool,
        typer.Option(
            "--ablation",
            help="Instead of layers, a plain LSTM with each extension of the paper on and off, of equal parameters.",
        ),
    ] = False,
    seeds: Annotated[int | None, typer.Option(help=f"Runs of each [default: {SEEDS}]")] = None,
    match: Annotated[
        str | None, typer.Option(help="parameters: sizes are chosen so that all have those of the first.")
    ] = None,
    sweep: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=VALUE,…", help="Settings to choose from by the validation part; repeatable."
        ),
    ] = None,
    task: TaskKind = None,
    target: Target = None,
    time: Time = None,
    group: Group = None,
    known: Known = None,
    date_format: DateFormat = None,
    time_zone: TimeZone = None,
    encoding: Encoding = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Change a field of the configuration; repeatable."),
    ] = None,
    workers: Annotated[int | None, typer.Option(help="Runs at a time [default: one a core]")] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS", help="Train on a Ray cluster: host:port, auto, or local, started here."
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder to make or go on with [default: comparisons/RECIPE-N]")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Begin more than a hundred runs unasked.")] = False,
    as_json: Json = False,
    debug: Debug = False,
) -> None:
    """Train variants over seeds and say who is better.

    Variants are layers, settings or the paper's extensions, on a recipe or on data of your own. Or compare finished
    RUNs: those that differ in nothing but the seed are one variant. Or bring COMPARISONs of the same variants together
    in one table, a column for each data set. The same command goes on with what was interrupted. Writes a table, a
    figure and one HTML page that opens offline.
    """
    with plain_errors(debug):
        of_table = given(
            target=target,
            time=time,
            group=group,
            known=known,
            date_format=date_format,
            time_zone=time_zone,
            encoding=encoding,
        )
        with waiting(f"reading {sources[0]}"):  # PyTorch and Lightning take their seconds to import
            from carousel.experiments import compare as compare_variants
            from carousel.experiments import compare_data_sets, compare_runs, configured
            from carousel.experiments.comparison import (
                are_trained,
                is_comparison,
                markdown,
                overview_page,
                parse_sweeps,
                record,
            )
        if are_trained(sources):
            named = given(
                layers=layers,
                ablation=ablation,
                seeds=seeds is not None,
                match=match,
                sweep=sweep,
                task=task,
                **of_table,
                set=settings,
                workers=workers is not None,
                ray=ray,
                yes=yes,
            )
            if named:
                raise CarouselError(
                    f"{as_options(named)}: finished runs are compared as they are; leave it out"
                )
            if all(is_comparison(source) for source in sources):
                overview = compare_data_sets(sources, out)
                told = texts.compared(overview_page.markdown(overview), out and out / "overview.html")
                show(as_json, overview_page.record(overview), told)
                return
            comparison = compare_runs(sources, out)
        else:
            with waiting(f"reading {sources[0]}"):
                changes = [*([f"kind={task}"] if task else []), *(settings or [])]
                config, found = configured(sources[0], task, changes, of_table)
            for sentence in found:
                typer.echo(sentence, err=True)
            comparison = compare_variants(
                config,
                None if layers is None else [layer.strip() for layer in layers.split(",")],
                SEEDS if seeds is None else seeds,
                ablation=ablation,
                match=match,
                sweep=parse_sweeps(sweep or []),
                workers=workers,
                ray=ray,
                out=out,
                confirm=_confirm(yes),
            )
        page = Path(comparison.folder) / "comparison.html" if comparison.folder else None
        show(as_json, record(comparison), texts.compared(markdown(comparison), page))


def _confirm(yes: bool) -> Callable[[str], bool] | None:
    """How a long plan is agreed to: beforehand, or by whoever sits at the terminal."""
    if yes:
        return lambda plan: True
    if sys.stdin.isatty():
        return lambda plan: typer.confirm(f"{plan}. Begin?", err=True)
    return None
